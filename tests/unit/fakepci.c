// SPDX-License-Identifier: BSD-2-Clause
// The fake bus, and the parts of the kernel that the PCI code asks.
#include "tests/unit/fakepci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/cpu.h"
#include "kernel/log.h"

struct acpi fake_acpi;
struct bootinfo fake_boot;
uint64_t fake_reads, fake_writes;
char fake_log[256];
uint32_t (*fake_override)(struct pci_address address, unsigned offset);

static struct fake_function functions[FAKE_FUNCTIONS_MAX];
static unsigned function_count;

const struct acpi *acpi(void)
{
    return &fake_acpi;
}

bool cpu_is_virtual(void)
{
    return false;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_log, sizeof fake_log, format, arguments);
    va_end(arguments);
}

void fake_reset(void)
{
    memset(functions, 0, sizeof functions);
    function_count = 0;
    memset(&fake_acpi, 0, sizeof fake_acpi);
    memset(&fake_boot, 0, sizeof fake_boot);
    fake_boot.ranges[0] = (struct boot_range){0, 256 << 20, BOOT_RAM};
    fake_boot.range_count = 1;
    fake_override = NULL;
    fake_reads = fake_writes = 0;
    fake_log[0] = '\0';
    fake_add(NULL, 0, 0, 0x060000);
}

struct fake_function *fake_add(struct fake_function *bridge, uint8_t slot, uint8_t function,
                               uint32_t class_code)
{
    assert_true(function_count < FAKE_FUNCTIONS_MAX);
    struct fake_function *f = &functions[function_count++];
    *f = (struct fake_function){.bridge = bridge, .slot = slot, .function = function};
    f->space[PCI_VENDOR / 4] = 0x10001af4 + (function_count << 20);
    f->space[PCI_REVISION / 4] = class_code << 8 | 1;
    f->writable[PCI_COMMAND / 4] = 0x0407;
    return f;
}

struct fake_function *fake_add_bridge(struct fake_function *bridge, uint8_t slot)
{
    struct fake_function *f = fake_add(bridge, slot, 0, 0x060400);
    fake_set_byte(f, PCI_HEADER_TYPE, PCI_HEADER_BRIDGE);
    f->writable[PCI_PRIMARY_BUS / 4] = 0x00ffffff;
    f->writable[PCI_MEMORY_BASE / 4] = 0xfff0fff0;
    f->writable[PCI_PREFETCH_BASE / 4] = 0xfff0fff0;
    f->space[PCI_PREFETCH_BASE / 4] = 0x00010001;
    f->writable[PCI_PREFETCH_BASE_HIGH / 4] = 0xffffffff;
    f->writable[PCI_PREFETCH_LIMIT_HIGH / 4] = 0xffffffff;
    return f;
}

void fake_set_buses(struct fake_function *bridge, uint8_t primary, uint8_t secondary,
                    uint8_t subordinate)
{
    bridge->space[PCI_PRIMARY_BUS / 4] =
        (uint32_t)subordinate << 16 | (uint32_t)secondary << 8 | primary;
}

void fake_bar(struct fake_function *function, unsigned index, uint64_t size, uint32_t flags)
{
    unsigned word = PCI_BAR_0 / 4 + index;
    function->space[word] = flags;
    function->writable[word] = (uint32_t)(0 - size);
    if ((flags & 7) == 4)
        function->writable[word + 1] = (uint32_t)((0 - size) >> 32);
}

uint8_t fake_byte(const struct fake_function *function, unsigned offset)
{
    return (uint8_t)(function->space[offset / 4] >> offset % 4 * 8);
}

void fake_set_byte(struct fake_function *function, unsigned offset, uint8_t value)
{
    unsigned shift = offset % 4 * 8;
    uint32_t *word = &function->space[offset / 4];
    *word = (*word & ~(0xffu << shift)) | (uint32_t)value << shift;
}

// Whether the bridges pass an access to this bus on to this function.
static bool answers(const struct fake_function *f, struct pci_address address)
{
    if (address.segment != 0 || f->slot != address.slot || f->function != address.function)
        return false;
    uint8_t bus = f->bridge != NULL ? fake_byte(f->bridge, PCI_SECONDARY_BUS) : f->root_bus;
    if (bus != address.bus || (f->bridge != NULL && bus == 0))
        return false;
    for (const struct fake_function *b = f->bridge; b != NULL; b = b->bridge)
        if (address.bus < fake_byte(b, PCI_SECONDARY_BUS) ||
            address.bus > fake_byte(b, PCI_SUBORDINATE_BUS))
            return false;
    return true;
}

static struct fake_function *find(struct pci_address address)
{
    for (unsigned i = 0; i < function_count; i++)
        if (answers(&functions[i], address))
            return &functions[i];
    return NULL;
}

static void check_access(struct pci_address address, unsigned offset, unsigned width)
{
    assert_true(address.slot < 32 && address.function < 8);
    assert_true(width == 1 || width == 2 || width == 4);
    assert_true(offset < 4096 && offset % width == 0);
}

static bool is_bar(unsigned offset, const struct fake_function *f)
{
    unsigned bars = fake_byte(f, PCI_HEADER_TYPE) & PCI_HEADER_BRIDGE ? 2 : 6;
    return offset >= PCI_BAR_0 && offset < PCI_BAR_0 + 4 * bars;
}

uint32_t pci_config_read(struct pci_address address, unsigned offset, unsigned width)
{
    const uint32_t mask = width == 4 ? 0xffffffff : (1u << width * 8) - 1;
    check_access(address, offset, width);
    fake_reads++;
    if (fake_override != NULL)
        return fake_override(address, offset) & mask;
    const struct fake_function *f = find(address);
    return f == NULL ? mask : f->space[offset / 4] >> offset % 4 * 8 & mask;
}

void pci_config_write(struct pci_address address, unsigned offset, unsigned width, uint32_t value)
{
    check_access(address, offset, width);
    fake_writes++;
    struct fake_function *f = fake_override == NULL ? find(address) : NULL;
    if (f == NULL)
        return;
    // All ones in a BAR that decodes would be an address that it answers at.
    if (is_bar(offset, f) && value == 0xffffffff)
        assert_false(fake_byte(f, PCI_COMMAND) & 3);
    unsigned shift = offset % 4 * 8;
    uint32_t mask = (width == 4 ? 0xffffffff : (1u << width * 8) - 1) << shift;
    mask &= f->writable[offset / 4];
    f->space[offset / 4] = (f->space[offset / 4] & ~mask) | (value << shift & mask);
}
