//! The program under test: an ELF file of one page of text and nothing else, so that the harness adds no
//! area of its own. Its code is the few things that are ever run in it, each ended by a breakpoint.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the page lies; also the start of the code.
pub(crate) const TEXT: u64 = 0x40_0000;
/// `syscall; int3`
pub(crate) const SYSCALL: u64 = TEXT + 0x200;
/// `movzx eax, byte [rdi]; int3`
pub(crate) const LOAD: u64 = TEXT + 0x210;
/// `mov [rdi], sil; int3`
pub(crate) const STORE: u64 = TEXT + 0x220;
/// `jmp rdi`
pub(crate) const EXECUTE: u64 = TEXT + 0x230;
/// `rep stosb; int3`
pub(crate) const CLEAR: u64 = TEXT + 0x240;
/// `rdpkru; int3`
pub(crate) const READ_PKRU: u64 = TEXT + 0x250;
/// `wrpkru; int3`
pub(crate) const WRITE_PKRU: u64 = TEXT + 0x260;
/// Strings and output buffers of calls: the rest of the page.
pub(crate) const SCRATCH: u64 = TEXT + 0x800;
/// How much that is.
pub(crate) const SCRATCH_BYTES: usize = 0x800;

/// Permissions of the page.
pub(crate) const READ: u32 = 4;
/// As above.
pub(crate) const WRITE: u32 = 2;
/// As above.
pub(crate) const EXECUTE_FLAG: u32 = 1;

/// Writes the program; its page is mapped with these permissions.
pub(crate) fn write(path: &Path, permissions: u32) -> std::io::Result<()> {
    let mut page = vec![0u8; 4096];
    page[..64].copy_from_slice(&elf_header());
    page[64..64 + 56].copy_from_slice(&program_header(1, permissions, 0, TEXT, 4096));
    // PT_GNU_STACK: a stack that is not executable.
    page[120..120 + 56].copy_from_slice(&program_header(0x6474_e551, 6, 0, 0, 0));
    let code: [(u64, &[u8]); 7] = [
        (SYSCALL, &[0x0f, 0x05, 0xcc]),
        (LOAD, &[0x0f, 0xb6, 0x07, 0xcc]),
        (STORE, &[0x40, 0x88, 0x37, 0xcc]),
        (EXECUTE, &[0xff, 0xe7]),
        (CLEAR, &[0xf3, 0xaa, 0xcc]),
        (READ_PKRU, &[0x0f, 0x01, 0xee, 0xcc]),
        (WRITE_PKRU, &[0x0f, 0x01, 0xef, 0xcc]),
    ];
    for (at, bytes) in code {
        let at = (at - TEXT) as usize;
        page[at..at + bytes.len()].copy_from_slice(bytes);
    }
    // The entry stops at once.
    page[0x1f0] = 0xcc;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(path)?;
    file.write_all(&page)?;
    file.sync_all()
}

fn elf_header() -> [u8; 64] {
    let mut header = [0u8; 64];
    header[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
    header[16..18].copy_from_slice(&2u16.to_le_bytes());
    header[18..20].copy_from_slice(&62u16.to_le_bytes());
    header[20..24].copy_from_slice(&1u32.to_le_bytes());
    header[24..32].copy_from_slice(&(TEXT + 0x1f0).to_le_bytes());
    header[32..40].copy_from_slice(&64u64.to_le_bytes());
    header[52..54].copy_from_slice(&64u16.to_le_bytes());
    header[54..56].copy_from_slice(&56u16.to_le_bytes());
    header[56..58].copy_from_slice(&2u16.to_le_bytes());
    header
}

fn program_header(kind: u32, flags: u32, offset: u64, addr: u64, size: u64) -> [u8; 56] {
    let mut header = [0u8; 56];
    header[..4].copy_from_slice(&kind.to_le_bytes());
    header[4..8].copy_from_slice(&flags.to_le_bytes());
    for (at, value) in [(8, offset), (16, addr), (24, addr), (32, size), (40, size), (48, 4096)] {
        header[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    header
}
