//! What has a descriptor and is no file: pipes, counters, timers, sockets. They are opened, asked, duplicated and closed; what
//! flows through them is not emulated.

/// Which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// A pipe (pipe2(2)).
    Pipe,
    /// A counter (eventfd(2)).
    EventFd,
    /// A timer (timerfd_create(2)).
    TimerFd,
    /// A socket.
    Socket,
}

impl Object {
    /// Permission bits.
    pub const fn mode(self) -> u32 {
        match self {
            Self::Socket => 0o777,
            _ => 0o600,
        }
    }

    /// The kind of file that `st_mode` tells.
    pub const fn type_bits(self) -> u32 {
        match self {
            Self::Pipe => 0o010000,
            Self::Socket => 0o140000,
            Self::EventFd | Self::TimerFd => 0,
        }
    }

    /// The name behind its descriptor, as far as it does not count them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pipe => "pipe:",
            Self::EventFd => "anon_inode:[eventfd]",
            Self::TimerFd => "anon_inode:[timerfd]",
            Self::Socket => "socket:",
        }
    }
}
