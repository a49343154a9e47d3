// SPDX-License-Identifier: BSD-2-Clause
// lwIP in this kernel: its clock, its random numbers, its messages.
// lwIP 2.2.1, lwip/sys.h, lwip/arch.h and lwip/init.h.
#include "net/stack/lwip_port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/opt.h"
#include "lwip/sys.h"

// Milliseconds; wraps after 49 days, which lwIP allows for.
u32_t sys_now(void)
{
    return (u32_t)(clock_us() / 1000);
}

// For port numbers and transaction identifiers, which should differ from boot to boot. xorshift64*
// over the time stamp counter; not fit for keys.
unsigned lwip_port_random(void)
{
    static uint64_t state;

    state ^= clock_tsc();
    state += state == 0;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)(state * 0x2545f4914f6cdd1dull >> 32);
}

// lwIP ends its messages with a newline, the log wants none.
void lwip_port_log(const char *format, ...)
{
    char line[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    line[strcspn(line, "\r\n")] = '\0';
    log_line("lwip: %s", line);
}

void lwip_port_fail(const char *message, const char *file, int line)
{
    panic("lwip: %s (%s:%d)", message, file, line);
}

void stack_init(void)
{
    unsigned bytes = MEM_SIZE;

    lwip_init();
    for (unsigned i = 0; i < MEMP_MAX; i++)
        bytes += (unsigned)memp_pools[i]->num * memp_pools[i]->size;
    log_line("lwIP %s, %u KiB in fixed pools", LWIP_VERSION_STRING, bytes / 1024);
}
