// SPDX-License-Identifier: BSD-2-Clause
// Where GRUB (multiboot2) and QEMU or Xen (PVH) enter, in 32-bit protected mode without paging,
// and how we get from there to kernel_main() in 64-bit mode at our linked address.
//
// Multiboot2 Specification 2.0, 3.1 (header) and 3.3 (machine state);
// Xen public/arch-x86/hvm/start_info.h and docs/misc/pvh (PVH entry).

#define IMAGE_BASE 0xffffffff80000000
#define PHYS(symbol) ((symbol) - IMAGE_BASE)

#define MULTIBOOT2_MAGIC 0xe85250d6
#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_PAE 0x020
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define CPUID_LONG_MODE 0x20000000
#define CPUID_NX 0x00100000

#define PAGE_PRESENT_WRITE 0x003
#define PAGE_LARGE 0x083

    .section .multiboot2, "a"
    .balign 8
header:
    .long MULTIBOOT2_MAGIC, 0, header_end - header
    .long -(MULTIBOOT2_MAGIC + 0 + (header_end - header))
    // 3.1.10: any framebuffer, or text, whatever the loader has set
    .short 5, 1
    .long 20, 0, 0, 0
    .balign 8
    // 3.1.11: modules on page boundaries
    .short 6, 0
    .long 8
    // the end
    .short 0, 0
    .long 8
header_end:

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long PHYS(pvh_entry)

    .section .boot, "ax"
    .code32

    // EBX: physical address of struct hvm_start_info. ESI is zero from here on: PVH.
    .global pvh_entry
pvh_entry:
    xor %esi, %esi
    jmp enter

    // EAX: 0x36d76289; EBX: physical address of the multiboot2 information.
    .global multiboot2_entry
multiboot2_entry:
    mov %eax, %esi

enter:
    cli
    cld
    rdtsc
    mov %eax, PHYS(boot_tsc)
    mov %edx, PHYS(boot_tsc + 4)
    mov $PHYS(boot_stack_top), %esp
    mov %ebx, %edi

    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb too_old
    mov $0x80000001, %eax
    cpuid
    and $(CPUID_LONG_MODE | CPUID_NX), %edx
    cmp $(CPUID_LONG_MODE | CPUID_NX), %edx
    jne too_old

    // The first 4 GiB with 2 MiB pages, at address 0 (until we run high) and at VM_DIRECT.
    mov $PHYS(boot_directories), %ebx
    mov $PAGE_LARGE, %eax
    xor %ecx, %ecx
1:  mov %eax, (%ebx, %ecx, 8)
    movl $0, 4(%ebx, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jb 1b

    mov $PHYS(boot_pdpt), %ebx
    mov $(PHYS(boot_directories) + PAGE_PRESENT_WRITE), %eax
    xor %ecx, %ecx
2:  mov %eax, (%ebx, %ecx, 8)
    add $0x1000, %eax
    inc %ecx
    cmp $4, %ecx
    jb 2b

    // The image's gigabyte: entry 510 of the last page directory pointer table.
    movl $(PHYS(boot_directories) + PAGE_PRESENT_WRITE), PHYS(boot_pdpt_image) + 510 * 8
    movl $(PHYS(boot_pdpt) + PAGE_PRESENT_WRITE), PHYS(boot_pml4)
    movl $(PHYS(boot_pdpt) + PAGE_PRESENT_WRITE), PHYS(boot_pml4) + 256 * 8
    movl $(PHYS(boot_pdpt_image) + PAGE_PRESENT_WRITE), PHYS(boot_pml4) + 511 * 8

    // Intel SDM volume 3 (edition 080), 10.8.5: PAE, CR3, LME, PG, in this order. SSE because libc
    // uses it.
    mov %cr4, %eax
    or $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $PHYS(boot_pml4), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LME | EFER_NXE), %eax
    wrmsr
    mov %cr0, %eax
    and $~(CR0_EM | CR0_TS), %eax
    or $(CR0_PE | CR0_MP | CR0_WP | CR0_PG), %eax
    mov %eax, %cr0

    lgdt PHYS(boot_gdt_pointer)
    ljmp $8, $PHYS(long_mode)

    // No 64-bit mode or no NX: say so on the screen and on COM1, then stop.
too_old:
    mov $PHYS(too_old_text), %esi
    mov $0xb8000, %edi
3:  lodsb
    test %al, %al
    jz 5f
    mov $0x4f, %ah
    stosw
    mov %al, %bl
    mov $0x10000, %ecx
    mov $0x3fd, %edx
4:  in %dx, %al
    test $0x20, %al
    loopz 4b
    mov $0x3f8, %edx
    mov %bl, %al
    out %al, %dx
    jmp 3b
5:  hlt
    jmp 5b

too_old_text:
    .asciz "Barewire needs an x86-64 processor with the NX bit.\r\n"

    .code64
long_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    movabs $high, %rax
    jmp *%rax
high:
    mov $boot_stack_top, %rsp
    xor %ebp, %ebp // the end of every backtrace
    // kernel_main(magic or 0, physical address of the information); called, so that the stack is
    // aligned as the ABI wants
    mov %edi, %eax
    mov %esi, %edi
    mov %eax, %esi
    call kernel_main
    ud2

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff // code, 64-bit
    .quad 0x00cf92000000ffff // data
boot_gdt_pointer:
    .short . - boot_gdt - 1
    .long PHYS(boot_gdt)

    .data
    .balign 8
    .global boot_tsc
boot_tsc: // the time-stamp counter at entry: the zero of clock_us()
    .quad 0

    .bss
    .balign 4096
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pdpt_image:
    .skip 4096
boot_directories:
    .skip 4 * 4096

    // vm.c leaves the guard page unmapped: an overflow is a fault, not corruption.
    .section .stack, "aw", @nobits
    .balign 4096
    .global boot_stack_guard, boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip 64 * 1024
boot_stack_top:
    .section .note.GNU-stack, "", @progbits
