// SPDX-License-Identifier: BSD-2-Clause
// The kernel's side of drivers/env.h: what stands behind a driver's struct env.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "drivers/env.h"
#include "kernel/iommu.h"
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
    struct iommu_device iommu; // what the function reaches
    bool must_confine;         // it may not run otherwise
    char *dma;                 // what is left of the DMA memory taken last
    size_t dma_bytes;
};

// Takes over a function for a driver: in D0, memory decoding on, bus mastering and INTx off. name
// is copied, shortened if need be. Returns 0, or -EIO when the function does not leave its sleep;
// then *env must not be used.
int env_open(struct env *env, struct pci_device *pci, const char *name);

// Decides what the function reaches: with confine only its own memory and what env_grant() adds,
// else everything. Where it cannot be confined it reaches everything, and the log says why; or,
// with must, it reaches nothing and false is returned. After env_open(), before its driver probes
// it.
bool env_isolate(struct env *env, bool confine, bool must);

// Whether an IOMMU confines the function.
bool env_confined(const struct env *env);

// Lets a confined function read memory, and write it if write is set; does nothing for others. Both
// numbers are multiples of 4096. Before its driver starts it. Returns 0 or iommu_map()'s errors.
int env_grant(struct env *env, uint64_t address, uint64_t bytes, bool write);

// Cuts the function off from all memory, at once, until its driver turns bus mastering on again.
void env_cut_off(struct env *env);

// Whether the function has interrupted since the last call. To be called often: it also lets the
// function interrupt again, at most once a millisecond.
bool env_attention(struct env *env);

// Lets the entries of env_interrupt_frames() that have interrupted do so again. Before the card is
// armed.
void env_let_frames_interrupt(struct env *env);

// Stops DMA and interrupts of the function. Its memory stays: the card may still be writing.
void env_close(struct env *env);
