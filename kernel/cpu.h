// SPDX-License-Identifier: BSD-2-Clause
// The processor: its features, control registers and descriptor tables.
// Intel 64 and IA-32 Architectures Software Developer's Manual (SDM), volume 3, edition 080.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { // GDT selectors, in the order that SYSCALL and SYSRET want (SDM 5.8.8)
    CPU_KERNEL_CODE = 0x08,
    CPU_KERNEL_DATA = 0x10,
    CPU_TSS = 0x28,
};

enum { // interrupt stack table entries (SDM 6.14.5); 0 means: the current stack
    CPU_IST_DOUBLE_FAULT = 1,
    CPU_IST_NMI = 2,
    CPU_IST_MACHINE_CHECK = 3,
};

// What LGDT and LIDT read (SDM 2.4.1 and 2.4.3).
struct __attribute__((packed)) cpu_table_pointer {
    uint16_t limit; // bytes, less one
    uint64_t base;
};
_Static_assert(sizeof(struct cpu_table_pointer) == 10, "SDM 2.4.1");

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

// All zero for a leaf above the processor's maximum: some answer those with rubbish.
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

bool cpu_has_gigabyte_pages(void);

// Protection keys for user pages, turned on by cpu_init() (SDM 4.6.2).
bool cpu_has_user_keys(void);

// Numbers for page-table roots, turned on by cpu_init() (SDM 4.10.1).
bool cpu_has_pcid(void);

// 256-bit registers, turned on by cpu_init() (SDM volume 1, 14.2).
bool cpu_has_avx(void);

// Whether a hypervisor or emulator says that it is there (CPUID.1:ECX bit 31).
bool cpu_is_virtual(void);

// The first physical address that the processor cannot form: 1 << MAXPHYADDR.
uint64_t cpu_physical_limit(void);

// Puts a random value into the stack protector's canary. Must be called, before anything else, by a
// function that never returns.
void cpu_init_canary(void);

// A number that nobody can guess; on a processor without RDRAND one that differs from boot to boot.
uint64_t cpu_random(void);

// Loads GDT and TSS with stacks of their own for the faults that may come with a bad stack, and
// turns on SMEP, SMAP, UMIP, protection keys, PCIDs and AVX where the processor has them. Needs
// vm_init().
void cpu_init(void);

// " SMEP SMAP UMIP": what cpu_init() turned on.
const char *cpu_protections(void);

static inline uint64_t cpu_read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t cpu_read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline uint64_t cpu_read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline void cpu_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline void cpu_write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

// Whether interrupts are on.
static inline bool cpu_interruptible(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    return (flags & 1u << 9) != 0;
}

static inline void cpu_interrupts(bool on)
{
    if (on)
        __asm__ volatile("sti" : : : "memory");
    else
        __asm__ volatile("cli" : : : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

_Noreturn static inline void cpu_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
