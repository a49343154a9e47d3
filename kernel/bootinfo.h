// SPDX-License-Identifier: BSD-2-Clause
// What the boot loader told us, in one form, whichever loader it was.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BOOT_RANGES_MAX = 128,
    BOOT_COMMAND_MAX = 1024,
    BOOT_CONFIG_MAX = 64 * 1024,
};

// What the direct map has room for; page_init() knows what the processor reaches of it.
#define BOOT_ADDRESS_LIMIT (64ull << 40)

enum boot_range_kind { BOOT_RAM, BOOT_RESERVED, BOOT_ACPI };

struct boot_range {
    uint64_t base, length; // bytes, physical
    enum boot_range_kind kind;
};

struct boot_framebuffer {
    uint64_t address;              // physical; 0: none
    uint32_t pitch, width, height; // bytes, pixels or (text) characters
    uint8_t bits_per_pixel;
    uint8_t kind; // multiboot2 3.6.12: 1 direct RGB, 2 EGA text
    uint8_t red_shift, green_shift, blue_shift;
};

struct bootinfo {
    const char *loader; // "multiboot2" or "PVH"
    struct boot_range ranges[BOOT_RANGES_MAX];
    unsigned range_count;
    uint64_t rsdp;                       // physical; 0: search the BIOS area
    uint8_t rsdp_copy[36];               // multiboot2 hands over a copy; rsdp then points here
    char command_line[BOOT_COMMAND_MAX]; // always terminated
    char config_name[32];                // how messages name the file
    const char *config;                  // a copy of the module, terminated; NULL: none usable
    size_t config_length;                // bytes; more than 0 without a config: it was too long
    struct boot_framebuffer framebuffer;
};

// Reads what the loader left and copies all that is needed: afterwards every byte of free memory
// may be used. magic: 0x36d76289 for multiboot2, 0 for PVH; address: physical, of the information.
// False when it is neither, or is broken beyond use.
bool bootinfo_read(struct bootinfo *info, uint32_t magic, uint32_t address);

// The two formats; called by bootinfo_read().
bool bootinfo_multiboot2(struct bootinfo *info, uint64_t address);
bool bootinfo_pvh(struct bootinfo *info, uint64_t address);

// For the two: each takes what the loader said and keeps what is sound of it.
void bootinfo_add_range(struct bootinfo *info, uint64_t base, uint64_t length, uint32_t e820_type);
void bootinfo_set_command_line(struct bootinfo *info, uint64_t address, uint64_t most);
void bootinfo_set_config(struct bootinfo *info, uint64_t address, uint64_t length, uint64_t name);
