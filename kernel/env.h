// SPDX-License-Identifier: BSD-2-Clause
// The kernel's side of drivers/env.h: what stands behind a driver's struct env.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "drivers/env.h"
#include "kernel/msix.h"
#include "kernel/pci.h"

enum { ENV_NAME_MAX = 16 }; // with the terminating NUL

struct env {
    struct pci_device *pci;
    char name[ENV_NAME_MAX];            // of the port, for messages
    volatile bool attention;            // set by the interrupt, cleared by env_attention()
    volatile uint32_t interrupts;       // so many, ever, for attention
    volatile uint32_t frame_interrupts; // and for frames
    volatile void *mapped[PCI_BARS];    // NULL: not mapped yet
    struct msix msix;                   // closed until the driver asks for an interrupt
    uint64_t rearmed_us;                // when the function was last allowed to interrupt again
    char *chunk;                        // what is left of the memory taken last, for env_alloc()
    size_t chunk_bytes;
};

// Takes over a function for a driver: in D0, memory decoding on, bus mastering and INTx off. name
// is copied, shortened if need be. Returns 0, or -EIO when the function does not leave its sleep;
// then *env must not be used.
int env_open(struct env *env, struct pci_device *pci, const char *name);

// Whether the function has interrupted since the last call. To be called often: it also lets the
// function interrupt again, at most once a millisecond.
bool env_attention(struct env *env);

// Lets the entries of env_interrupt_frames() that have interrupted do so again. Before the card is
// armed.
void env_let_frames_interrupt(struct env *env);

// Stops DMA and interrupts of the function. Its memory stays: the card may still be writing.
void env_close(struct env *env);
