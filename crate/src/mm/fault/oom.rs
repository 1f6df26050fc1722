//! The OOM killer (Linux `mm/oom_kill.c`): the task whose death frees most memory dies.

use crate::event::Note;
use crate::ids::TaskId;
use crate::mm::kernel::Kernel;

impl Kernel {
    /// Kills the task with the largest resident set and page tables. Whether memory was freed at
    /// once: not if the victim is the current task, which must unwind first.
    pub(super) fn oom_kill(&mut self) -> bool {
        self.call("oom_kill_process", |k| {
            let Some(victim) = k.select_bad_process() else { return false };
            k.say(Note::Value { name: "task", value: victim.0.into() });
            k.tasks[victim].oom_killed = true;
            k.oom_kills += 1;
            let mm = k.tasks[victim].mm;
            if mm == k.current_mm() {
                k.tasks[k.current].oom_killed = true;
                return false;
            }
            k.reap_mm(mm);
            true
        })
    }

    /// The living task with the largest badness (Linux `oom_badness`), the oldest among equals.
    fn select_bad_process(&self) -> Option<TaskId> {
        let badness = |task: &TaskId| {
            let mm = &self.mms[self.tasks[*task].mm];
            mm.rss_total() + mm.tables.count
        };
        let living = self.tasks.iter().filter(|(_, task)| !task.oom_killed).map(|(id, _)| id);
        living.max_by_key(|id| (badness(id), std::cmp::Reverse(*id)))
    }
}
