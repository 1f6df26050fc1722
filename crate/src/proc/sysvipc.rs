//! `/proc/sysvipc/shm` (Linux `ipc/shm.c:sysvipc_shm_proc_show`).

use crate::addr::PAGE_SIZE;
use crate::mm::Kernel;
use std::fmt::Write;

const HEAD: &str = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      \
    atime      dtime      ctime                   rss                  swap\n";
/// How wide each column is at least.
const WIDTHS: [usize; 16] = [10, 10, 4, 21, 5, 5, 5, 5, 5, 5, 5, 10, 10, 10, 21, 21];
/// Columns with two blanks before them.
const PERMS: usize = 2;
const NATTCH: usize = 6;

/// The mode's octal digits as those of a decimal number.
fn octal(mode: u32) -> u32 {
    (0..4).rev().fold(0, |number, digit| number * 10 + (mode >> (3 * digit) & 7))
}

/// A line for each segment, in order of slot, below the columns' names. Sizes are bytes; times are 0.
pub fn sysvipc_shm_text(kernel: &Kernel) -> String {
    let mut text = String::from(HEAD);
    for s in kernel.shm.iter() {
        let (key, rss) = (s.key as i32 as u64, kernel.fs.inode_of(s.file).cached_pages() * PAGE_SIZE);
        let [mode, cpid, lpid, uid, gid, cuid, cgid] = [octal(s.told_mode()), s.cpid, s.lpid, s.uid, s.gid, s.cuid, s.cgid].map(u64::from);
        let line = [key, s.id, mode, s.size, cpid, lpid, kernel.attachments(s), uid, gid, cuid, cgid, 0, 0, 0, rss, 0];
        for (place, (width, value)) in WIDTHS.into_iter().zip(line).enumerate() {
            text.push_str(match place {
                0 => "",
                PERMS | NATTCH => "  ",
                _ => " ",
            });
            let _ = write!(text, "{:width$}", value as i64);
        }
        text.push('\n');
    }
    text
}
