//! Operations on protection keys, where the machine has them.

use super::Generator;
use pagefault::machine::MapsLine;

/// Keys that programs of the fuzzer are about: with few, areas meet others of the same key.
const KEYS: u32 = 5;

impl Generator {
    pub(super) fn keys(&mut self, maps: &[MapsLine]) -> String {
        match self.rng.u32(0..12) {
            0..3 => format!("pkey_alloc({}, {})", self.pick(&["0", "0", "0", "0", "1"]), self.rng.u32(0..5)),
            // Not key 0: without rights of it no call could read its arguments.
            3 => format!("pkey_free({})", self.pick(&["1", "1", "2", "3", "4", "16", "-1"])),
            4..8 => self.pkey_mprotect(maps),
            8..10 => format!("wrpkru({:#x})", self.rights()),
            10 => "rdpkru()".into(),
            _ => self.execute_only(maps),
        }
    }

    /// Two bits a key, never against key 0: the harness's own page has it.
    fn rights(&mut self) -> u32 {
        if self.one_in(3) {
            return 0;
        }
        let bits = (1..KEYS).map(|key| self.rng.u32(0..4) << (2 * key)).sum::<u32>();
        if self.one_in(2) { bits } else { bits | !((1 << (2 * KEYS)) - 1) }
    }

    fn pkey_mprotect(&mut self, maps: &[MapsLine]) -> String {
        let ((at, len), prot) = (self.range(maps), self.prot());
        let key = self.rng.u32(0..KEYS).to_string();
        let odd = self.pick(&["-1", "-2", "9", "16"]);
        format!("pkey_mprotect({at:#x}, {len:#x}, {prot}, {})", if self.one_in(8) { odd } else { &key })
    }

    fn execute_only(&mut self, maps: &[MapsLine]) -> String {
        let (at, len) = self.range(maps);
        match self.rng.bool() {
            true => format!("mprotect({at:#x}, {len:#x}, PROT_EXEC)"),
            false => format!("mmap({at:#x}, {len:#x}, PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"),
        }
    }
}
