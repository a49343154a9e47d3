// SPDX-License-Identifier: BSD-2-Clause
// What both boot formats have in common: keeping the memory map, the command line, the
// configuration.
#include "kernel/bootinfo.h"

#include <string.h>

#include "kernel/log.h"
#include "kernel/vm.h"

#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36d76289

static char config_text[BOOT_CONFIG_MAX + 1];

// BIOS e820 types, which multiboot2 (3.6.8) and PVH both use.
static enum boot_range_kind kind_of(uint32_t e820_type)
{
    switch (e820_type) {
    case 1:
        return BOOT_RAM;
    case 3:
        return BOOT_ACPI;
    default:
        return BOOT_RESERVED;
    }
}

void bootinfo_add_range(struct bootinfo *info, uint64_t base, uint64_t length, uint32_t e820_type)
{
    if (length == 0 || base > BOOT_ADDRESS_LIMIT || length > BOOT_ADDRESS_LIMIT - base)
        return;
    if (info->range_count == BOOT_RANGES_MAX) {
        log_line("memory map: more than %d ranges, %#llx and above ignored", BOOT_RANGES_MAX,
                 (unsigned long long)base);
        return;
    }
    info->ranges[info->range_count++] = (struct boot_range){base, length, kind_of(e820_type)};
}

// Copies a string of at most `most` bytes, its end included, into room for `size`.
static void copy_string(char *to, size_t size, uint64_t address, uint64_t most)
{
    size_t limit = most < size ? (size_t)most : size;
    const char *from = vm_map_readonly(address, limit);
    if (from == NULL)
        return;
    size_t length = strnlen(from, limit);
    if (length == size) {
        log_line("boot loader string longer than %zu bytes, cut", size - 1);
        length--;
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

void bootinfo_set_command_line(struct bootinfo *info, uint64_t address, uint64_t most)
{
    copy_string(info->command_line, sizeof info->command_line, address, most);
}

void bootinfo_set_config(struct bootinfo *info, uint64_t address, uint64_t length, uint64_t name)
{
    if (name != 0)
        copy_string(info->config_name, sizeof info->config_name, name, sizeof info->config_name);
    // A length without a text is how config_read() learns that there was a file to complain about.
    info->config_length = (size_t)length;
    if (length > BOOT_CONFIG_MAX) {
        log_line("%s: %llu bytes, expected at most %d", info->config_name,
                 (unsigned long long)length, BOOT_CONFIG_MAX);
        return;
    }
    const char *from = length == 0 ? "" : vm_map_readonly(address, length);
    if (from == NULL)
        return;
    memcpy(config_text, from, (size_t)length);
    config_text[length] = '\0';
    info->config = config_text;
}

bool bootinfo_read(struct bootinfo *info, uint32_t magic, uint32_t address)
{
    memset(info, 0, sizeof *info);
    strcpy(info->config_name, "barewire.conf");
    bool sound = magic == MULTIBOOT2_BOOTLOADER_MAGIC ? bootinfo_multiboot2(info, address)
                 : magic == 0                         ? bootinfo_pvh(info, address)
                                                      : false;
    // A PVH start_info without a name for the module leaves the default.
    if (info->config_name[0] == '\0')
        strcpy(info->config_name, "barewire.conf");
    return sound && info->range_count > 0;
}
