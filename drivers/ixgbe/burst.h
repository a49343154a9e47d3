// SPDX-License-Identifier: BSD-2-Clause
// What the two halves of the data path share.
//
// No fence instruction is needed between descriptors and doorbells: x86 processors keep the order
// of stores (Intel SDM volume 3, 9.2.2), PCI Express keeps the order of the card's writes. The
// fences there hold back the compiler.
#pragma once
#include "drivers/hints.h"
#include <stdint.h>

static inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
