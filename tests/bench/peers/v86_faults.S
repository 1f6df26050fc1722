# A guest for v86 that does nothing but take page faults: it touches 1,024 pages, each of which is absent, and
# its handler clears a frame and writes the entry, as do_anonymous_page does; then it takes all entries away.
# After each pass it writes to port 0xe9. Build:
#   as --32 -o v86_faults.o v86_faults.S
#   ld -m elf_i386 -Ttext=0x100000 --oformat binary -o v86_faults.bin v86_faults.o
.set LOAD, 0x100000
.set DIRECTORY, 0x200000
.set TABLE, 0x201000
.set POOL, 0x400000
.set REGION, 0x40000000
.set PAGES, 1024

.code32
.text
.globl _start
_start:
        jmp     begin
        .align  4
header:                                 # multiboot: magic, flags with addresses, checksum, addresses
        .long   0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
        .long   header, LOAD, end, end, begin

begin:
        cli
        cld
        lgdt    gdt_pointer
        ljmp    $8, $flat
flat:
        mov     $16, %eax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x180000, %esp
        # The first 16 MiB are mapped to themselves in pages of 4 MiB, the region through one table.
        mov     $DIRECTORY, %edi
        xor     %eax, %eax
        mov     $2048, %ecx
        rep stosl
        movl    $0x000083, DIRECTORY
        movl    $0x400083, DIRECTORY + 4
        movl    $0x800083, DIRECTORY + 8
        movl    $0xc00083, DIRECTORY + 12
        movl    $(TABLE + 3), DIRECTORY + (REGION >> 22) * 4
        # Vector 14.
        mov     $fault, %eax
        mov     %ax, idt + 14 * 8
        movw    $8, idt + 14 * 8 + 2
        movw    $0x8e00, idt + 14 * 8 + 4
        shr     $16, %eax
        mov     %ax, idt + 14 * 8 + 6
        lidt    idt_pointer
        mov     %cr4, %eax
        or      $0x10, %eax
        mov     %eax, %cr4
        mov     $DIRECTORY, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      $0x80000001, %eax
        mov     %eax, %cr0
pass:
        mov     $REGION, %ebx
        mov     $PAGES, %ecx
touch:
        movb    $1, (%ebx)
        add     $4096, %ebx
        loop    touch
        mov     $TABLE, %edi
        xor     %eax, %eax
        mov     $PAGES, %ecx
        rep stosl
        mov     %cr3, %eax
        mov     %eax, %cr3
        mov     $0x21, %al
        out     %al, $0xe9
        jmp     pass

fault:
        pusha
        mov     %cr2, %edx
        shr     $12, %edx
        and     $1023, %edx
        mov     %edx, %esi
        shl     $12, %esi
        add     $POOL, %esi
        mov     %esi, %edi
        xor     %eax, %eax
        mov     $1024, %ecx
        rep stosl
        or      $7, %esi
        mov     %esi, TABLE(,%edx,4)
        popa
        add     $4, %esp
        iret

        .align  8
gdt:    .quad   0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
        .word   23
        .long   gdt
        .align  8
idt:    .fill   15, 8, 0
idt_pointer:
        .word   15 * 8 - 1
        .long   idt
end:
