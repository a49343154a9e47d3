// SPDX-License-Identifier: BSD-2-Clause
// The PVH start information. Xen public/arch-x86/hvm/start_info.h, version 1.
#include "kernel/bootinfo.h"

#include "kernel/vm.h"

#define START_INFO_MAGIC 0x336ec578

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    uint64_t memory_map; // from version 1 on
    uint32_t memory_map_entries, reserved;
};

struct start_module {
    uint64_t address, size, command_line, reserved;
};

struct start_memory {
    uint64_t base, size;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "start_info.h");
_Static_assert(sizeof(struct start_module) == 32, "start_info.h");
_Static_assert(sizeof(struct start_memory) == 24, "start_info.h");

bool bootinfo_pvh(struct bootinfo *info, uint64_t address)
{
    info->loader = "PVH";
    const struct start_info *start = vm_map_readonly(address, sizeof *start);
    if (start == NULL || start->magic != START_INFO_MAGIC || start->version < 1)
        return false;
    info->rsdp = start->rsdp;
    if (start->command_line != 0)
        bootinfo_set_command_line(info, start->command_line, sizeof info->command_line);

    // One entry more than we keep is enough to notice that there are more.
    uint32_t entries = start->memory_map_entries;
    if (entries > BOOT_RANGES_MAX + 1)
        entries = BOOT_RANGES_MAX + 1;
    const struct start_memory *memory =
        vm_map_readonly(start->memory_map, entries * sizeof *memory);
    if (memory == NULL)
        return false;
    for (uint32_t i = 0; i < entries; i++)
        bootinfo_add_range(info, memory[i].base, memory[i].size, memory[i].type);

    if (start->module_count > 0) {
        const struct start_module *module = vm_map_readonly(start->modules, sizeof *module);
        if (module != NULL)
            bootinfo_set_config(info, module->address, module->size, module->command_line);
    }
    return true;
}
