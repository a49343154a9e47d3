// SPDX-License-Identifier: BSD-2-Clause
// The address space: one, 4-level, higher half. docs/architecture.md has the map.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define VM_DIRECT 0xffff800000000000ull // all RAM, read/write, never executable
#define VM_DEVICE 0xffffc00000000000ull // device registers, uncached
#define VM_STACKS 0xffffd00000000000ull // stacks, with an unmapped page under each
#define VM_IMAGE  0xffffffff80000000ull // this program: text RX, rodata R, data RW

#define VM_DOMAINS 0x0000100000000000ull // what ring 3 sees, in a half of its own

// Builds the final page tables and switches to them; needs page_init(). W^X, zero page unmapped;
// the image is absent from the direct map, so its text has no writable alias.
void vm_init(void);

static inline void *vm_direct(uint64_t physical)
{
    return (void *)(VM_DIRECT + physical);
}

// Physical address of memory in the direct map or in the image.
uint64_t vm_physical(const void *address);

// Maps the pages that hold these bytes of device registers, uncached, not executable, and returns
// where the first one is. NULL when the range is empty or beyond what the processor can address,
// the window is full, or no memory is left for page tables.
volatile void *vm_map_device(uint64_t physical, uint64_t bytes);

// A read-only view of physical memory that firmware or the boot loader filled, wherever it lies.
// NULL as vm_map_device().
const void *vm_map_readonly(uint64_t physical, uint64_t bytes);

// A stack of so many bytes with an unmapped guard page under it. Returns its top, or NULL.
void *vm_stack(uint64_t bytes, const char *owner);

// A page-table root that shares ring 0's half and has nothing in ring 3's; 0 when there is no
// memory. vm_kernel_root() is ring 0's own.
uint64_t vm_user_root(void);
uint64_t vm_kernel_root(void);

enum vm_user { VM_USER_READ, VM_USER_WRITE, VM_USER_EXECUTE, VM_USER_DEVICE };

// Lets ring 3 see physical memory at an address behind VM_DOMAINS, in the tables under root. All
// three are multiples of PAGE_SIZE. key: 0..15, for PKRU (SDM 4.6.2). Never executable and
// writable. False when there is no memory for page tables.
bool vm_user_map(uint64_t root, uint64_t address, uint64_t physical, uint64_t bytes,
                 enum vm_user kind, unsigned key);

// The physical address behind any address of ring 0's half, mapped by any of the above. 0: none.
uint64_t vm_translate(const volatile void *address);

// The owner of the stack whose guard page holds this address, or NULL.
const char *vm_guard_owner(uint64_t address);

// Whether eight bytes at this address are part of some stack.
bool vm_in_stack(uint64_t address);
