// SPDX-License-Identifier: BSD-2-Clause
// Processor features and descriptor tables. SDM volume 3: 2.5 (CR4), 3.4.5 (descriptors), 8.7
// (TSS).
#include "kernel/cpu.h"

#include <string.h>

#include "kernel/clock.h"
#include "kernel/panic.h"
#include "kernel/vm.h"

enum { IST_STACK_BYTES = 16 * 1024 };

#define CR4_MCE     (1u << 6)
#define CR4_PGE     (1u << 7)
#define CR4_UMIP    (1u << 11)
#define CR4_PCIDE   (1u << 17)
#define CR4_OSXSAVE (1u << 18)
#define CR4_SMEP    (1u << 20)
#define CR4_SMAP    (1u << 21)
#define CR4_PKE     (1u << 22)

struct __attribute__((packed)) task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; // ist[0] is IST 1
    uint64_t reserved2;
    uint16_t reserved3, io_map_base;
};
_Static_assert(sizeof(struct task_state) == 104, "SDM 8.7");

static struct task_state tss;
static uint64_t gdt[7] = {
    0,
    0x00af9a000000ffff, // kernel code
    0x00cf92000000ffff, // kernel data
    0x00cff2000000ffff, // user data
    0x00affa000000ffff, // user code
    0,
    0, // TSS, filled in below
};
static char protections[48] = "none";

uintptr_t __stack_chk_guard = 0x00000aff0a0d5a5a;

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid out, limit;
    __asm__("cpuid"
            : "=a"(limit.eax), "=b"(limit.ebx), "=c"(limit.ecx), "=d"(limit.edx)
            : "a"(leaf & 0xc0000000), "c"(0));
    if (leaf > limit.eax || (limit.eax & 0xc0000000) != (leaf & 0xc0000000))
        return (struct cpuid){0};
    __asm__("cpuid"
            : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
            : "a"(leaf), "c"(subleaf));
    return out;
}

bool cpu_has_gigabyte_pages(void)
{
    return (cpuid(0x80000001, 0).edx & (1u << 26)) != 0;
}

uint64_t cpu_physical_limit(void)
{
    // SDM volume 2, CPUID: without the leaf 36 bits. Page table entries have room for 52.
    unsigned bits = cpuid(0x80000008, 0).eax & 0xff;
    return 1ull << (bits == 0 ? 36 : bits < 52 ? bits : 52);
}

__attribute__((no_stack_protector)) uint64_t cpu_random(void)
{
    // Without RDRAND the cycles since power-on are the only thing that differs between boots.
    uint64_t value = clock_tsc() * 0x9e3779b97f4a7c15;
    if (cpuid(1, 0).ecx & (1u << 30)) {
        uint64_t random;
        unsigned char good;
        for (int i = 0; i < 10; i++) { // SDM volume 1, 7.3.17.1: at most ten tries
            __asm__ volatile("rdrand %0; setc %1" : "=r"(random), "=qm"(good) : : "cc");
            if (good) {
                value ^= random;
                break;
            }
        }
    }
    return value;
}

__attribute__((no_stack_protector)) void cpu_init_canary(void)
{
    __stack_chk_guard = cpu_random() & ~0xffull; // a zero byte stops string functions
}

static uint64_t ist_stack(const char *owner)
{
    void *top = vm_stack(IST_STACK_BYTES, owner);
    if (top == NULL)
        panic("no memory for the %s stack", owner);
    return (uint64_t)top;
}

static void load_descriptors(void)
{
    tss.ist[CPU_IST_DOUBLE_FAULT - 1] = ist_stack("double fault");
    tss.ist[CPU_IST_NMI - 1] = ist_stack("NMI");
    tss.ist[CPU_IST_MACHINE_CHECK - 1] = ist_stack("machine check");
    tss.rsp[0] = ist_stack("ring 3 interrupt");
    tss.io_map_base = sizeof tss; // no I/O port is open to ring 3

    uint64_t base = (uint64_t)&tss;
    gdt[5] = (sizeof tss - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;

    struct cpu_table_pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1: mov %w2, %%ds\n\t"
                     "mov %w2, %%es\n\t"
                     "mov %w2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(pointer), "i"(CPU_KERNEL_CODE), "r"(CPU_KERNEL_DATA), "r"(CPU_TSS)
                     : "rax", "memory");
}

// Lets programs use the 256-bit registers (SDM volume 1, 13.3 and 14.2). Whoever does must hold no
// value in an upper half while interrupts may come from code that does the same: trap.S saves the
// lower halves only. The image's handlers are compiled without AVX and leave upper halves alone.
static void enable_avx(void)
{
    const uint32_t xsave_and_avx = 1u << 26 | 1u << 28, legacy_sse_avx = 7;
    if ((cpuid(1, 0).ecx & xsave_and_avx) != xsave_and_avx)
        return;
    cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
    __asm__ volatile("xsetbv" : : "c"(0), "a"(legacy_sse_avx), "d"(0));
}

void cpu_init(void)
{
    load_descriptors();
    enable_avx();

    struct cpuid extended = cpuid(7, 0);
    uint64_t cr4 = cpu_read_cr4() | CR4_PGE;
    if (cpuid(1, 0).edx & (1u << 7)) // else a machine check shuts the processor down silently
        cr4 |= CR4_MCE;
    const struct {
        bool present;
        uint32_t bit;
        const char *name;
    } wanted[] = {
        {extended.ebx >> 7 & 1, CR4_SMEP, " SMEP"},
        {extended.ebx >> 20 & 1, CR4_SMAP, " SMAP"},
        {extended.ecx >> 2 & 1, CR4_UMIP, " UMIP"},
        {extended.ecx >> 3 & 1, CR4_PKE, " PKE"},
        {cpuid(1, 0).ecx >> 17 & 1, CR4_PCIDE, " PCID"}, // CR3 holds PCID 0 (SDM 4.10.1)
    };
    protections[0] = '\0';
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!wanted[i].present)
            continue;
        cr4 |= wanted[i].bit;
        strcat(protections, wanted[i].name);
    }
    cpu_write_cr4(cr4);
}

bool cpu_is_virtual(void)
{
    return (cpuid(1, 0).ecx & (1u << 31)) != 0;
}

bool cpu_has_user_keys(void)
{
    return (cpu_read_cr4() & CR4_PKE) != 0;
}

bool cpu_has_pcid(void)
{
    return (cpu_read_cr4() & CR4_PCIDE) != 0;
}

bool cpu_has_avx(void)
{
    return (cpu_read_cr4() & CR4_OSXSAVE) != 0;
}

const char *cpu_protections(void)
{
    return protections;
}
