//! Descriptors of what is no file (Linux `fs/pipe.c`, `fs/eventfd.c`, `fs/timerfd.c`, `net/socket.c`): made, mapped in vain,
//! closed. What flows through them is not emulated.

use super::{Arg, Machine};
use crate::errno::{Errno, SysResult};
use crate::fs::{Inode, InodeKind, Object, OpenMode};
use crate::ids::{FileId, InodeId};
use crate::why::Why;

const O_NONBLOCK: u64 = 0o4000;
const O_CLOEXEC: u64 = 0o2000000;
const O_DIRECT: u64 = 0o40000;
const EFD_SEMAPHORE: u64 = 1;
const AF_UNIX: u64 = 1;
const AF_INET: u64 = 2;
const SOCK_STREAM: u64 = 1;
const SOCK_DGRAM: u64 = 2;
const SOCK_TYPE_MASK: u64 = 0xf;
/// Clocks that a timer may have: CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, and two that wake the machine.
const CLOCKS: [u64; 3] = [0, 1, 7];
const ALARM_CLOCKS: [u64; 2] = [8, 9];
const BOTH: OpenMode = OpenMode { read: true, write: true };

impl Machine {
    fn new_object(&mut self, object: Object) -> InodeId {
        let uid = self.kernel.task().uid;
        self.kernel.fs.add_inode(Inode { mode: object.mode(), uid, ..Inode::new(InodeKind::Object(object)) })
    }

    fn open_object(&mut self, inode: InodeId, object: Object, mode: OpenMode, flags: u64) -> FileId {
        let file = self.kernel.fs.open(inode, object.name(), mode);
        self.kernel.fs.file_mut(file).flags = flags & (O_NONBLOCK | O_DIRECT);
        file
    }

    fn object_descriptor(&mut self, object: Object, flags: u64) -> SysResult {
        let inode = self.new_object(object);
        let file = self.open_object(inode, object, BOTH, flags);
        self.install_descriptor(file, 0, flags & O_CLOEXEC != 0)
    }

    fn require_known(&mut self, flags: u64, known: u64) -> SysResult<()> {
        let unknown = flags & !known;
        self.kernel.require(unknown == 0, Errno::EINVAL, || Why::UnknownFlags { flags: unknown })
    }

    /// Two descriptors, told in an array of ints; none if it cannot be written.
    fn descriptor_pair(&mut self, files: [FileId; 2], array: &Arg, flags: u64) -> SysResult {
        let closes = flags & O_CLOEXEC != 0;
        let first = match self.install_descriptor(files[0], 0, closes) {
            Ok(first) => first,
            Err(error) => {
                self.kernel.fput(files[1]);
                return Err(error);
            }
        };
        let told = self.install_descriptor(files[1], 0, closes).map(|second| [first, second]);
        let made: &[u64] = if let Ok(both) = &told { both } else { &[first] };
        let written = told.and_then(|[first, second]| self.structure_to_user(array, 0, &(first | second << 32).to_le_bytes()));
        if let Err(error) = written {
            for fd in made {
                self.close_descriptor(*fd);
            }
            return Err(error);
        }
        Ok(0)
    }

    pub(super) fn sys_pipe2(&mut self, [array, flags, ..]: &[Arg; 6]) -> SysResult {
        let flags = flags.int() & 0xffff_ffff;
        self.require_known(flags, O_NONBLOCK | O_CLOEXEC | O_DIRECT)?;
        let inode = self.new_object(Object::Pipe);
        // Packets are made where they are written.
        let reader = self.open_object(inode, Object::Pipe, OpenMode { read: true, write: false }, flags & !O_DIRECT);
        let writer = self.open_object(inode, Object::Pipe, OpenMode { read: false, write: true }, flags);
        self.descriptor_pair([reader, writer], array, flags)
    }

    pub(super) fn sys_eventfd2(&mut self, [_, flags, ..]: &[Arg; 6]) -> SysResult {
        let flags = flags.int() & 0xffff_ffff;
        self.require_known(flags, EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC)?;
        self.object_descriptor(Object::EventFd, flags)
    }

    pub(super) fn sys_timerfd_create(&mut self, [clock, flags, ..]: &[Arg; 6]) -> SysResult {
        let (clock, flags) = (clock.int() & 0xffff_ffff, flags.int() & 0xffff_ffff);
        self.require_known(flags, O_NONBLOCK | O_CLOEXEC)?;
        let wakes = ALARM_CLOCKS.contains(&clock);
        self.kernel.require(wakes || CLOCKS.contains(&clock), Errno::EINVAL, || Why::BadArgument { index: 0, value: clock })?;
        // Of capabilities this one is not told apart: root has it.
        let may = !wakes || self.kernel.task().uid == 0;
        self.kernel.require(may, Errno::EPERM, || Why::NeedsCapability { capability: "CAP_WAKE_ALARM" })?;
        self.object_descriptor(Object::TimerFd, flags)
    }

    /// Kinds of sockets that are known here; of others nothing is claimed.
    fn require_socket(&mut self, domain: u64, kind: u64, protocol: u64) -> SysResult {
        let flags = kind & 0xffff_ffff & !SOCK_TYPE_MASK;
        self.require_known(flags, O_NONBLOCK | O_CLOEXEC)?;
        let kind = kind & SOCK_TYPE_MASK;
        let usual = matches!(kind, SOCK_STREAM | SOCK_DGRAM) && matches!(domain, AF_UNIX | AF_INET) && protocol == 0;
        self.kernel.require(usual, Errno::ENOSYS, || Why::NotEmulated { name: "socket of this kind" })?;
        Ok(flags)
    }

    pub(super) fn sys_socket(&mut self, [domain, kind, protocol, ..]: &[Arg; 6]) -> SysResult {
        let flags = self.require_socket(domain.int(), kind.int(), protocol.int())?;
        self.object_descriptor(Object::Socket, flags)
    }

    pub(super) fn sys_socketpair(&mut self, [domain, kind, protocol, array, ..]: &[Arg; 6]) -> SysResult {
        let flags = self.require_socket(domain.int(), kind.int(), protocol.int())?;
        let joins = domain.int() == AF_UNIX;
        self.kernel.require(joins, Errno::EOPNOTSUPP, || Why::BadArgument { index: 0, value: domain.int() })?;
        let ends = [(); 2].map(|()| {
            let inode = self.new_object(Object::Socket);
            self.open_object(inode, Object::Socket, BOTH, flags)
        });
        self.descriptor_pair(ends, array, flags)
    }
}
