//! What each call takes, for messages and reference pages; and the nearest name to one that is none.

use std::fmt;

/// A call and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The call's name.
    pub name: &'static str,
    /// The names of its parameters.
    pub parameters: &'static [&'static str],
    /// How many must be given.
    pub required: usize,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (must, may) = self.parameters.split_at(self.required);
        write!(f, "{}({}", self.name, must.join(", "))?;
        if !may.is_empty() {
            write!(f, "{}[{}]", if must.is_empty() { "" } else { ", " }, may.join(", "))?;
        }
        f.write_str(")")
    }
}

macro_rules! signatures {
    ($($name:ident($($must:ident),* $(; $($may:ident),*)?);)*) => {
        /// Every call that scripts can make, system calls first.
        pub const SIGNATURES: &[Signature] = &[$(Signature {
            name: stringify!($name),
            parameters: &[$(stringify!($must),)* $($(stringify!($may),)*)?],
            required: { const MUST: &[&str] = &[$(stringify!($must)),*]; MUST.len() },
        }),*];
    };
}

signatures! {
    mmap(addr, length, prot, flags, fd, offset);
    munmap(addr, length);
    mprotect(addr, length, prot);
    mremap(addr, old_length, new_length, flags; new_addr);
    brk(addr);
    madvise(addr, length, advice);
    mincore(addr, length; vec);
    msync(addr, length, flags);
    mlock(addr, length);
    mlock2(addr, length, flags);
    munlock(addr, length);
    mlockall(flags);
    munlockall();
    mseal(addr, length, flags);
    remap_file_pages(addr, size, prot, pgoff, flags);
    pkey_alloc(flags, rights);
    pkey_free(pkey);
    pkey_mprotect(addr, length, prot, pkey);
    process_madvise(pidfd, iovec, count, advice, flags);
    process_vm_readv(pid, local, local_count, remote, remote_count, flags);
    process_vm_writev(pid, local, local_count, remote, remote_count, flags);
    shmget(key, size, flags);
    shmat(shmid, addr, flags);
    shmdt(addr);
    shmctl(shmid, command; buffer);
    fork();
    vfork();
    clone(flags; stack, parent_tid, child_tid, tls);
    execve(path; argv, envp);
    exit(; status);
    exit_group(; status);
    wait4(pid; status, options, usage);
    getpid();
    open(path, flags; mode);
    openat(dirfd, path, flags; mode);
    creat(path, mode);
    close(fd);
    read(fd, buffer, count);
    write(fd, buffer, count);
    lseek(fd, offset, whence);
    pread64(fd, buffer, count, offset);
    pwrite64(fd, buffer, count, offset);
    readv(fd, iovec, count);
    writev(fd, iovec, count);
    preadv(fd, iovec, count, offset);
    pwritev(fd, iovec, count, offset);
    fadvise64(fd, offset, length, advice);
    pipe2(fds, flags);
    eventfd2(count, flags);
    timerfd_create(clock, flags);
    socket(domain, type, protocol);
    socketpair(domain, type, protocol, fds);
    dup(fd);
    dup2(fd, new_fd);
    dup3(fd, new_fd, flags);
    fcntl(fd, command; argument);
    ioctl(fd, request; argument);
    fsync(fd);
    fdatasync(fd);
    sync();
    truncate(path, length);
    ftruncate(fd, length);
    fallocate(fd, mode, offset, length);
    unlink(path);
    unlinkat(dirfd, path, flags);
    stat(path; statbuf);
    fstat(fd; statbuf);
    newfstatat(dirfd, path, statbuf; flags);
    statx(dirfd, path, flags, mask; statxbuf);
    chmod(path, mode);
    fchmod(fd, mode);
    memfd_create(name, flags);
    memfd_secret(flags);
    pidfd_open(pid, flags);
    personality(persona);
    prctl(option; arg2, arg3, arg4, arg5);
    setrlimit(resource, limit);
    prlimit64(pid, resource, new_limit; old_limit);
    load(addr; length);
    store(addr, value; size);
    execute(addr);
    touch_read(addr; count, stride);
    touch_write(addr; count, stride, byte);
    preadto(fd, addr, length, offset);
    pwritefrom(fd, addr, length, offset);
    repeat(count, stride, call, addr; arguments);
    wrpkru(bits);
    rdpkru();
    quiet(on);
    maps();
    nmaps();
    status(field);
    smaps(addr);
    snap();
}

/// The signature of a call.
pub fn signature(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// The known name that is nearest to a mistyped one, if one is near.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A word that long is no slip.
    if word.len() > 64 {
        return None;
    }
    // Nor is one a slip of a name that is many times as long.
    let best = known.filter(|name| name.len() <= 320).map(|name| (edits(word, name), name)).min()?;
    // Long names may have two slips, short ones one.
    let (distance, name) = best;
    (distance <= 1 + word.len().min(name.len()) / 5).then_some(name)
}

/// How many letters have to come, go, change or swap places with their neighbours to make one word of another (the distance
/// of Damerau and Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    // For each beginning of the one by each of the other.
    let mut table = vec![0; (one.len() + 1) * width];
    for i in 0..=one.len() {
        for j in 0..width {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let (a, b) = (one[i - 1], other[j - 1]);
                let change = table[(i - 1) * width + j - 1] + usize::from(a != b);
                let best = change.min(table[(i - 1) * width + j] + 1).min(table[i * width + j - 1] + 1);
                let last = |word: &[char], letter| word.iter().rposition(|own| *own == letter);
                match (last(&one[..i - 1], b), last(&other[..j - 1], a)) {
                    (Some(k), Some(l)) => best.min(table[k * width + l] + (i - k - 2) + 1 + (j - l - 2)),
                    _ => best,
                }
            };
        }
    }
    table[one.len() * width + width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn edits_are_counted_as_others_count_them(one in "[abc]{0,9}", other in "[abcé]{0,9}") {
            assert_eq!(edits(&one, &other), strsim::damerau_levenshtein(&one, &other));
        }
    }
    use crate::machine::Sysno;

    #[test]
    fn every_emulated_call_has_one() {
        let missing: Vec<_> = Sysno::ALL.iter().map(|call| call.name()).filter(|name| signature(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(signature("mremap").unwrap().to_string(), "mremap(addr, old_length, new_length, flags, [new_addr])");
        assert_eq!(signature("exit").unwrap().to_string(), "exit([status])");
    }

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let calls = || SIGNATURES.iter().map(|signature| signature.name);
        assert_eq!(nearest("mmpa", calls()), Some("mmap"));
        assert_eq!(nearest("mprotct", calls()), Some("mprotect"));
        assert_eq!(nearest("sendmail", calls()), None);
    }
}
