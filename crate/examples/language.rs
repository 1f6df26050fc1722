//! The script language as data, for editors: `cargo run -p pagefault --example language > www/app/language/table.json`.
//! Calls with their parameters, constants with their values, settings of the header; a test holds the committed file
//! against this.

use pagefault::machine::Sysno;
use pagefault::script::{Directive, HEADER_SETTINGS, SETTINGS, SIGNATURES, constants};
use serde_json::{Value, json};

/// The chapter of the manual with system calls.
const SYSTEM_CALLS: u32 = 2;

/// The table, an entry a line.
pub fn table() -> String {
    let calls = SIGNATURES.iter().map(|call| {
        let section = Sysno::from_name(call.name).map(|_| SYSTEM_CALLS);
        json!({ "name": call.name, "parameters": call.parameters, "required": call.required, "section": section })
    });
    // Numbers of 64 bits are more than JSON's readers hold.
    let constants = constants().map(|(name, value)| json!({ "name": name, "value": format!("{value:#x}"), "group": group(name) }));
    let settings = HEADER_SETTINGS.iter().map(|name| {
        let keys: Vec<_> = match *name {
            "sysctl" => keys(Directive::Sysctl),
            "config" => keys(Directive::Config),
            _ => Vec::new(),
        };
        json!({ "name": name, "keys": keys })
    });
    let lists = [("calls", list(calls)), ("constants", list(constants)), ("settings", list(settings))];
    let members: Vec<_> = lists.iter().map(|(name, list)| format!("\"{name}\": [\n{list}\n]")).collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

fn list(entries: impl Iterator<Item = Value>) -> String {
    entries.map(|entry| entry.to_string()).collect::<Vec<_>>().join(",\n")
}

fn keys(directive: Directive) -> Vec<&'static str> {
    SETTINGS.iter().filter(|setting| setting.directive == directive).map(|setting| setting.name).collect()
}

/// Names that belong together begin alike; the longest beginning counts.
fn group(name: &str) -> &'static str {
    const GROUPS: [&str; 38] = [
        "PROT_",
        "MAP_HUGE_",
        "MAP_",
        "MREMAP_",
        "MS_",
        "MLOCK_",
        "MCL_",
        "MADV_",
        "PM_SCAN_",
        "PAGE_IS_",
        "PROCMAP_QUERY_",
        "AT_",
        "STATX_",
        "S_IF",
        "O_",
        "SEEK_",
        "POSIX_FADV_",
        "EFD_",
        "TFD_",
        "CLOCK_",
        "AF_",
        "SOCK_",
        "MFD_",
        "F_SEAL_",
        "FD_",
        "FALLOC_FL_",
        "RLIMIT_",
        "RLIM_",
        "RLIM64_",
        "CLONE_",
        "SIG",
        "IPC_",
        "SHM_",
        "PR_",
        "PIDFD_",
        "PKEY_",
        "WNOHANG",
        "F_",
    ];
    match name {
        // The commands of shmctl(2) are no flags of shmget(2).
        "IPC_RMID" | "IPC_SET" | "IPC_STAT" | "IPC_INFO" | "SHM_LOCK" | "SHM_UNLOCK" | "SHM_STAT" | "SHM_INFO" | "SHM_STAT_ANY" => {
            return "shmctl";
        }
        "PAGEMAP_SCAN" | "PROCMAP_QUERY" => return "ioctl",
        "ADDR_NO_RANDOMIZE" | "MMAP_PAGE_ZERO" | "ADDR_COMPAT_LAYOUT" | "READ_IMPLIES_EXEC" | "PER_LINUX" => return "personality",
        _ => {}
    }
    GROUPS.into_iter().find(|group| name.starts_with(group)).unwrap_or_default()
}

// Where a test includes this file, nobody calls it.
#[allow(dead_code)]
fn main() {
    print!("{}", table());
}
