// SPDX-License-Identifier: BSD-2-Clause
// Page tables. SDM volume 3, chapter 4 (4-level paging).
#include "kernel/vm.h"

#include <string.h>

#include "kernel/cpu.h"
#include "kernel/image.h"
#include "kernel/page.h"
#include "kernel/panic.h"

#define ENTRY_PRESENT 0x001ull
#define ENTRY_WRITE   0x002ull
#define ENTRY_USER    0x004ull
#define ENTRY_PWT     0x008ull
#define ENTRY_PCD     0x010ull
#define ENTRY_LARGE   0x080ull
#define ENTRY_GLOBAL  0x100ull
#define ENTRY_NX      (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

#define TEXT     (ENTRY_PRESENT | ENTRY_GLOBAL)
#define READONLY (ENTRY_PRESENT | ENTRY_GLOBAL | ENTRY_NX)
#define DATA     (READONLY | ENTRY_WRITE)
#define DEVICE   (DATA | ENTRY_PCD | ENTRY_PWT) // uncached with the PAT's reset value (SDM 12.12.4)

#define ENTRY_KEY_SHIFT 59
#define LOWER_HALF      (1ull << 47)

#define FOUR_GIB      (4ull << 30)
#define DEVICE_WINDOW (4ull << 30)
#define STACK_WINDOW  (1ull << 30)

enum { ENTRIES = 512, GUARDS_MAX = 32, LEVEL_4K = 0, LEVEL_2M = 1, LEVEL_1G = 2, LEVEL_TOP = 3 };

static uint64_t root; // physical address of the PML4; 0: still on boot/start.S's tables
static uint64_t device_next = VM_DEVICE, stack_next = VM_STACKS;
static bool gigabyte_pages;
static struct {
    uint64_t page;
    const char *owner;
} guards[GUARDS_MAX];
static unsigned guard_count;

// The entry that maps an address at a level under a root, with the tables on the way made as
// needed; NULL when there is no memory for those. Ring 3 gets into the lower half only.
static uint64_t *entry_under(uint64_t table, uint64_t address, int level)
{
    const uint64_t who = address < LOWER_HALF ? ENTRY_USER : 0;
    for (int at = LEVEL_TOP;; at--) {
        uint64_t *entry = (uint64_t *)vm_direct(table) + (address >> (12 + 9 * at)) % ENTRIES;
        if (at == level)
            return entry;
        if (*entry == 0) {
            // Below 4 GiB, where boot/start.S's tables reach while ours are being built.
            uint64_t page = page_alloc(PAGE_SIZE, PAGE_SIZE, FOUR_GIB);
            if (page == 0)
                return NULL;
            memset(vm_direct(page), 0, PAGE_SIZE);
            *entry = page | ENTRY_PRESENT | ENTRY_WRITE | who;
        }
        if (*entry & ENTRY_LARGE)
            panic("vm: %#llx is mapped already", (unsigned long long)address);
        table = *entry & ENTRY_ADDRESS;
    }
}

static uint64_t *entry_at(uint64_t address, int level)
{
    return entry_under(root, address, level);
}

// Addresses and bytes are multiples of the page size. Uses the largest pages that fit. False when
// memory for page tables ran out on the way.
static bool map(uint64_t address, uint64_t physical, uint64_t bytes, uint64_t flags)
{
    while (bytes > 0) {
        int level = gigabyte_pages ? LEVEL_1G : LEVEL_2M;
        uint64_t size = 1ull << (12 + 9 * level);
        while (size > bytes || ((address | physical) & (size - 1)) != 0) {
            level--;
            size >>= 9;
        }
        uint64_t *entry = entry_at(address, level);
        if (entry == NULL)
            return false;
        *entry = physical | flags | (level > LEVEL_4K ? ENTRY_LARGE : 0);
        address += size;
        physical += size;
        bytes -= size;
    }
    return true;
}

// For what the program cannot do without.
static void map_or_panic(uint64_t address, uint64_t physical, uint64_t bytes, uint64_t flags)
{
    if (!map(address, physical, bytes, flags))
        panic("too little memory: none left for page tables");
}

static void map_image(const char *from, const char *to, uint64_t flags)
{
    uint64_t start = (uint64_t)from, end = (uint64_t)to;
    map_or_panic(start, start - VM_IMAGE, end - start, flags);
}

static void add_guard(uint64_t page, const char *owner)
{
    if (guard_count == GUARDS_MAX)
        panic("vm: more than %d stacks", GUARDS_MAX);
    guards[guard_count].page = page;
    guards[guard_count++].owner = owner;
}

void vm_init(void)
{
    uint64_t top = page_alloc(PAGE_SIZE, PAGE_SIZE, FOUR_GIB);
    if (top == 0)
        panic("too little memory: none left for page tables");
    memset(vm_direct(top), 0, PAGE_SIZE);
    gigabyte_pages = cpu_has_gigabyte_pages();
    root = top;

    map_image(image_start, text_end, TEXT);
    map_image(text_end, rodata_end, READONLY);
    map_image(rodata_end, boot_stack_guard, DATA);
    map_image(boot_stack_guard + PAGE_SIZE, image_end, DATA);
    add_guard((uint64_t)boot_stack_guard, "boot");

    unsigned count;
    const struct page_extent *ram = page_ram(&count);
    for (unsigned i = 0; i < count; i++)
        map_or_panic(VM_DIRECT + ram[i].start, ram[i].start, ram[i].end - ram[i].start, DATA);

    cpu_write_cr3(root);
}

uint64_t vm_physical(const void *pointer)
{
    uint64_t address = (uint64_t)pointer;
    return address >= VM_IMAGE ? address - VM_IMAGE : address - VM_DIRECT;
}

// Maps whole pages around a physical range into the device window. When memory for page tables runs
// out on the way, what it took of the window is not used again: the processor may know it already.
static void *map_window(uint64_t physical, uint64_t bytes, uint64_t flags)
{
    uint64_t offset = physical % PAGE_SIZE;
    // A bit above what the processor knows is reserved in a page table entry: it would fault.
    if (bytes == 0 || bytes > DEVICE_WINDOW || physical > cpu_physical_limit() - bytes)
        return NULL;
    const uint64_t size = (offset + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    const uint64_t end = VM_DEVICE + DEVICE_WINDOW;
    uint64_t address = device_next;
    if (size >= PAGE_LARGE) // so that large pages fit
        address += (physical - offset - address) % PAGE_LARGE;
    if (address > end || size > end - address)
        return NULL;
    device_next = address + size;
    return map(address, physical - offset, size, flags) ? (void *)(address + offset) : NULL;
}

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    return map_window(physical, bytes, DEVICE);
}

const void *vm_map_readonly(uint64_t physical, uint64_t bytes)
{
    if (root != 0)
        return map_window(physical, bytes, READONLY);
    bool inside = bytes > 0 && bytes <= FOUR_GIB && physical <= FOUR_GIB - bytes;
    return inside ? vm_direct(physical) : NULL;
}

void *vm_stack(uint64_t bytes, const char *owner)
{
    bytes = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    const uint64_t room = VM_STACKS + STACK_WINDOW - stack_next;
    if (bytes > room || PAGE_SIZE > room - bytes)
        return NULL;
    uint64_t memory = page_alloc(bytes, PAGE_SIZE, 0);
    if (memory == 0)
        return NULL;
    uint64_t bottom = stack_next + PAGE_SIZE;
    if (!map(bottom, memory, bytes, DATA))
        return NULL;
    add_guard(stack_next, owner);
    stack_next = bottom + bytes;
    return (void *)stack_next;
}

const char *vm_guard_owner(uint64_t address)
{
    for (unsigned i = 0; i < guard_count; i++)
        if (address - guards[i].page < PAGE_SIZE)
            return guards[i].owner;
    return NULL;
}

bool vm_in_stack(uint64_t address)
{
    bool boot = address >= (uint64_t)boot_stack_guard + PAGE_SIZE &&
                address <= (uint64_t)boot_stack_top - 8;
    bool other = address >= VM_STACKS && address <= stack_next - 8;
    return boot || (other && vm_guard_owner(address) == NULL);
}

uint64_t vm_kernel_root(void)
{
    return root;
}

uint64_t vm_user_root(void)
{
    // The windows that still grow: their top-level entries must be there to be shared.
    uint64_t page = page_alloc(PAGE_SIZE, PAGE_SIZE, 0);
    if (page == 0 || entry_at(VM_DEVICE, LEVEL_1G) == NULL || entry_at(VM_STACKS, LEVEL_1G) == NULL)
        return 0;
    uint64_t *table = vm_direct(page);
    const uint64_t *kernel = vm_direct(root);
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] = i < ENTRIES / 2 ? 0 : kernel[i];
    return page;
}

bool vm_user_map(uint64_t under, uint64_t address, uint64_t physical, uint64_t bytes,
                 enum vm_user kind, unsigned key)
{
    static const uint64_t flags[] = {
        [VM_USER_READ] = ENTRY_NX,
        [VM_USER_WRITE] = ENTRY_NX | ENTRY_WRITE,
        [VM_USER_EXECUTE] = 0,
        [VM_USER_DEVICE] = ENTRY_NX | ENTRY_WRITE | ENTRY_PCD | ENTRY_PWT,
    };
    for (uint64_t at = 0; at < bytes; at += PAGE_SIZE) {
        uint64_t *entry = entry_under(under, address + at, LEVEL_4K);
        if (entry == NULL)
            return false;
        *entry = (physical + at) | ENTRY_PRESENT | ENTRY_USER | flags[kind] |
                 (uint64_t)key << ENTRY_KEY_SHIFT;
    }
    return true;
}

uint64_t vm_translate(const volatile void *pointer)
{
    const uint64_t address = (uint64_t)pointer;
    uint64_t table = root;
    for (int at = LEVEL_TOP;; at--) {
        const uint64_t size = 1ull << (12 + 9 * at);
        const uint64_t entry = ((const uint64_t *)vm_direct(table))[address / size % ENTRIES];
        if (!(entry & ENTRY_PRESENT))
            return 0;
        if (at == LEVEL_4K || entry & ENTRY_LARGE)
            return (entry & ENTRY_ADDRESS & ~(size - 1)) | (address & (size - 1));
        table = entry & ENTRY_ADDRESS;
    }
}
