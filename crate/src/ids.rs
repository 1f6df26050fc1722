//! Handles: small copyable numbers by which one floor names the things of another.

use crate::blocks::{Blocks, Seen};
use std::fmt;
use std::num::NonZero;

/// Which address space, for as long as the machine runs: ids are used again, serials never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MmSerial(pub u64);

/// What every id has that is an index.
macro_rules! index_id {
    ($name:ident) => {
        impl From<$name> for usize {
            #[inline]
            fn from(id: $name) -> usize {
                id.index()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.index())
            }
        }
    };
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into host tables.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            #[inline]
            fn from(index: usize) -> Self {
                Self(index as u32)
            }
        }

        index_id!($name);
    )*};
}

/// Ids that an `Option` holds without growing: an area has several, and must fit a cache line.
macro_rules! compact_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(NonZero<u32>);

        impl $name {
            /// As an index into host tables.
            #[inline]
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl From<usize> for $name {
            #[inline]
            fn from(index: usize) -> Self {
                Self(NonZero::<u32>::MIN.saturating_add(index as u32))
            }
        }

        index_id!($name);
    )*};
}

ids! {
    /// A process, by the number that scripts and `/proc` use.
    Pid;
    /// An address space of a process (Linux `struct mm_struct`).
    MmId;
    /// A file's contents (Linux `struct inode` with its page cache).
    InodeId;
    /// A scheduled entity with credentials and limits (Linux `struct task_struct`).
    TaskId;
    /// Open files by descriptor (Linux `struct files_struct`).
    FilesId;
}

compact_ids! {
    /// A VMA inside its address space (Linux `struct vm_area_struct *`).
    VmaId;
    /// Who shares anonymous pages with whom (Linux `struct anon_vma`). Decides merges.
    AnonVmaId;
    /// The name of an area (`PR_SET_VMA_ANON_NAME`), once for all areas that share it.
    AnonNameId;
    /// An open file description (Linux `struct file`): two `open`s of one inode differ, `dup` does not.
    FileId;
}

/// A device driver that somebody else wrote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct DriverId(pub(crate) u8);

/// Which `vm_operations` a VMA has; `None` in its place means anonymous.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum VmOpsId {
    /// `shmem_vm_ops`: memfd, tmpfs, shared anonymous memory.
    Shmem,
    /// `ext4_file_vm_ops`: a disk file with write notification.
    Ext4,
    /// `shm_vm_ops`: an attached SysV segment.
    Shm,
    /// `special_mapping_vmops`: vdso and vvar.
    Special,
    /// `secretmem_vm_ops`: memory that the kernel itself does not see.
    Secretmem,
    /// `fuse_file_vm_ops`: a file whose contents come from outside the machine.
    Fuse,
    /// Those of a device that somebody else wrote.
    Driver(DriverId),
}

impl VmOpsId {
    /// The kernel's name of the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shmem => "shmem_vm_ops",
            Self::Ext4 => "ext4_file_vm_ops",
            Self::Shm => "shm_vm_ops",
            Self::Special => "special_mapping_vmops",
            Self::Secretmem => "secretmem_vm_ops",
            Self::Fuse => "fuse_file_vm_ops",
            Self::Driver(_) => "vm_ops of the device",
        }
    }
}

/// A table whose slots are reused, so that ids stay small and dense.
#[derive(Clone, Debug)]
pub struct Slab<I, T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    marker: std::marker::PhantomData<I>,
}

impl<I, T> Default for Slab<I, T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), marker: std::marker::PhantomData }
    }
}

impl<I: From<usize> + Into<usize> + Copy, T> Slab<I, T> {
    /// Stores a value; its id may have belonged to a removed one.
    #[inline(always)]
    pub fn insert(&mut self, value: T) -> I {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(value);
            return I::from(slot as usize);
        }
        self.slots.push(Some(value));
        I::from(self.slots.len() - 1)
    }

    /// Takes a value out; `None` if the id is not in use.
    #[inline(always)]
    pub fn remove(&mut self, id: I) -> Option<T> {
        let slot: usize = id.into();
        let value = self.slots.get_mut(slot)?.take();
        if value.is_some() {
            self.free.push(slot as u32);
        }
        value
    }

    /// The value of an id, if it is in use.
    #[inline]
    pub fn get(&self, id: I) -> Option<&T> {
        self.slots.get(id.into())?.as_ref()
    }

    /// The value of an id, if it is in use.
    #[inline]
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.slots.get_mut(id.into())?.as_mut()
    }

    /// All values with their ids, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.slots.iter().enumerate().filter_map(|(i, v)| Some((I::from(i), v.as_ref()?)))
    }

    /// All values with their ids, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (I, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(i, v)| Some((I::from(i), v.as_mut()?)))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A copy of a [`Slab`] that shares blocks with the copy before.
#[derive(Clone, Debug)]
pub struct SlabSave<T, const N: usize> {
    slots: Blocks<Option<T>, N>,
    free: Blocks<u32, 64>,
}

impl<I, T: Clone + PartialEq> Slab<I, T> {
    /// A copy.
    pub fn save<const N: usize>(&self, before: Option<&SlabSave<T, N>>) -> SlabSave<T, N> {
        let slots = Blocks::of(&self.slots, before.map(|before| &before.slots));
        SlabSave { slots, free: Blocks::of(&self.free, before.map(|before| &before.free)) }
    }

    /// The table of a copy.
    pub fn restore<const N: usize>(&mut self, save: &SlabSave<T, N>) {
        save.slots.restore(&mut self.slots);
        save.free.restore(&mut self.free);
    }
}

impl<I, T> Slab<I, T> {
    /// The same slots with other values.
    pub fn map<U>(&self, mut other: impl FnMut(usize, &T) -> U) -> Slab<I, U> {
        let slots = self.slots.iter().enumerate().map(|(at, value)| value.as_ref().map(|value| other(at, value))).collect();
        Slab { slots, free: self.free.clone(), marker: std::marker::PhantomData }
    }
}

impl<T: Clone + PartialEq, const N: usize> SlabSave<T, N> {
    /// Bytes of what was not counted yet, without what its values point to.
    pub(crate) fn bytes(&self, seen: &mut Seen) -> usize {
        self.slots.bytes(seen) + self.free.bytes(seen)
    }
}

impl<I: Into<usize>, T> std::ops::Index<I> for Slab<I, T> {
    type Output = T;
    #[inline]
    fn index(&self, id: I) -> &T {
        self.slots[id.into()].as_ref().expect("an id outlived what it names")
    }
}

impl<I: Into<usize>, T> std::ops::IndexMut<I> for Slab<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        self.slots[id.into()].as_mut().expect("an id outlived what it names")
    }
}
