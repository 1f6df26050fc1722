//! The processor that a log's program ran on, as far as the log shows.

use super::recognise::Kind;
use crate::script::{Architecture, Expr, Outcome, Statement};

/// Paths that only programs of other machines open.
const OTHER: [&[u8]; 8] = [b"aarch64", b"riscv64", b"loongarch64", b"powerpc64", b"s390x", b"mips64", b"sparc64", b"ld64.so"];
/// Paths of 32-bit programs.
const NARROW: [&[u8]; 5] = [b"/i386-linux-gnu/", b"/ld-linux.so.2", b"/arm-linux-gnueabi", b"/ld-linux-armhf", b"/i686/"];

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    narrow: bool,
    other: bool,
    /// Calls by names that only 32-bit machines have, and by those of x86-64.
    placed: usize,
    below_4g: usize,
    beyond_user: usize,
    short: usize,
    /// Those at multiples of 16 kB.
    coarse: usize,
    /// Those of a length that is none, each below the ones before, and the lowest of them.
    uneven: usize,
    lowest: Option<u64>,
}

/// The next larger pages that processors have.
const COARSE: u64 = 16 << 10;
/// So many places tell of the size of pages.
const TELLING: usize = 3;

impl Evidence {
    /// A note such as `[ Process PID=12 runs in 32 bit mode. ]`.
    pub(super) fn note(&mut self, note: &str) {
        self.narrow |= note.contains("runs in 32 bit mode") || note.contains("runs in x32 mode");
        self.other |= note.contains("runs in 64 bit mode") && note.contains("AArch64");
    }

    /// A call, with the name it was written with.
    pub(super) fn call(&mut self, written: &str, statement: &Statement) {
        self.narrow |= matches!(written, "mmap2" | "old_mmap" | "ugetrlimit" | "set_thread_area" | "fstat64" | "stat64");
        for (_, arg) in statement.call.args.iter().take(2) {
            if let Expr::Text(path) = arg
                && path.contains(&b'/')
            {
                self.other |= OTHER.iter().any(|part| holds(path, part));
                self.narrow |= NARROW.iter().any(|part| holds(path, part));
            }
        }
        if let (Some(Outcome::Value(Expr::Int(at))), true) = (&statement.outcome, is_placed_by_kernel(statement)) {
            self.placed += 1;
            self.below_4g += usize::from(*at < 1 << 32);
            self.beyond_user += usize::from(*at >= 1 << 47);
            self.short += usize::from((1 << 32..1 << 39).contains(at));
            self.coarse += usize::from(at.is_multiple_of(COARSE));
            let is_uneven = matches!(statement.call.args.get(1), Some((_, Expr::Int(len))) if !len.is_multiple_of(COARSE));
            if is_uneven && self.lowest.is_none_or(|lowest| *at < lowest) {
                self.uneven += 1;
                self.lowest = Some(*at);
            }
        }
    }

    /// What it comes to.
    pub(super) fn verdict(&self, kind: Kind) -> Architecture {
        let most = |count: usize| count > 0 && count * 2 > self.placed;
        if self.narrow || kind == Kind::Strace && most(self.below_4g) {
            return Architecture::Bits32;
        }
        // qemu puts its guests anywhere.
        let far = kind == Kind::Strace && (most(self.beyond_user) || most(self.short));
        // What is no multiple of a page takes whole ones: with pages of 4 kB the next place would be none of 16 kB.
        let is_coarse = kind == Kind::Strace && self.uneven >= TELLING && self.coarse == self.placed;
        if self.other || far || is_coarse { Architecture::Other64 } else { Architecture::X86_64 }
    }
}

fn holds(path: &[u8], part: &[u8]) -> bool {
    path.windows(part.len()).any(|window| window == part)
}

/// An mmap that left the place to the kernel: where it lies shows the machine.
fn is_placed_by_kernel(statement: &Statement) -> bool {
    let call = &statement.call;
    let is_null = match call.args.first() {
        Some((_, Expr::Int(0))) => true,
        Some((_, Expr::Name(name))) => name == "NULL",
        _ => false,
    };
    call.name == "mmap" && is_null && !call.args.get(3).is_some_and(|(_, flags)| names(flags, "MAP_32BIT"))
}

/// Whether flags name one of them.
fn names(flags: &Expr, wanted: &str) -> bool {
    match flags {
        Expr::Name(name) => name == wanted,
        Expr::Binary(_, left, right) => names(left, wanted) || names(right, wanted),
        _ => false,
    }
}
