/**
 * Every function of the kernel that the core can trace: what it is for, and the file of Linux 6.18 that has it.
 * English; another language is another file of this shape.
 */

export interface FunctionText {
  readonly sentence: string;
  readonly file: string;
}

const at = (file: string, of: Readonly<Record<string, string>>): Record<string, FunctionText> =>
  Object.fromEntries(Object.entries(of).map(([name, sentence]) => [name, { sentence, file }]));

export const FUNCTIONS: Readonly<Record<string, FunctionText>> = {
  ...at('arch/x86/kernel/sys_x86_64.c', {
    'SYSCALL_DEFINE6(mmap)': 'The system call as the program makes it; the offset must be a multiple of the page size.',
    arch_get_unmapped_area: 'Looks for a free range from the bottom upwards; with MAP_FIXED it gives back the address that was asked for.',
    arch_get_unmapped_area_topdown: 'Looks for the highest free range below the stack, from the top downwards; with MAP_FIXED, as brk asks it, it looks for nothing and gives back the address that was asked for.',
  }),
  ...at('mm/mmap.c', {
    ksys_mmap_pgoff: 'Finds the open file of the descriptor, or none for anonymous memory.',
    do_mmap_pgoff: 'A wrapper that older kernels had (before 5.9); do_mmap does the work.',
    do_mmap: 'Checks length, flags and rights, turns PROT_ and MAP_ bits into VM_ flags, and chooses the address.',
    get_unmapped_area: 'Decides where the mapping goes: the given address, or a gap that is found.',
    __do_sys_brk: 'Moves the end of the heap.',
    find_vma: 'Looks up the area that covers an address, or the first one behind it.',
    expand_stack: 'Lets a stack grow down to the address that was touched, if limits and its neighbour allow.',
    dup_mmap: 'Copies every area of the parent that fork passes on, then the entries of its page tables.',
    exit_mmap: 'Takes everything back when the last user of an address space has gone.',
    remap_file_pages: 'Makes a part of a shared mapping show another part of its file; today it is an mmap inside.',
  }),
  ...at('mm/util.c', {
    vm_mmap_pgoff: 'Takes the lock of the address space, maps, and populates afterwards if that was asked for.',
  }),
  ...at('mm/vma.c', {
    mmap_region: 'Removes what is in the way, tries to merge with the neighbours, and makes the area otherwise.',
    do_brk_flags: 'Makes the heap longer by anonymous memory, as an area of its own or as part of its neighbour.',
    do_vmi_munmap: 'Unmaps a range: finds its areas, cuts those that reach over, takes pages and tables back.',
    vms_gather_munmap_vmas: 'Collects the areas of a range that is unmapped, and splits those at its ends.',
    vms_complete_munmap_vmas: 'Unmaps what was collected: pages, tables, counters.',
    __split_vma: 'Cuts one area in two at an address.',
    vma_merge_new_range: 'Asks whether a new range can become part of a neighbour.',
    vma_merge_existing_range: 'Asks whether an area that changed can be joined with its neighbours.',
  }),
  ...at('mm/rmap.c', {
    __anon_vma_prepare: 'Gives the area its family of private pages, so that a frame can find who maps it.',
  }),
  ...at('include/linux/fs.h', {
    call_mmap: 'Calls the mmap method of the file (vfs_mmap since 6.17).',
    'file->f_op->mmap': 'The method of the file: it decides which vm_ops the area gets.',
  }),
  ...at('include/linux/mm.h', {
    vma_set_anonymous: 'No operations: a fault will take a frame of zeros.',
    'vma->vm_ops = NULL': 'This is what makes an area anonymous.',
    'vma->vm_ops->fault': 'The method of the area: it finds the page that belongs at the address.',
  }),
  ...at('mm/shmem.c', {
    shmem_zero_setup: 'Shared anonymous memory: makes an unnamed file in memory and maps that.',
    shmem_kernel_file_setup: 'Makes the unnamed file, which maps calls "/dev/zero (deleted)".',
    'vma->vm_file = file': 'The area holds the file from now on.',
    'vma->vm_ops = &shmem_vm_ops': 'Faults will ask shmem_fault for the page.',
    shmem_mmap: 'The mmap method of files in memory: it sets shmem_vm_ops.',
    shmem_fault: 'Finds the page in the cache of the file in memory, or makes one of zeros.',
  }),
  ...at('mm/vma.c (the f_op->mmap of the file)', {
    'vma->vm_ops = &vm_ops': 'The method has chosen the operations: faults will ask them for pages.',
  }),
  ...at('fs/ext4/file.c', { ext4_file_mmap: 'The mmap method of disk files: it sets ext4_file_vm_ops.' }),
  ...at('fs/fuse/file.c', {
    fuse_file_mmap: 'The mmap method of files whose contents come from outside: it sets fuse_file_vm_ops.',
  }),
  ...at('mm/filemap.c', {
    filemap_fault: 'Finds the page in the page cache, and reads it from the disk if it is not there.',
    do_sync_mmap_readahead: 'Reads the pages around a miss from the disk along with it.',
    filemap_map_pages: 'Maps pages around the address that are in the page cache already.',
  }),
  ...at('mm/secretmem.c', {
    secretmem_mmap: 'The mmap method of memfd_secret: only shared mappings, counted as locked.',
    secretmem_fault: 'Gives a page that is taken out of the kernel’s own map.',
  }),
  ...at('fs/hugetlbfs/inode.c', { hugetlbfs_file_mmap: 'The mmap method of files of huge pages.' }),
  ...at('net/socket.c', { sock_mmap: 'The mmap method of sockets, which leads to one that refuses.' }),
  ...at('fs/proc/inode.c', { proc_reg_mmap: 'The mmap method of files below /proc.' }),
  ...at('mm/huge_memory.c', {
    thp_get_unmapped_area: 'Looks for an address that suits huge pages, if the mapping is large enough for one.',
  }),
  ...at('mm/mlock.c', {
    __do_sys_mlockall: 'Locks everything there is, or everything to come.',
    __do_sys_munlock: 'Unlocks a range.',
    __do_sys_munlockall: 'Unlocks everything.',
    do_mlock: 'Checks the limit, marks the areas of the range, then makes their pages present.',
    mlock_fixup: 'Gives one area, or a part of it, the flag that locks or unlocks it.',
  }),
  ...at('mm/gup.c', { __mm_populate: 'Makes every page of a range present, as if the program had touched it.' }),
  ...at('mm/msync.c', { __do_sys_msync: 'Writes the changed pages of mapped files back.' }),
  ...at('mm/madvise.c', {
    do_madvise: 'Checks the advice, and gives it to each area of the range.',
    madvise_dontneed_single_vma: 'Takes the pages of the range away; private ones read as zeros afterwards.',
    madvise_update_vma: 'Gives a part of an area other flags, with the splits and merges that follow.',
    madvise_willneed: 'Reads the pages of a file ahead.',
    madvise_set_anon_name: 'Gives anonymous memory a name for maps.',
  }),
  ...at('mm/mincore.c', { do_mincore: 'Tells for each page whether a touch would need the disk.' }),
  ...at('mm/mprotect.c', {
    mprotect: 'The system call: other permissions for a range.',
    do_mprotect_pkey: 'Goes through the areas of the range and asks of each whether it may have the permissions.',
    mprotect_fixup: 'Changes one area, or a part of it: books, split or merge, then its entries.',
    change_protection: 'Rewrites the entries of a range with the new permissions.',
  }),
  ...at('mm/mremap.c', {
    do_mremap: 'Checks the ranges and decides: shrink, grow in place, or move.',
    move_vma: 'Makes the area at its new place, moves the entries, and unmaps the old place.',
    move_page_tables: 'Moves entries from the old place to the new one; the frames stay where they are.',
    expand_vma_in_place: 'Makes the area longer without moving it.',
    remap_move: 'Moves each area of a range by itself.',
  }),
  ...at('mm/mseal.c', { do_mseal: 'Seals the areas of a range against changes.' }),
  ...at('arch/x86/mm/fault.c', {
    exc_page_fault: 'Where the CPU arrives with a page fault: the address in CR2, the cause in the error code.',
    do_user_addr_fault: 'Finds the area of the address and asks whether it allows the access; if not, a signal.',
  }),
  ...at('kernel/signal.c', {
    force_sig_fault: 'Sends the signal, with the reason in si_code and the address in si_addr; it cannot be blocked.',
    si_addr: 'The address that the signal tells.',
  }),
  ...at('mm/memory.c', {
    handle_mm_fault: 'The area allows the access: makes it work, and counts the fault.',
    handle_pte_fault: 'Looks at the entry and chooses the kind of fault.',
    do_anonymous_page: 'Gives anonymous memory a page: the one of zeros for a read, a frame of its own for a write.',
    alloc_anon_folio: 'Takes a free frame and fills it with zeros.',
    do_read_fault: 'A read of a mapped object: maps the page, those around it too if they are cached.',
    do_fault_around: 'Maps up to 16 pages around the address that are in the cache already.',
    do_cow_fault: 'A write to a private mapping of an object: copies its page at once.',
    do_shared_fault: 'A write to a shared mapping: maps the object’s own page writable, and marks it dirty.',
    do_page_mkwrite: 'Tells the file system that a page of it becomes writable.',
    do_wp_page: 'A write to a page that is present and read-only: copy, reuse, or make it writable.',
    wp_page_copy: 'Somebody else has the page too: copies it to a frame of its own.',
    wp_page_reuse: 'Nobody else has the page: makes the entry writable, without a copy.',
    wp_page_shared: 'A shared page is written for the first time: asks the file system, then makes it writable.',
    do_swap_page: 'The entry says where the page is kept, or marks it.',
    handle_pte_marker: 'The entry is a marker instead of a page: a guard, or poison.',
    finish_fault: 'Writes the entry for the page that was found.',
    copy_page_range: 'Copies the entries of an area to the child, and write-protects private pages on both sides.',
    access_remote_vm: 'Reads or writes memory of another process.',
  }),
  ...at('include/linux/highmem.h', { copy_mc_user_highpage: 'Copies the 4,096 bytes of a page.' }),
  ...at('arch/x86/entry/vdso/vma.c', { special_mapping_fault: 'Gives a page that the kernel provides: vdso or vvar.' }),
  ...at('kernel/fork.c', { dup_mm: 'Makes the child’s address space as a copy of the parent’s.' }),
  ...at('fs/open.c', {
    do_truncate: 'Gives a file another length.',
    vfs_fallocate: 'Makes room in a file, or takes it away.',
  }),
  ...at('mm/truncate.c', {
    truncate_pagecache: 'Unmaps the pages behind the new end from everybody, and drops them from the cache.',
    mapping_try_invalidate: 'Drops pages of a file from the cache that are clean and that nobody maps.',
  }),
  ...at('mm/readahead.c', { force_page_cache_ra: 'Reads pages of a file into the cache, whether or not anybody asked for them yet.' }),
  ...at('mm/shmem.c, fs/ext4/inode.c', { punch_hole: 'Takes a part out of a file: the pages there are unmapped and dropped.' }),
  ...at('fs/sync.c', { vfs_fsync_range: 'Writes the changed pages of a file to its disk.' }),
  ...at('fs/proc/task_mmu.c', { clear_refs_write: 'Clears marks of pages, as /proc/PID/clear_refs was told.' }),
  ...at('ipc/shm.c', {
    ksys_shmget: 'Finds or makes a segment of shared memory.',
    ksys_shmctl: 'Asks about a segment, or changes it.',
    do_shmat: 'Maps a segment of shared memory.',
    ksys_shmdt: 'Unmaps a segment of shared memory.',
    shm_mmap: 'The mmap method of a segment: it sets shm_vm_ops around those of the file in memory.',
    shm_fault: 'Asks the file in memory behind the segment.',
  }),
  ...at('kernel/signal.c', {
    send_sig: 'Sends the process a signal: here SIGXFSZ, since a file would grow beyond RLIMIT_FSIZE.',
  }),
  ...at('mm/oom_kill.c', {
    pagefault_out_of_memory: 'A fault found no frame.',
    out_of_memory: 'RAM is used up: somebody has to give memory back.',
    select_bad_process: 'Looks for the process whose end gives the most memory back.',
    oom_badness: 'Counts what the end of a process would give back.',
    oom_kill_process: 'Kills the process that was chosen.',
    oom_reap_task: 'Takes the memory of the killed process back at once.',
  }),
};

/** What is said of a function; null for one that is not known, as of a device that somebody else wrote. */
export const functionText = (name: string): FunctionText | null => FUNCTIONS[name] ?? null;
