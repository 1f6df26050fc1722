//! SysV segments: what no script can compare with the live kernel, where processes have other numbers, and what it takes
//! two users to see.
#![cfg(not(target_arch = "wasm32"))]

use pagefault::errno::Errno;
use pagefault::ids::Pid;
use pagefault::machine::{Arg, Capabilities, Machine, MachineConfig, ProcessConfig, Sysno};
use pagefault::script::Session;

const IPC_RMID: u64 = 0;
const IPC_SET: u64 = 1;
const IPC_STAT: u64 = 2;
const SHM_LOCK: u64 = 11;
const SHM_RDONLY: u64 = 0o10000;

/// Process numbers of `struct shmid64_ds`: who made it, who attached or detached it last; and how often it is attached.
fn pids(machine: &mut Machine, pid: u32) -> (u32, u32, u32) {
    let stat = shmctl(machine, Pid(pid), IPC_STAT, Arg::Scratch);
    assert_eq!(stat, Ok(0));
    let half = |at: usize| u32::from_le_bytes(machine.output[at..at + 4].try_into().unwrap());
    (half(80), half(84), half(88))
}

fn call(machine: &mut Machine, pid: Pid, number: Sysno, args: [Arg; 3]) -> Result<u64, Errno> {
    let [a, b, c] = args;
    let nothing = Arg::Int(0);
    machine.syscall(pid, number, &[a, b, c, nothing.clone(), nothing.clone(), nothing]).map_err(|error| error.errno)
}

fn shmctl(machine: &mut Machine, pid: Pid, command: u64, buffer: Arg) -> Result<u64, Errno> {
    call(machine, pid, Sysno::shmctl, [Arg::Int(0), Arg::Int(command), buffer])
}

fn shmat(machine: &mut Machine, pid: Pid, flags: u64) -> Result<u64, Errno> {
    call(machine, pid, Sysno::shmat, [0, 0, flags].map(Arg::Int))
}

/// Asked of Linux 6.18: whoever makes or removes an area of a segment is noted; a fork is the parent's doing, an exit, an
/// execve and a split that of the process itself.
#[test]
fn who_attached_or_detached_last_is_noted() {
    // A line, and what the segment says then.
    let steps = [
        ("s = shmget(IPC_PRIVATE, 16K, 0600)", (1, 0, 0)),
        ("a = shmat(s, 0x10000000, 0)", (1, 1, 1)),
        ("c = fork()", (1, 1, 2)),
        ("[c] load(0x10000000)", (1, 1, 2)),
        ("[c] mprotect(0x10000000, 4K, PROT_READ)", (1, 2, 3)),
        ("d = fork()", (1, 1, 4)),
        ("[c] munmap(0x10001000, 4K)", (1, 2, 4)),
        ("mprotect(0x10001000, 4K, PROT_READ)", (1, 1, 6)),
        ("[d] exit(0)", (1, 3, 5)),
        ("shmat(s, 0x10000000, 0)", (1, 3, 5)),
        ("shmctl(s, SHM_LOCK, 0)", (1, 3, 5)),
        ("[c] execve(\"/bin/program\", 0, 0)", (1, 2, 3)),
        ("mremap(0x10002000, 8K, 8K, MREMAP_MAYMOVE|MREMAP_FIXED, 0x20002000)", (1, 1, 3)),
        ("e = clone(0x10f00)", (1, 1, 3)),
        ("[e] shmdt(0x10000000)", (1, 1, 1)),
        ("[c] t = shmat(s, 0, SHM_RDONLY)", (1, 2, 2)),
        ("munmap(0x20002000, 8K)", (1, 1, 1)),
        ("[c] shmdt(t)", (1, 2, 0)),
    ];
    let mut text = String::new();
    for (line, expected) in steps {
        text.push_str(line);
        text.push('\n');
        let mut session = Session::from_text(&text).expect("a script");
        session.run_to_end().expect("it runs");
        let mut machine = session.machine().clone();
        assert_eq!(pids(&mut machine, 1), expected, "{line}");
    }
}

/// Not in a script: there all processes are one user's.
#[test]
fn owner_group_and_mode_decide_who_may() {
    let (mut machine, root) = Machine::with_standard_process(&MachineConfig::reference()).unwrap();
    let mut user = |uid| machine.spawn(&ProcessConfig { uid, ..ProcessConfig::default() }).unwrap();
    let (owner, other, member) = (user(1000), user(1001), user(1002));
    assert_eq!(call(&mut machine, root, Sysno::shmget, [0x77, 4096, 0o1600].map(Arg::Int)), Ok(0));
    let given = |uid: u32, gid: u32, mode: u32| {
        let mut bytes = [0; 112];
        for (at, value) in [(4, uid), (8, gid), (20, mode)] {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        Arg::Bytes(bytes.to_vec())
    };
    let set = |machine: &mut Machine, pid, structure| shmctl(machine, pid, IPC_SET, structure);
    assert_eq!(shmat(&mut machine, owner, 0), Err(Errno::EACCES));
    assert_eq!(set(&mut machine, owner, given(1000, 1002, 0o640)), Err(Errno::EPERM));
    assert_eq!(set(&mut machine, root, given(1000, 1002, 0o640)), Ok(0));
    for (pid, write, read) in [(owner, true, true), (member, false, true), (other, false, false)] {
        assert_eq!(shmat(&mut machine, pid, 0).is_ok(), write, "{pid}");
        assert_eq!(shmat(&mut machine, pid, SHM_RDONLY).is_ok(), read, "{pid}");
        assert_eq!(shmctl(&mut machine, pid, IPC_STAT, Arg::Scratch).is_ok(), read, "{pid}");
        assert_eq!(shmctl(&mut machine, pid, SHM_LOCK, Arg::Int(0)).is_ok(), pid == owner, "{pid}");
    }
    assert_eq!(shmctl(&mut machine, other, 15, Arg::Scratch), Ok(0));
    assert_eq!(shmctl(&mut machine, member, IPC_RMID, Arg::Int(0)), Err(Errno::EPERM));
    // The new owner gives it away, and has no more say in it.
    assert_eq!(set(&mut machine, owner, given(1001, 1001, 0o600)), Ok(0));
    assert_eq!(set(&mut machine, owner, given(1000, 1000, 0o600)), Err(Errno::EPERM));
    assert_eq!((shmat(&mut machine, owner, 0), shmat(&mut machine, other, 0).is_ok()), (Err(Errno::EACCES), true));
    assert_eq!(shmctl(&mut machine, other, IPC_RMID, Arg::Int(0)), Ok(0));
}

/// Saved and gone back to, a segment has the owner, the mode and the processes that it had.
#[test]
fn a_save_has_what_was_set() {
    let config = MachineConfig::reference();
    let (mut machine, root) = Machine::with_standard_process(&config).unwrap();
    let user = ProcessConfig { uid: 1000, capabilities: Some(Capabilities::empty()), ..ProcessConfig::default() };
    let user = machine.spawn(&user).unwrap();
    call(&mut machine, root, Sysno::shmget, [0, 4096, 0o600].map(Arg::Int)).unwrap();
    let before = machine.save(None);
    let mut bytes = vec![0; 112];
    bytes[4..8].copy_from_slice(&1000_u32.to_le_bytes());
    bytes[20] = 0o200;
    assert_eq!(shmctl(&mut machine, root, IPC_SET, Arg::Bytes(bytes)), Ok(0));
    assert_eq!(shmat(&mut machine, user, 0), Err(Errno::EACCES));
    shmat(&mut machine, root, 0).unwrap();
    let after = machine.save(Some(&before));
    machine.restore(&before);
    assert_eq!((pids(&mut machine, 1), shmat(&mut machine, user, 0)), ((1, 0, 0), Err(Errno::EACCES)));
    machine.restore(&after);
    assert_eq!(pids(&mut machine, 1), (1, 1, 1));
}

/// As `cat /proc/sysvipc/shm` showed three segments, with its process numbers changed to ours and its times to 0.
#[test]
fn the_list_of_segments_has_the_kernels_columns() {
    let mut session = Session::from_text(
        "s = shmget(IPC_PRIVATE, 16K, 0600)\na = shmat(s, 0x10000000, 0)\nc = fork()\n[c] mprotect(a, 4K, PROT_READ)\nshmdt(a)\n\
         shmctl(s, IPC_RMID, 0)\nt = shmget(0x80001234, 5000, IPC_CREAT|0640)\nu = shmget(IPC_PRIVATE, 16K, 0600)\n\
         b = mmap(0x20000000, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n\
         store(b+4, 1, 4)\nstore(b+8, 2, 4)\nstore(b+20, 0777, 4)\nshmctl(u, IPC_SET, b)\nshmctl(u, SHM_LOCK, 0)\n\
         f = open(\"/proc/sysvipc/shm\", O_RDONLY)",
    )
    .expect("a script");
    session.run_to_end().expect("it runs");
    let mut machine = session.machine().clone();
    call(&mut machine, Pid(1), Sysno::read, [Arg::Int(3), Arg::Scratch, Arg::Int(4096)]).unwrap();
    let text = String::from_utf8(machine.output.clone()).unwrap();
    let expected = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
         0          0  1600                 16384     1     1      2     0     0     0     0          0          0          0                     0                     0
-2147478988          1   640                  5000     1     0      0     0     0     0     0          0          0          0                     0                     0
         0          2  2777                 16384     1     0      0     1     2     0     0          0          0          0                     0                     0
";
    assert_eq!(text, expected);
}
