//! Where the real processes live: a folder that is their root directory, with the program, two devices and
//! the files a script asks for; and the machine-wide settings it asks for. A guardian process takes all of
//! it back at the end, however the harness ends.

use crate::stub;
use pagefault::machine::FileConfig;
use pagefault::machine::{Content, InodeKind};
use pagefault::script::Setting;
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The folder that is the processes' root directory.
#[derive(Debug)]
pub(crate) struct Sandbox {
    root: PathBuf,
    guardian: Guardian,
}

impl Sandbox {
    /// Makes it. Needs root: `chroot`, `mknod`.
    pub(crate) fn new() -> io::Result<Self> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("pagefault-oracle-{}-{count}", std::process::id()));
        let guardian = Guardian::start(&root)?;
        for folder in ["bin", "dev/shm", "proc", "T"] {
            std::fs::create_dir_all(root.join(folder))?;
        }
        std::fs::set_permissions(root.join("T"), PermissionsExt::from_mode(0o777))?;
        stub::write(&root.join("bin/program"), stub::READ | stub::EXECUTE_FLAG)?;
        stub::write(&root.join("bin/stub"), stub::READ | stub::EXECUTE_FLAG | stub::WRITE)?;
        device(&root.join("dev/null"), 3)?;
        device(&root.join("dev/zero"), 5)?;
        Ok(Self { root, guardian })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The program whose page has the wanted permissions.
    pub(crate) fn program(writable_text: bool) -> &'static str {
        if writable_text { "/bin/stub" } else { "/bin/program" }
    }

    /// Creates a file of a script, afresh; its device and inode number.
    pub(crate) fn create(&self, file: &FileConfig) -> io::Result<(u64, u64)> {
        let path = self.path(&file.path)?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match file.kind {
            InodeKind::Directory => std::fs::create_dir_all(&path)?,
            // The two that are always there may be asked for as well.
            InodeKind::DevZero | InodeKind::DevNull if path.exists() => {}
            InodeKind::DevZero => device(&path, 5)?,
            InodeKind::DevNull => device(&path, 3)?,
            InodeKind::Disk => fill(&path, file)?,
            kind => return Err(io::Error::other(format!("{}: files of kind {kind:?} are not offered on the live kernel", file.path))),
        }
        chown(&path, Some(file.uid), Some(file.uid))?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(file.mode))?;
        let meta = std::fs::metadata(&path)?;
        Ok((meta.dev(), meta.ino()))
    }

    /// Where a path of a script lies.
    fn path(&self, path: &str) -> io::Result<PathBuf> {
        let inside = Path::new(path.trim_start_matches('/'));
        let plain = inside.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !plain || inside.as_os_str().is_empty() {
            return Err(io::Error::other(format!("{path}: a path without . and .. is needed")));
        }
        Ok(self.root.join(inside))
    }

    /// `read_ahead_kb` of the disk that the files lie on.
    pub(crate) fn read_ahead_kb(&self) -> Option<u64> {
        std::fs::read_to_string(self.read_ahead_path().ok()?).ok()?.trim().parse().ok()
    }

    fn read_ahead_path(&self) -> io::Result<String> {
        let dev = std::fs::metadata(&self.root)?.dev();
        Ok(format!("/sys/class/bdi/{}:{}/read_ahead_kb", libc::major(dev), libc::minor(dev)))
    }

    /// Removes what earlier programs left in `/T`.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(self.root.join("T"))? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        Ok(())
    }

    /// Sets a machine-wide setting of a script until the returned guard goes.
    pub(crate) fn set_setting(&mut self, setting: &Setting, value: u64) -> io::Result<SettingGuard> {
        let path = match setting.name {
            "read_ahead_kb" => self.read_ahead_path()?,
            name => format!("/proc/sys/{}", name.replace('.', "/")),
        };
        let old = std::fs::read_to_string(&path)?.trim().to_string();
        self.set(&path, &value.to_string(), &old)
    }

    /// Writes a file of settings until the returned guard goes; `old` is what it has now.
    pub(crate) fn set(&mut self, path: &str, value: &str, old: &str) -> io::Result<SettingGuard> {
        self.guardian.will_restore(path, old)?;
        std::fs::write(path, value)?;
        Ok(SettingGuard { path: path.to_string(), old: old.to_string() })
    }
}

/// Puts a machine-wide setting back.
#[derive(Debug)]
pub(crate) struct SettingGuard {
    path: String,
    old: String,
}

impl Drop for SettingGuard {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(&self.path, &self.old) {
            eprintln!("{} could not be put back to {}: {error}", self.path, self.old);
        }
    }
}

fn device(path: &Path, minor: u32) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_encoded_bytes())?;
    // SAFETY: a path that lives through the call.
    let made = unsafe { libc::mknod(path.as_ptr(), libc::S_IFCHR | 0o666, libc::makedev(1, minor)) };
    if made != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above; the file mode mask does not count for chmod.
    unsafe { libc::chmod(path.as_ptr(), 0o666) };
    Ok(())
}

/// Writes a file piece by piece: the size of a piece decides how large the folios of its cache are.
fn fill(path: &Path, file: &FileConfig) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let target = OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(path)?;
    if file.folio == 0 || file.content == Content::Zeros {
        target.set_len(file.size)?;
    }
    if file.folio != 0 {
        let mut bytes = vec![0; file.size as usize];
        for (n, page) in bytes.chunks_mut(4096).enumerate() {
            file.content.read(n as u64 * 4096, page);
        }
        for (n, piece) in bytes.chunks(file.folio as usize).enumerate() {
            target.write_all_at(piece, n as u64 * file.folio)?;
        }
        target.sync_all()?;
    }
    if !file.cached {
        // SAFETY: a descriptor of ours; the whole file.
        unsafe { libc::posix_fadvise(target.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    }
    Ok(())
}

/// A process that waits for the end of the harness and then removes its folder and puts settings back.
#[derive(Debug)]
struct Guardian {
    pipe: Option<File>,
    pid: libc::pid_t,
}

impl Guardian {
    fn start(root: &Path) -> io::Result<Self> {
        let mut ends = [0; 2];
        // SAFETY: the array takes two descriptors; both become files below.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the harness has one thread, so the child may do anything.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                // SAFETY: the child's own descriptors; a session of its own keeps Ctrl-C away from it.
                let mut orders = unsafe {
                    libc::setsid();
                    libc::close(ends[1]);
                    File::from_raw_fd(ends[0])
                };
                let mut text = String::new();
                let _ = orders.read_to_string(&mut text);
                for (path, value) in text.lines().rev().filter_map(|line| line.split_once(' ')) {
                    let _ = std::fs::write(path, value);
                }
                let _ = std::fs::remove_dir_all(root);
                // SAFETY: ends the child without the parent's destructors.
                unsafe { libc::_exit(0) }
            }
            pid => {
                // SAFETY: the parent's own descriptors.
                let pipe = unsafe {
                    libc::close(ends[0]);
                    File::from_raw_fd(ends[1])
                };
                Ok(Self { pipe: Some(pipe), pid })
            }
        }
    }

    fn will_restore(&mut self, path: &str, value: &str) -> io::Result<()> {
        let pipe = self.pipe.as_mut().expect("it is open while the sandbox lives");
        writeln!(pipe, "{path} {value}")
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        self.pipe = None;
        // SAFETY: a child of ours.
        unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), 0) };
    }
}
