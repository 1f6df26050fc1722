//! Error numbers of the system-call interface, and the error that carries a reason with one.

use crate::why::Why;
use std::fmt;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// An error number of Linux on x86-64 (`errno(3)`).
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u16)]
        #[allow(missing_docs)]
        pub enum Errno { $($name = $number),* }

        impl Errno {
            /// Every number this crate knows.
            pub const ALL: &[Errno] = &[$(Errno::$name),*];

            /// The symbol, for instance `"ENOMEM"`.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name)),* }
            }

            /// What `strerror(3)` says.
            pub const fn text(self) -> &'static str {
                match self { $(Errno::$name => $text),* }
            }

            /// The number that a register holds, if it is the negative of one that is known here.
            pub const fn from_raw(raw: u64) -> Option<Self> {
                match raw.wrapping_neg() { $($number => Some(Errno::$name),)* _ => None }
            }

            /// The number of a symbol; `None` for one that is not known here.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Errno::$name),)* _ => None }
            }
        }
    };
}

errnos! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    ESRCH = 3, "No such process";
    EINTR = 4, "Interrupted system call";
    EIO = 5, "Input/output error";
    ENXIO = 6, "No such device or address";
    E2BIG = 7, "Argument list too long";
    ENOEXEC = 8, "Exec format error";
    EBADF = 9, "Bad file descriptor";
    ECHILD = 10, "No child processes";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    EBUSY = 16, "Device or resource busy";
    EEXIST = 17, "File exists";
    ENODEV = 19, "No such device";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    ENFILE = 23, "Too many open files in system";
    EMFILE = 24, "Too many open files";
    ENOTTY = 25, "Inappropriate ioctl for device";
    ETXTBSY = 26, "Text file busy";
    EFBIG = 27, "File too large";
    ENOSPC = 28, "No space left on device";
    ESPIPE = 29, "Illegal seek";
    EROFS = 30, "Read-only file system";
    EPIPE = 32, "Broken pipe";
    ERANGE = 34, "Numerical result out of range";
    ENAMETOOLONG = 36, "File name too long";
    ENOSYS = 38, "Function not implemented";
    EIDRM = 43, "Identifier removed";
    EOVERFLOW = 75, "Value too large for defined data type";
    EOPNOTSUPP = 95, "Operation not supported";
    ERESTARTSYS = 512, "To be restarted";
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A system call refused: the number that the program sees, and the check that decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SysError {
    /// What the caller gets, negated.
    pub errno: Errno,
    /// The check that failed, with its inputs.
    pub why: Why,
}

impl SysError {
    /// An error with its reason.
    pub const fn new(errno: Errno, why: Why) -> Self {
        Self { errno, why }
    }

    /// The raw return value: `-errno` as the register holds it.
    pub const fn raw(self) -> u64 {
        (self.errno as u64).wrapping_neg()
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.errno, self.why)
    }
}

impl std::error::Error for SysError {}

/// What a system call yields: the value of the register, or a refusal.
pub type SysResult<T = u64> = Result<T, SysError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_is_the_negated_number() {
        assert_eq!(SysError::new(Errno::ENOMEM, Why::NoRoom { len: 1 }).raw() as i64, -12);
        assert_eq!(Errno::from_name("EEXIST"), Some(Errno::EEXIST));
        assert_eq!((Errno::from_raw(-12i64 as u64), Errno::from_raw(12)), (Some(Errno::ENOMEM), None));
    }
}
