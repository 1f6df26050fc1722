//! Operations on files and segments.

use super::{Generator, PAGE};
use pagefault::machine::MapsLine;

impl Generator {
    pub(super) fn descriptor(&mut self) -> String {
        if self.one_in(60) || self.descriptors.is_empty() {
            return self.pick(&["-1", "77", "0"]).into();
        }
        self.descriptors[self.rng.usize(0..self.descriptors.len())].clone()
    }

    pub(super) fn name(&mut self, letter: char) -> String {
        self.bound += 1;
        format!("{letter}{}", self.bound)
    }

    pub(super) fn files(&mut self, maps: &[MapsLine]) -> String {
        match self.rng.u32(0..14) {
            0..3 if self.descriptors.len() < 6 => self.open(),
            3..5 if self.descriptors.len() < 6 => {
                let name = self.name('m');
                self.descriptors.push(name.clone());
                format!("{name} = memfd_create(\"{name}\", {})", self.pick(&["0", "MFD_ALLOW_SEALING", "MFD_CLOEXEC"]))
            }
            5..7 => format!("ftruncate({}, {:#x})", self.descriptor(), self.rng.u64(0..33) * 2048),
            7 => self.fallocate(),
            8..10 => self.copy_file(maps),
            10 if self.rng.bool() => format!("{}({})", self.pick(&["fsync", "fdatasync"]), self.descriptor()),
            10 => {
                let seal = self.pick(&["F_SEAL_WRITE", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_FUTURE_WRITE", "F_SEAL_SEAL"]);
                format!("fcntl({}, F_ADD_SEALS, {seal})", self.descriptor())
            }
            11 => self.whole_file(),
            12 => self.through_proc(maps),
            _ => self.mmap(maps),
        }
    }

    fn open(&mut self) -> String {
        let name = self.name('f');
        self.descriptors.push(name.clone());
        let path = self.pick(&["/T/f0", "/T/f0", "/T/f0", "/T/f1", "/dev/shm/s"]);
        let mode = match path {
            "/T/f1" => "O_RDONLY",
            "/dev/shm/s" => self.pick(&["O_RDWR|O_CREAT, 0600", "O_RDWR|O_CREAT, 0600", "O_RDONLY", "O_RDWR|O_TRUNC"]),
            _ => self.pick(&["O_RDWR", "O_RDWR", "O_RDWR", "O_RDONLY", "O_WRONLY", "O_RDWR|O_TRUNC"]),
        };
        format!("{name} = open(\"{path}\", {mode})")
    }

    /// What is done to a file by its name, or to a descriptor as a whole.
    fn whole_file(&mut self) -> String {
        match self.rng.u32(0..10) {
            0..4 => {
                let path = self.pick(&["/T/f0", "/T/f0", "/dev/shm/s", "/T/none"]);
                format!("truncate(\"{path}\", {:#x})", self.rng.u64(0..17) * PAGE + self.rng.u64(0..2) * self.rng.u64(0..PAGE))
            }
            4 => format!("unlink(\"{}\")", self.pick(&["/dev/shm/s", "/dev/shm/s", "/T/f0"])),
            5..7 => format!("close({})", self.descriptor()),
            7 if self.descriptors.len() < 6 => {
                let name = self.name('x');
                self.descriptors.push(name.clone());
                format!("{name} = memfd_secret(0)")
            }
            _ => format!("dup2({}, {})", self.descriptor(), self.descriptor()),
        }
    }

    /// Memory read and written through /proc, as a debugger does it, and its accessed bits cleared.
    fn through_proc(&mut self, maps: &[MapsLine]) -> String {
        if self.memories.is_empty() || self.one_in(6) {
            let name = self.name('p');
            let path = match self.rng.u32(0..6) {
                0 => "/proc/self/clear_refs".into(),
                1..4 => "/proc/self/mem".into(),
                _ => format!("/proc/{}/mem", self.rng.u32(1..=super::MOST_PROCESSES as u32)),
            };
            let list = if path.ends_with("mem") { &mut self.memories } else { &mut self.cleaners };
            list.push(name.clone());
            return format!("{name} = open(\"{path}\", O_RDWR)");
        }
        if !self.cleaners.is_empty() && self.one_in(6) {
            return format!("write({}, \"{}\", 1)", self.cleaners[0], self.rng.u32(1..6));
        }
        let memory = self.memories[self.rng.usize(0..self.memories.len())].clone();
        let (at, place) = (self.data_address(maps), self.data_address(maps));
        let call = self.pick(&["pread64", "pwrite64"]);
        format!("{call}({memory}, {at:#x}, {:#x}, {place:#x})", self.rng.u64(0..2 * PAGE))
    }

    /// Holes, zeros, room: aligned to pages or not.
    pub(super) fn fallocate(&mut self) -> String {
        let mode = self.pick(&[
            "0",
            "0",
            "FALLOC_FL_KEEP_SIZE",
            "FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE",
            "FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE",
            "FALLOC_FL_ZERO_RANGE",
        ]);
        let (at, len) = (self.rng.u64(0..20) * 2048, self.rng.u64(0..12) * 2048 + self.rng.u64(0..2) * 100);
        format!("fallocate({}, {mode}, {at:#x}, {len:#x})", self.descriptor())
    }

    /// read(2) and write(2) between a file and memory that may not be there. What reading a disk file brings
    /// into the cache besides, and how large the folios of a long write are, is not ours to say.
    pub(super) fn copy_file(&mut self, maps: &[MapsLine]) -> String {
        let place = self.rng.u64(0..20) * 2048 + self.rng.u64(0..2) * self.rng.u64(0..2048);
        let at = self.data_address(maps);
        if let Some(fd) = self.memory_files.first().filter(|_| self.rng.bool()) {
            return format!("pread64({fd}, {at:#x}, {:#x}, {place:#x})", self.rng.u64(0..2 * PAGE));
        }
        format!("pwrite64({}, {at:#x}, {:#x}, {place:#x})", self.descriptor(), self.rng.u64(0..2048))
    }

    pub(super) fn shm(&mut self, maps: &[MapsLine]) -> String {
        if self.segments.is_empty() || self.one_in(8) {
            let name = self.name('s');
            self.segments.push(name.clone());
            return format!("{name} = shmget(IPC_PRIVATE, {:#x}, 0{})", self.rng.u64(0..9) * 2048 + 1, self.pick(&["600", "666", "400"]));
        }
        let segment = self.segments[self.rng.usize(0..self.segments.len())].clone();
        let at = self.address(maps);
        match self.rng.u32(0..10) {
            0..6 => {
                let flags = self.pick(&["0", "0", "SHM_RDONLY", "SHM_RND", "SHM_REMAP", "SHM_EXEC"]);
                let at = if self.one_in(3) { 0 } else { Self::beside_stub(at, 16 * PAGE) };
                format!("shmat({segment}, {at:#x}, {flags})")
            }
            6..9 => format!("shmdt({at:#x})"),
            _ => format!("shmctl({segment}, IPC_RMID, 0)"),
        }
    }
}
