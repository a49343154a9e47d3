// SPDX-License-Identifier: BSD-2-Clause
// Device registers: one access, of the width written, in program order.
//
// In the image an accessor is one load or store. Compiled with -DMMIO_HOOKS, each becomes a call
// to a function that a simulated card in the same process supplies: plain memory cannot react to
// an access, and registers with side effects (selectors, doorbells, clear-on-read) must.
#pragma once
#include "drivers/env.h"

#ifdef MMIO_HOOKS

// Supplied by the simulation. width is 1, 2 or 4 bytes. address lies in what env_map_bar() gave
// out; any other address is a driver's error, and the simulation should end the test.
uint64_t mmio_hook_read(const volatile void *address, unsigned width);
void mmio_hook_write(volatile void *address, unsigned width, uint64_t value);

#define MMIO_LOAD(type, address)         ((type)mmio_hook_read(address, sizeof(type)))
#define MMIO_STORE(type, address, value) mmio_hook_write(address, sizeof(type), value)

#else

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses here
#define MMIO_LOAD(type, address)         (*(const volatile type *)(address))
#define MMIO_STORE(type, address, value) ((void)(*(volatile type *)(address) = (value)))
// NOLINTEND(bugprone-macro-parentheses)

#endif

static inline uint8_t mmio_read8(const volatile void *base, unsigned offset)
{
    return MMIO_LOAD(uint8_t, (const volatile char *)base + offset);
}

static inline uint16_t mmio_read16(const volatile void *base, unsigned offset)
{
    return MMIO_LOAD(uint16_t, (const volatile char *)base + offset);
}

static inline uint32_t mmio_read32(const volatile void *base, unsigned offset)
{
    return MMIO_LOAD(uint32_t, (const volatile char *)base + offset);
}

static inline void mmio_write8(volatile void *base, unsigned offset, uint8_t value)
{
    MMIO_STORE(uint8_t, (volatile char *)base + offset, value);
}

static inline void mmio_write16(volatile void *base, unsigned offset, uint16_t value)
{
    MMIO_STORE(uint16_t, (volatile char *)base + offset, value);
}

static inline void mmio_write32(volatile void *base, unsigned offset, uint32_t value)
{
    MMIO_STORE(uint32_t, (volatile char *)base + offset, value);
}

#undef MMIO_LOAD
#undef MMIO_STORE
