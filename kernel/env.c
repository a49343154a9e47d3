// SPDX-License-Identifier: BSD-2-Clause
// What a driver may call, for the image: drivers/env.h over PCI, pages, MSI-X, clock and log. Power
// states: PCI Bus Power Management 1.2, 3.2.4 and 5.4.
#include "kernel/env.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/idle.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/pci_config.h"
#include "kernel/pci_power.h"
#include "kernel/vm.h"

enum {
    CHUNK_BYTES = 64 * 1024, // env_alloc() takes so much at a time
    ALLOC_ALIGN = 64,        // a cache line
    LINE_MAX = 200,
    MAP_MAX = 16 << 20, // of a BAR; a card's word for its size is not worth more page tables
    REARM_US = 1000,
    POWER_RECOVERY_US = 10000, // from D3hot to D0 (PCI PM 1.2, 5.4)
};

enum { FOR_ATTENTION, FOR_FRAMES }; // groups of MSI-X entries

// Wakes the function. Leaving D3hot may reset it, so its BARs are written again.
static int power_on(struct env *env)
{
    unsigned power = pci_capability(env->pci, PCI_POWER_CAPABILITY, 0);
    if (power == 0)
        return 0;
    uint32_t control = pci_read(env->pci, power + PCI_POWER_CONTROL, 2);
    if ((control & PCI_POWER_STATE) == 0)
        return 0;
    pci_write(env->pci, power + PCI_POWER_CONTROL, 2, control & ~(uint32_t)PCI_POWER_STATE);
    clock_wait_us(POWER_RECOVERY_US);
    control = pci_read(env->pci, power + PCI_POWER_CONTROL, 2);
    if ((control & PCI_POWER_STATE) != 0) {
        env_log(env, "PMCSR is %#x: does not leave its power state (PCI PM 1.2, 3.2.4)",
                (unsigned)control);
        return -EIO;
    }
    pci_restore_bars(env->pci);
    return 0;
}

int env_open(struct env *env, struct pci_device *pci, const char *name)
{
    memset(env, 0, sizeof *env);
    env->pci = pci;
    snprintf(env->name, sizeof env->name, "%s", name);
    int error = power_on(env);
    if (error != 0)
        return error;
    pci_bus_master(pci, false);
    pci_memory_decoding(pci);
    pci_write(pci, PCI_COMMAND, 2, pci_read(pci, PCI_COMMAND, 2) | PCI_COMMAND_NO_INTX);
    return 0;
}

bool env_attention(struct env *env)
{
    if (msix_waiting(&env->msix, FOR_ATTENTION) && clock_us() - env->rearmed_us >= REARM_US) {
        env->rearmed_us = clock_us();
        msix_rearm(&env->msix, FOR_ATTENTION);
    }
    if (!env->attention)
        return false;
    env->attention = false; // an interrupt just before this is answered by the same poll
    return true;
}

void env_close(struct env *env)
{
    env_bus_master(env, false);
    msix_close(&env->msix);
}

static void *zeroed_pages(size_t bytes)
{
    uint64_t physical = page_alloc(bytes, PAGE_SIZE, 0);
    if (physical == 0)
        return NULL;
    void *memory = vm_direct(physical);
    memset(memory, 0, bytes);
    return memory;
}

void *env_alloc(struct env *env, size_t bytes)
{
    if (bytes > SIZE_MAX - ALLOC_ALIGN)
        return NULL;
    size_t size = (bytes + ALLOC_ALIGN - 1) & ~(size_t)(ALLOC_ALIGN - 1);
    if (size >= CHUNK_BYTES)
        return zeroed_pages(size);
    if (size > env->chunk_bytes) {
        char *chunk = zeroed_pages(CHUNK_BYTES);
        if (chunk == NULL)
            return NULL;
        env->chunk = chunk;
        env->chunk_bytes = CHUNK_BYTES;
    }
    void *memory = env->chunk;
    env->chunk += size;
    env->chunk_bytes -= size;
    return memory;
}

uint32_t env_config_read(struct env *env, unsigned offset, unsigned width)
{
    return pci_read(env->pci, offset, width);
}

volatile void *env_map_bar(struct env *env, unsigned bar, uint64_t *size)
{
    if (bar >= PCI_BARS)
        return NULL;
    const struct pci_bar *found = &env->pci->bars[bar];
    if (found->io || found->size == 0 || found->address == 0)
        return NULL;
    uint64_t bytes = found->size < MAP_MAX ? found->size : MAP_MAX;
    if (env->mapped[bar] == NULL)
        env->mapped[bar] = vm_map_device(found->address, bytes);
    if (env->mapped[bar] != NULL)
        *size = bytes;
    return env->mapped[bar];
}

// Runs between any two instructions of the main loop: only leaves a note for it.
static void interrupted(void *context)
{
    struct env *env = context;
    env->interrupts = env->interrupts + 1;
    env->attention = true;
    idle_wake(IDLE_ATTENTION);
}

// It has woken the processor up, which is all that it is for.
static void frame_interrupted(void *context)
{
    struct env *env = context;
    env->frame_interrupts = env->frame_interrupts + 1;
    idle_wake(IDLE_FRAMES);
}

static int route(struct env *env, unsigned entry, uint8_t group, void (*handler)(void *context))
{
    if (env->msix.capability == 0) {
        int error = msix_open(&env->msix, env->pci);
        if (error != 0)
            return error;
    }
    return msix_route(&env->msix, entry, group, handler, env);
}

int env_interrupt(struct env *env, unsigned entry)
{
    return route(env, entry, FOR_ATTENTION, interrupted);
}

int env_interrupt_frames(struct env *env, unsigned entry)
{
    return route(env, entry, FOR_FRAMES, frame_interrupted);
}

void env_let_frames_interrupt(struct env *env)
{
    msix_rearm(&env->msix, FOR_FRAMES);
}

uint64_t env_time_us(void)
{
    return clock_us();
}

void env_log(struct env *env, const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    log_line("%s: %s", env->name, line);
}

// What a card says (names in its memories, for instance) must not steer the terminal.
void env_print(struct env *env, const char *format, ...)
{
    (void)env;
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    console_printf("%s\n", line);
}
