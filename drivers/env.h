// SPDX-License-Identifier: BSD-2-Clause
// Everything that a driver may call. Nothing else: no allocator, no kernel, no C library.
//
// kernel/env.c implements this for the image; tests/driver/ and bench/ implement it for a simulated
// card in an ordinary process. All memory is handed out before the first start(); nothing is ever
// freed.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env; // one PCI function and what belongs to it; opaque to drivers

struct env_dma {
    void *memory;     // as the processor sees it
    uint64_t address; // as the card sees it
};

// Zeroed memory that only the processor uses. NULL when there is no more.
void *env_alloc(struct env *env, size_t bytes);

// Zeroed memory that the card may read and write, physically contiguous, aligned to 4096 bytes.
// False when there is no more.
bool env_dma_alloc(struct env *env, size_t bytes, struct env_dma *dma);

// To be said in probe() by the driver of a card that names itself as one whose DMA goes past the
// IOMMU, so that nothing confines it. False when the configuration does not want such a card: the
// log says so, and probe() must fail.
bool env_unconfined(struct env *env);

// PCI configuration space of this function, which is not the driver's to write: offset 0..4095,
// width 1, 2 or 4 bytes, naturally aligned. What cannot be read is all ones. When probe() is called
// the function is in D0, is no bus master, and has INTx disabled (the command register's Interrupt
// Disable, PCI Local Bus 3.0, 6.2.2): it interrupts by MSI-X only, and an interrupt status register
// may stay unread.
uint32_t env_config_read(struct env *env, unsigned offset, unsigned width);

// Maps memory BAR 0..5 uncached, decoding on. NULL when it is not there, is I/O, or has no address.
// *size is how many bytes of it are mapped: all, but not more than 16 MiB.
volatile void *env_map_bar(struct env *env, unsigned bar, uint64_t *size);

// I/O BAR 0..5: how many bytes of registers it has, decoding on. 0 when it is not there, is memory,
// or there is no address for it.
uint32_t env_io_bytes(struct env *env, unsigned bar);

// One access of 1, 2 or 4 bytes to a register of an I/O BAR, in program order. What lies outside
// the BAR reads as all ones and swallows what is written.
uint32_t env_io_read(struct env *env, unsigned bar, unsigned offset, unsigned width);
void env_io_write(struct env *env, unsigned bar, unsigned offset, unsigned width, uint32_t value);

// Lets the function reach memory by itself (bus mastering), or stops that. Where an IOMMU confines
// the function, memory is what env_dma_alloc() returned, the buffers that it may receive into, and,
// for reading, those that it sends; after `false` it is nothing.
void env_bus_master(struct env *env, bool on);

// Routes MSI-X table entry `entry` to this port: when it fires, poll() runs soon. Returns 0, or a
// negative errno when the function has no such entry.
int env_interrupt(struct env *env, unsigned entry);

// Routes MSI-X table entry `entry` to the box's sleep: when it fires, a box that sleeps wakes up
// and looks into all receive rings. For port_driver.arm(). An entry that fired stays masked until
// the box is about to sleep again. Returns as env_interrupt() does.
int env_interrupt_frames(struct env *env, unsigned entry);

// Microseconds since some moment before the first call; never goes back.
uint64_t env_time_us(void);

// A line in the log, prefixed with the port. printf formats without floating point.
void env_log(struct env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A line of the answer to a command on the console, without a newline at its end; at most 79
// characters, so that it fits a terminal. Only from port_driver.describe().
void env_print(struct env *env, const char *format, ...) __attribute__((format(printf, 2, 3)));
