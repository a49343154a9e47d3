// SPDX-License-Identifier: BSD-2-Clause
// Names for addresses: the table that the second link puts into the image.
#pragma once
#include <stdint.h>

// The name of the function that holds the address, and how far into it; NULL when outside text.
const char *symbol_at(uint64_t address, uint64_t *offset);
