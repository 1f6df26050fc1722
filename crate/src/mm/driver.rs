//! Devices that others write: a [`Driver`] is a pair of `file_operations` and `vm_operations`, as in the call
//! tree, and a file that has it behaves as they say. `examples/frame_buffer.rs` shows one.

use super::fault::FaultContext;
use super::file_operations::FileOperations;
use super::kernel::Kernel;
use super::vm_operations::VmOperations;
use crate::addr::Pfn;
use crate::fs::{Inode, InodeKind};
use crate::ids::{DriverId, InodeId, VmOpsId};
use std::sync::{PoisonError, RwLock};

/// What a device does. It is code: what it keeps, it keeps in its file's pages, so that machines can be
/// copied and taken back.
pub struct Driver {
    /// The device's own name, for traces and errors.
    pub name: &'static str,
    /// What its file does when it is mapped. `mmap` must set `vma.ops`, to [`Driver::ops`] for its own.
    pub file_operations: &'static dyn FileOperations,
    /// What a mapping of it does on a fault.
    pub vm_operations: &'static dyn VmOperations,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Driver({})", self.name)
    }
}

/// The drivers of this program, by number. Like modules of a kernel they are loaded once, for all machines.
static LOADED: RwLock<Vec<&'static Driver>> = RwLock::new(Vec::new());

impl Driver {
    /// Its number, given at the first use.
    ///
    /// # Panics
    /// If the program has more than 256 drivers.
    fn id(&'static self) -> DriverId {
        let known = |list: &[&'static Driver]| list.iter().position(|driver| std::ptr::eq(*driver, self));
        let read = known(&LOADED.read().unwrap_or_else(PoisonError::into_inner));
        let place = read.unwrap_or_else(|| {
            let mut list = LOADED.write().unwrap_or_else(PoisonError::into_inner);
            known(&list).unwrap_or_else(|| {
                list.push(self);
                list.len() - 1
            })
        });
        DriverId(u8::try_from(place).expect("a program has at most 256 drivers"))
    }

    /// What its `mmap` sets as `vma.ops`.
    pub fn ops(&'static self) -> VmOpsId {
        VmOpsId::Driver(self.id())
    }
}

/// The driver of a number that [`Driver::ops`] or [`Kernel::add_device`] gave.
pub(crate) fn driver(id: DriverId) -> &'static Driver {
    LOADED.read().unwrap_or_else(PoisonError::into_inner)[usize::from(id.0)]
}

impl Kernel {
    /// Makes the file of a device, `bytes` long, that everybody may open, read and map.
    pub(crate) fn add_device(&mut self, path: &str, device: &'static Driver, bytes: u64) -> InodeId {
        let kind = InodeKind::Device { driver: device.id() };
        let inode = self.fs.add_inode(Inode { size: bytes, mode: 0o666, ..Inode::new(kind) });
        self.fs.link(path, inode);
        inode
    }

    /// A page of the file that a fault is about, if it is in memory. What a device has to keep, it keeps there.
    pub fn own_page(&mut self, context: &FaultContext, index: u64) -> Option<Pfn> {
        let file = self.mms[context.mm].vmas.get(context.vma).file?;
        let inode = self.fs.file(file).inode;
        self.fs.cached_page(inode, index, &mut self.phys, &mut self.trace).ok().flatten()
    }

    /// Reads bytes of a page, from `offset` on.
    ///
    /// # Panics
    /// If they do not lie in the page.
    pub fn read_page(&self, page: Pfn, offset: u64, into: &mut [u8]) {
        self.phys.read(page, offset, into);
    }

    /// Writes bytes of a page, from `offset` on.
    ///
    /// # Panics
    /// If they do not lie in the page.
    pub fn write_page(&mut self, page: Pfn, offset: u64, bytes: &[u8]) {
        self.phys.write(page, offset, bytes);
    }
}
