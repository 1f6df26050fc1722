//! What a script's answers depend on without saying so.

use super::{Script, Session};
use crate::settings::{SETTINGS, Setting};

/// The settings that a script's answers depend on although it does not give them: with the value of another machine
/// something that it expects is not so any more. What a log tells happened on a machine nobody asks about.
pub fn depends_on(script: &Script) -> Vec<&'static Setting> {
    if script.is_log || !holds(script.clone()) {
        return Vec::new();
    }
    let open = SETTINGS.iter().filter(|setting| !script.header.gives(setting.name));
    open.filter(|setting| setting.elsewhere.iter().any(|value| !holds_with(script, setting, *value))).collect()
}

/// Whether all that a script expects is so with a value of a setting.
fn holds_with(script: &Script, setting: &Setting, value: u64) -> bool {
    if (setting.get)(&script.header.machine.sysctl) == value {
        return true;
    }
    let mut script = script.clone();
    (setting.set)(&mut script.header.machine.sysctl, value);
    holds(script)
}

/// Whether all that a script expects is so.
fn holds(mut script: Script) -> bool {
    script.header.machine.sysctl.paranoid = false;
    let Ok(mut session) = Session::new(script) else { return false };
    session.run_to_end().is_ok() && session.verdict().is_equal()
}
