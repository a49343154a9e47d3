// SPDX-License-Identifier: BSD-2-Clause
// drivers/env.h for measuring: the driver in an ordinary process.
#include "bench/hosted.h"
#include "kernel/clock.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DMA_ALIGN = 4096 };

// The image's objects are compiled with a guard of their own.
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x5eed;

static struct env *open_envs;
static uint64_t now;

void hosted_open(struct env *env, struct port *port, const struct port_driver *driver)
{
    memset(env, 0, sizeof *env);
    env->registers = aligned_alloc(DMA_ALIGN, SIMCARD_BAR_SIZE);
    if (env->registers == NULL)
        abort();
    simcard_open(&env->card, env->registers);
    env->card.plain = true;
    const uint8_t ids[] = {0x86, 0x80, 0xFB, 0x10};
    memcpy(env->config, ids, sizeof ids);
    env->next = open_envs;
    open_envs = env;
    *port = (struct port){.driver = driver, .env = env};
}

uint64_t env_time_us(void)
{
    for (struct env *env = open_envs; env != NULL; env = env->next)
        simcard_tick(&env->card);
    return ++now;
}

// The forwarder's clock, for rings that stand still: here none does for long.
uint64_t clock_us(void)
{
    return ++now;
}

void *env_alloc(struct env *env, size_t bytes)
{
    (void)env;
    void *memory = aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    return memory == NULL ? NULL : memset(memory, 0, bytes);
}

bool env_dma_alloc(struct env *env, size_t bytes, struct env_dma *dma)
{
    (void)env;
    void *memory = aligned_alloc(DMA_ALIGN, (bytes + DMA_ALIGN - 1) / DMA_ALIGN * DMA_ALIGN);
    if (memory == NULL)
        return false;
    memset(memory, 0, bytes);
    *dma = (struct env_dma){memory, (uint64_t)(uintptr_t)memory};
    return true;
}

uint32_t env_config_read(struct env *env, unsigned offset, unsigned width)
{
    uint32_t value = 0;
    memcpy(&value, env->config + offset, width);
    return value;
}

volatile void *env_map_bar(struct env *env, unsigned bar, uint64_t *size)
{
    *size = SIMCARD_BAR_SIZE;
    return bar == 0 ? env->registers : NULL;
}

bool env_unconfined(struct env *env)
{
    (void)env;
    return true;
}

// No card here has I/O registers.
uint32_t env_io_bytes(struct env *env, unsigned bar)
{
    (void)env, (void)bar;
    return 0;
}

uint32_t env_io_read(struct env *env, unsigned bar, unsigned offset, unsigned width)
{
    (void)env, (void)bar, (void)offset, (void)width;
    return UINT32_MAX;
}

void env_io_write(struct env *env, unsigned bar, unsigned offset, unsigned width, uint32_t value)
{
    (void)env, (void)bar, (void)offset, (void)width, (void)value;
}

void env_bus_master(struct env *env, bool on)
{
    (void)env;
    (void)on;
}

int env_interrupt(struct env *env, unsigned entry)
{
    (void)env;
    (void)entry;
    return -ENOENT;
}

int env_interrupt_frames(struct env *env, unsigned entry)
{
    return env_interrupt(env, entry);
}

void env_log(struct env *env, const char *format, ...)
{
    (void)env;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void env_print(struct env *env, const char *format, ...)
{
    (void)env;
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}
