// SPDX-License-Identifier: BSD-2-Clause
// Looks an address up in the table that tools/ makes from the first link.
#include "kernel/symbols.h"

#include <stddef.h>

#include "kernel/image.h"

// Addresses are kept as their low 32 bits, ascending; names as offsets into the strings.
extern const uint32_t symbol_count;
extern const uint32_t symbol_addresses[], symbol_names[];
extern const char symbol_strings[];

const char *symbol_at(uint64_t address, uint64_t *offset)
{
    if (address < (uint64_t)image_start || address >= (uint64_t)text_end)
        return NULL;
    uint32_t wanted = (uint32_t)address, low = 0, high = symbol_count;
    while (low < high) { // the first entry above the address
        uint32_t middle = low + (high - low) / 2;
        if (symbol_addresses[middle] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    *offset = wanted - symbol_addresses[low - 1];
    return symbol_strings + symbol_names[low - 1];
}
