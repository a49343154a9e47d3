// SPDX-License-Identifier: BSD-2-Clause
// The multiboot2 information: a list of tags. Multiboot2 Specification 2.0, section 3.6.
#include "kernel/bootinfo.h"

#include <string.h>

#include "kernel/vm.h"

enum {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1, // 3.6.5
    TAG_MODULE = 3,       // 3.6.6
    TAG_MEMORY_MAP = 6,   // 3.6.8
    TAG_FRAMEBUFFER = 8,  // 3.6.12
    TAG_RSDP_OLD = 14,    // 3.6.16
    TAG_RSDP_NEW = 15,    // 3.6.17
};

enum { INFORMATION_MAX = 1 << 20 }; // more than any loader needs; bounds what we map

struct tag {
    uint32_t type, size; // size in bytes without the padding to 8
};

struct module_tag {
    struct tag head;
    uint32_t start, end; // physical, end exclusive; a string follows
};

struct memory_map_tag {
    struct tag head;
    uint32_t entry_size, entry_version;
};

struct memory_map_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

struct framebuffer_tag {
    struct tag head;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, kind;
    uint16_t reserved;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
};
_Static_assert(sizeof(struct memory_map_entry) == 24, "multiboot2 3.6.8");
_Static_assert(offsetof(struct framebuffer_tag, red_position) == 32, "multiboot2 3.6.12");

static void read_memory_map(struct bootinfo *info, const struct tag *tag)
{
    struct memory_map_tag map;
    if (tag->size < sizeof map)
        return;
    memcpy(&map, tag, sizeof map);
    if (map.entry_size < sizeof(struct memory_map_entry))
        return;
    const char *at = (const char *)tag + sizeof map;
    for (uint32_t left = tag->size - sizeof map; left >= map.entry_size; left -= map.entry_size) {
        struct memory_map_entry entry;
        memcpy(&entry, at, sizeof entry);
        bootinfo_add_range(info, entry.base, entry.length, entry.type);
        at += map.entry_size;
    }
}

static void read_framebuffer(struct bootinfo *info, const struct tag *tag)
{
    struct framebuffer_tag from = {0};
    memcpy(&from, tag, tag->size < sizeof from ? tag->size : sizeof from);
    info->framebuffer = (struct boot_framebuffer){
        .address = from.address,
        .pitch = from.pitch,
        .width = from.width,
        .height = from.height,
        .bits_per_pixel = from.bits_per_pixel,
        .kind = from.kind,
        .red_shift = from.red_position,
        .green_shift = from.green_position,
        .blue_shift = from.blue_position,
    };
}

static void read_rsdp(struct bootinfo *info, const struct tag *tag)
{
    size_t length = tag->size - sizeof *tag;
    if (length > sizeof info->rsdp_copy)
        length = sizeof info->rsdp_copy;
    memcpy(info->rsdp_copy, tag + 1, length);
    info->rsdp = vm_physical(info->rsdp_copy);
}

static void read_tag(struct bootinfo *info, const struct tag *tag, uint64_t physical)
{
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        bootinfo_set_command_line(info, physical + sizeof *tag, tag->size - sizeof *tag);
        break;
    case TAG_MODULE: {
        struct module_tag module;
        if (tag->size < sizeof module || info->config != NULL || info->config_length > 0)
            break; // the first module is the configuration, also when it cannot be used
        memcpy(&module, tag, sizeof module);
        bool named = tag->size > sizeof module && *((const char *)tag + sizeof module) != '\0';
        // One that ends before it begins is very long.
        bootinfo_set_config(info, module.start, (uint64_t)module.end - module.start,
                            named ? physical + sizeof module : 0);
        break;
    }
    case TAG_MEMORY_MAP:
        read_memory_map(info, tag);
        break;
    case TAG_FRAMEBUFFER:
        read_framebuffer(info, tag);
        break;
    case TAG_RSDP_NEW:
        read_rsdp(info, tag);
        break;
    case TAG_RSDP_OLD:
        if (info->rsdp == 0) // the new one, where both are there, says more
            read_rsdp(info, tag);
        break;
    }
}

bool bootinfo_multiboot2(struct bootinfo *info, uint64_t address)
{
    info->loader = "multiboot2";
    const uint32_t *head = vm_map_readonly(address, 8);
    if (head == NULL)
        return false;
    uint32_t total = head[0];
    if (total < 16 || total > INFORMATION_MAX)
        return false;
    const char *base = vm_map_readonly(address, total);
    if (base == NULL)
        return false;

    for (uint32_t at = 8; total - at >= sizeof(struct tag);) {
        const struct tag *tag = (const struct tag *)(base + at);
        if (tag->type == TAG_END)
            return true;
        if (tag->size < sizeof *tag || tag->size > total - at)
            return false;
        read_tag(info, tag, address + at);
        uint32_t step = (tag->size + 7) & ~7u;
        if (step > total - at)
            return false;
        at += step;
    }
    return false;
}
