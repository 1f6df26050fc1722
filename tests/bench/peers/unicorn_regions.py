"""Maps and unmaps a page in the Unicorn emulator while 1,000 regions are mapped: answers lines `NAME COUNT`
with the nanoseconds that a round took."""
import ctypes
import sys
import time

import unicorn

PAGE = 4096
REGIONS = 1000


def machine():
    emulator = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    for i in range(REGIONS):
        emulator.mem_map(0x1_0000_0000 + i * 2 * PAGE, PAGE)
    return emulator


def measure(emulator, count):
    """Calls the C library without the binding's own checks."""
    library, handle = unicorn.unicorn_py3.unicorn.uclib, emulator._uch
    address, size = ctypes.c_uint64(0x5000_0000_0000), ctypes.c_size_t(PAGE)
    protection = ctypes.c_uint32(unicorn.UC_PROT_ALL)
    start = time.perf_counter_ns()
    for _ in range(count):
        library.uc_mem_map(handle, address, size, protection)
        library.uc_mem_unmap(handle, address, size)
    return (time.perf_counter_ns() - start) / count


def main():
    emulator = machine()
    for line in sys.stdin:
        _, count = line.split()
        print(measure(emulator, int(count)), flush=True)


main()
