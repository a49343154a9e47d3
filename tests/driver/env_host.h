// SPDX-License-Identifier: BSD-2-Clause
// drivers/env.h for an ordinary process: the driver under test meets a simulated card.
//
// Compile the driver with -DMMIO_HOOKS. Mapped BARs are address space without access rights, so a
// driver that goes around drivers/mmio.h crashes. DMA addresses are not pointers: a driver that
// hands a card the one for the other is caught, and so is a card (or a driver) that reaches memory
// which was never handed out for DMA.
#pragma once
#ifndef MMIO_HOOKS
#error "compile tests of drivers, and the drivers in them, with -DMMIO_HOOKS"
#endif
#include "drivers/env.h"
#include <stdlib.h>

enum {
    HOST_BARS = 6,
    HOST_ALLOCATIONS_MAX = 80,
    HOST_WINDOWS_MAX = 64,
    HOST_LOG_MAX = 4096,
    HOST_PRINT_MAX = 16384, // as much as the console's queue
    HOST_PRINT_COLUMNS = 79,
};

// What a kind of simulated card does. `card` is the simulation's own state.
struct host_card {
    uint32_t (*config_read)(void *card, unsigned offset, unsigned width);
    uint64_t (*bar_read)(void *card, unsigned bar, uint64_t offset, unsigned width);
    void (*bar_write)(void *card, unsigned bar, uint64_t offset, unsigned width, uint64_t value);
    uint32_t (*io_read)(void *card, unsigned bar, unsigned offset, unsigned width);
    void (*io_write)(void *card, unsigned bar, unsigned offset, unsigned width, uint32_t value);
    void (*tick)(void *card); // the clock was looked at; NULL: time changes nothing
};

// Memory that the card can reach.
struct host_window {
    uint8_t *memory;
    uint64_t address; // as the card sees it
    size_t bytes;
};

struct env {
    const struct host_card *type;
    void *card;
    struct env *next; // all that are open

    uint64_t bar_size[HOST_BARS]; // bytes; 0: not there. Set by the simulation.
    void *bars[HOST_BARS];        // once mapped
    uint32_t io_bytes[HOST_BARS]; // of I/O BARs; 0: not there. Set by the simulation.

    void *allocations[HOST_ALLOCATIONS_MAX];
    unsigned allocation_count;
    unsigned allocations_allowed; // further ones fail; a test may lower it

    struct host_window windows[HOST_WINDOWS_MAX];
    unsigned window_count;
    uint64_t dma_next; // address of the next one; a simulation may set it

    bool bus_master;
    bool must_confine;      // env_unconfined() refuses
    bool unconfined;        // env_unconfined() was called
    unsigned vectors;       // MSI-X table entries that env_interrupt() can route
    unsigned routed;        // bit n: entry n was routed
    unsigned routed_frames; // the same, for frames

    char log[HOST_LOG_MAX]; // what the driver said, one line after the other
    size_t log_length;
    char printed[HOST_PRINT_MAX]; // the same for env_print()
    size_t printed_length;
    void (*on_print)(void *card); // others work while env_print() waits; NULL: nobody does
};

// Opens *env for a card. The simulation then sets bar_size, io_bytes and vectors.
void host_open(struct env *env, const struct host_card *type, void *card);

// Frees everything that the driver was given.
void host_close(struct env *env);

// Lets the card reach `bytes` bytes at memory, which stay the caller's: a packet area. Returns the
// address that the card sees.
uint64_t host_share(struct env *env, void *memory, size_t bytes);

// What a card sees at this address, or NULL when [address, address + bytes) was not handed out for
// DMA, or bus mastering is off.
void *host_dma(struct env *env, uint64_t address, size_t bytes);

// How far the simulated clock goes each time it is read. 1 us unless set.
void host_clock_step(uint64_t microseconds);

bool host_logged(const struct env *env, const char *text);
