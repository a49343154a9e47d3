// SPDX-License-Identifier: BSD-2-Clause
// kernel/domain.h and kernel/gate.h for measuring: ring 3 is a part of this process. Everything
// between the forwarder and a driver's verbs is the image's, the way into ring 3 and back is not:
// here it is a call. What the real one costs is stated apart (docs/numbers.md).
#define _GNU_SOURCE // memfd_create()
#include "bench/rig.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "net/deed.h"
#include "net/flips.h"
#include "net/proxy.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct domain domains[RIG_PORTS_MAX];
static unsigned count;
uint64_t gate_crossings;
struct gate_left gate_left;

struct gate_result gate_enter(const struct gate_entry *entry)
{
    uint64_t (*function)(uint64_t) = (__typeof__(function))entry->rip;
    gate_crossings++;
    return (struct gate_result){function(entry->argument), GATE_RETURNED};
}

void gate_describe(uint64_t ended, char *text, unsigned size)
{
    (void)ended;
    snprintf(text, size, "came back");
}

// No watchdog ends a call.
uint64_t gate_overdue_since(void)
{
    return 0;
}

void gate_look(bool on)
{
    (void)on;
}

static void *pages(uint64_t bytes)
{
    void *memory = aligned_alloc(PAGE_SIZE, (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
    return memory == NULL ? NULL : memset(memory, 0, bytes);
}

// An address in the direct map, which here is all of the address space: it wraps.
uint64_t page_alloc(uint64_t bytes, uint64_t align, uint64_t below)
{
    (void)align, (void)below;
    void *memory = pages(bytes);
    return memory == NULL ? 0 : (uint64_t)memory - VM_DIRECT;
}

struct domain *domain_create(const char *name)
{
    static uint64_t return_address[RIG_PORTS_MAX];
    struct domain *domain = &domains[count];
    *domain = (struct domain){.name = name, .return_address = &return_address[count]};
    domain->answer =
        domain_memory(domain, sizeof *domain->answer, VM_USER_WRITE, &domain->answer_address);
    count++;
    return domain->answer == NULL ? NULL : domain;
}

void domain_restore(struct domain *domain)
{
    (void)domain;
}

void *domain_memory(struct domain *domain, size_t bytes, enum vm_user kind, uint64_t *user)
{
    (void)domain, (void)kind;
    void *memory = pages(bytes);
    *user = (uint64_t)memory;
    return memory;
}

uint64_t domain_share(struct domain *domain, const volatile void *memory, size_t bytes,
                      enum vm_user kind)
{
    (void)domain, (void)bytes, (void)kind;
    return (uint64_t)memory;
}

// In the image one page lies behind all of the range. Here it is as many as keep a computer that is
// itself a guest from forgetting the mappings: some shadow each page at a few addresses only.
uint64_t domain_mirror(struct domain *domain, uint64_t bytes)
{
    (void)domain;
    enum { NOWHERE = 16 * 1024 };
    const int file = memfd_create("nowhere", 0);
    char *range = mmap(NULL, bytes + NOWHERE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (file < 0 || ftruncate(file, NOWHERE) != 0 || range == MAP_FAILED)
        return 0;
    for (uint64_t at = 0; at < bytes; at += NOWHERE)
        if (mmap(range + at, NOWHERE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
                 file, 0) == MAP_FAILED)
            return 0;
    close(file);
    return (uint64_t)range;
}

// --- what is around a proxy, into which no fault is put ---

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void flips_begin(struct proxy *proxy)
{
    (void)proxy;
}

void flips_end(void)
{
}

void deed_before(const struct deed *deed)
{
    (void)deed;
}

void deed_after(const struct deed *deed, const struct gate_left *left)
{
    (void)deed, (void)left;
}
