// SPDX-License-Identifier: BSD-2-Clause
// drivers/env.h for an ordinary process: the driver under test meets a simulated card.
#include "tests/driver/env_host.h"
#include "drivers/mmio.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

// Where cards see memory: nowhere near the pointers to it, and with a gap behind each piece.
#define DMA_FIRST (1ULL << 52)
enum { DMA_PAGE = 4096 };

static struct env *open_envs;
static uint64_t clock_now = 1, clock_step = 1;

static void forget(struct env *env)
{
    for (struct env **link = &open_envs; *link != NULL; link = &(*link)->next) {
        if (*link == env) {
            *link = env->next;
            return;
        }
    }
}

void host_open(struct env *env, const struct host_card *type, void *card)
{
    forget(env); // a test that failed did not close it
    *env = (struct env){
        .type = type,
        .card = card,
        .next = open_envs,
        .allocations_allowed = HOST_ALLOCATIONS_MAX,
        .dma_next = DMA_FIRST,
    };
    open_envs = env;
}

void host_close(struct env *env)
{
    for (unsigned i = 0; i < env->allocation_count; i++)
        free(env->allocations[i]);
    for (unsigned i = 0; i < HOST_BARS; i++)
        if (env->bars[i] != NULL)
            munmap(env->bars[i], env->bar_size[i]);
    forget(env);
}

void host_clock_step(uint64_t microseconds)
{
    clock_step = microseconds;
}

uint64_t env_time_us(void)
{
    for (struct env *env = open_envs; env != NULL; env = env->next)
        if (env->type->tick != NULL)
            env->type->tick(env->card);
    clock_now += clock_step;
    return clock_now;
}

static void *allocate(struct env *env, size_t alignment, size_t bytes)
{
    if (env->allocation_count >= env->allocations_allowed)
        return NULL;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, bytes) != 0)
        return NULL;
    memset(memory, 0, bytes);
    env->allocations[env->allocation_count++] = memory;
    return memory;
}

void *env_alloc(struct env *env, size_t bytes)
{
    return allocate(env, 64, bytes);
}

bool env_dma_alloc(struct env *env, size_t bytes, struct env_dma *dma)
{
    void *memory = allocate(env, 4096, bytes);
    if (memory == NULL)
        return false;
    *dma = (struct env_dma){memory, host_share(env, memory, bytes)};
    return true;
}

uint64_t host_share(struct env *env, void *memory, size_t bytes)
{
    if (env->window_count == HOST_WINDOWS_MAX) {
        fprintf(stderr, "env_host: more than %d DMA windows\n", HOST_WINDOWS_MAX);
        abort();
    }
    uint64_t address = env->dma_next + (uintptr_t)memory % DMA_PAGE;
    env->dma_next += (bytes / DMA_PAGE + 3) * DMA_PAGE;
    env->windows[env->window_count++] = (struct host_window){memory, address, bytes};
    return address;
}

void *host_dma(struct env *env, uint64_t address, size_t bytes)
{
    if (!env->bus_master)
        return NULL;
    for (unsigned i = 0; i < env->window_count; i++) {
        const struct host_window *window = &env->windows[i];
        uint64_t offset = address - window->address; // huge when below
        if (offset < window->bytes && bytes <= window->bytes - offset)
            return window->memory + offset;
    }
    return NULL;
}

static void check_config_access(unsigned offset, unsigned width)
{
    if ((width == 1 || width == 2 || width == 4) && offset % width == 0 && offset <= 4096 - width)
        return;
    fprintf(stderr, "env_host: configuration access of %u bytes at 0x%x\n", width, offset);
    abort();
}

uint32_t env_config_read(struct env *env, unsigned offset, unsigned width)
{
    check_config_access(offset, width);
    return env->type->config_read(env->card, offset, width);
}

volatile void *env_map_bar(struct env *env, unsigned bar, uint64_t *size)
{
    if (bar >= HOST_BARS || env->bar_size[bar] == 0)
        return NULL;
    if (env->bars[bar] == NULL) {
        void *memory = mmap(NULL, env->bar_size[bar], PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
        env->bars[bar] = memory;
    }
    *size = env->bar_size[bar];
    return env->bars[bar];
}

bool env_unconfined(struct env *env)
{
    env->unconfined = true;
    return !env->must_confine;
}

uint32_t env_io_bytes(struct env *env, unsigned bar)
{
    return bar < HOST_BARS ? env->io_bytes[bar] : 0;
}

// An access outside the BAR is a driver's error, which the image would survive.
static void check_io_access(const struct env *env, unsigned bar, unsigned offset, unsigned width)
{
    if (bar < HOST_BARS && (width == 1 || width == 2 || width == 4) &&
        width <= env->io_bytes[bar] && offset <= env->io_bytes[bar] - width)
        return;
    fprintf(stderr, "env_host: I/O access of %u bytes at 0x%x of BAR %u\n", width, offset, bar);
    abort();
}

uint32_t env_io_read(struct env *env, unsigned bar, unsigned offset, unsigned width)
{
    check_io_access(env, bar, offset, width);
    return env->type->io_read(env->card, bar, offset, width);
}

void env_io_write(struct env *env, unsigned bar, unsigned offset, unsigned width, uint32_t value)
{
    check_io_access(env, bar, offset, width);
    env->type->io_write(env->card, bar, offset, width, value);
}

void env_bus_master(struct env *env, bool on)
{
    env->bus_master = on;
}

static int route(const struct env *env, unsigned entry, unsigned *routed)
{
    if (entry >= env->vectors)
        return -ENOENT;
    *routed |= 1u << entry;
    return 0;
}

int env_interrupt(struct env *env, unsigned entry)
{
    return route(env, entry, &env->routed);
}

int env_interrupt_frames(struct env *env, unsigned entry)
{
    return route(env, entry, &env->routed_frames);
}

void env_log(struct env *env, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = HOST_LOG_MAX - env->log_length;
    int length = vsnprintf(env->log + env->log_length, room, format, arguments);
    va_end(arguments);
    // A full log keeps its beginning.
    if (length >= 0 && (size_t)length + 1 < room) {
        env->log_length += (size_t)length;
        env->log[env->log_length++] = '\n';
    }
    env->log[env->log_length] = '\0';
}

void env_print(struct env *env, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t room = HOST_PRINT_MAX - env->printed_length;
    if (length < 0 || length > HOST_PRINT_COLUMNS || (size_t)length + 2 > room) {
        fprintf(stderr, "env_host: env_print() of %d characters: %s\n", length, line);
        abort();
    }
    env->printed_length += (size_t)snprintf(env->printed + env->printed_length, room, "%s\n", line);
    if (env->on_print != NULL)
        env->on_print(env->card);
}

bool host_logged(const struct env *env, const char *text)
{
    return strstr(env->log, text) != NULL;
}

// Which card and register an address means.
static struct env *find_register(const volatile void *address, unsigned width, unsigned *bar,
                                 uint64_t *offset)
{
    uintptr_t at = (uintptr_t)address;
    for (struct env *env = open_envs; env != NULL; env = env->next) {
        for (unsigned i = 0; i < HOST_BARS; i++) {
            uint64_t distance = at - (uintptr_t)env->bars[i];
            if (env->bars[i] == NULL || distance >= env->bar_size[i] ||
                width > env->bar_size[i] - distance)
                continue;
            *bar = i;
            *offset = distance;
            return env;
        }
    }
    fprintf(stderr, "env_host: register access outside every mapped BAR\n");
    abort();
}

uint64_t mmio_hook_read(const volatile void *address, unsigned width)
{
    unsigned bar;
    uint64_t offset;
    struct env *env = find_register(address, width, &bar, &offset);
    return env->type->bar_read(env->card, bar, offset, width);
}

void mmio_hook_write(volatile void *address, unsigned width, uint64_t value)
{
    unsigned bar;
    uint64_t offset;
    struct env *env = find_register(address, width, &bar, &offset);
    env->type->bar_write(env->card, bar, offset, width, value);
}
