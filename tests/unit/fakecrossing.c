// SPDX-License-Identifier: BSD-2-Clause
// What is around a crossing, for tests of which none injects a fault or changes bits: nobody looks
// at what it left behind, and nothing is logged.
#include "net/deed.h"

#include "kernel/log.h"
#include "net/flips.h"

struct gate_left gate_left;

void gate_look(bool on)
{
    (void)on;
}

void deed_before(const struct deed *deed)
{
    (void)deed;
}

void deed_after(const struct deed *deed, const struct gate_left *left)
{
    (void)deed, (void)left;
}

void log_line(const char *format, ...)
{
    (void)format;
}

void flips_begin(struct proxy *proxy)
{
    (void)proxy;
}

void flips_end(void)
{
}

uint64_t domain_fault(const struct domain_call *call, uint64_t value)
{
    (void)call;
    return value;
}

void gate_describe(uint64_t how, char *text, unsigned size)
{
    (void)how;
    text[0] = size > 0 ? '\0' : text[0];
}
