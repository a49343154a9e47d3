// SPDX-License-Identifier: BSD-2-Clause
// lwIP in this kernel: its clock, its random numbers, its messages.
// lwIP 2.2.1, lwip/sys.h, lwip/arch.h and lwip/init.h.
#include "net/stack/lwip_port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "lwip/init.h"
#include "lwip/ip_addr.h"
#include "lwip/memp.h"
#include "lwip/opt.h"
#include "lwip/sys.h"
#include "net/stack/isn.h"

static uint64_t isn_key[2];

// Milliseconds; wraps after 49 days, which lwIP allows for.
u32_t sys_now(void)
{
    return (u32_t)(clock_us() / 1000);
}

// For port numbers and transaction identifiers. As good as cpu_random(): on a processor without
// RDRAND they only differ from boot to boot.
unsigned lwip_port_random(void)
{
    return (unsigned)(cpu_random() >> 32);
}

static void copy_address(uint8_t to[16], const ip_addr_t *address)
{
    if (IP_IS_V6(address))
        memcpy(to, ip_2_ip6(address)->addr, 16);
    else
        memcpy(to, &ip_2_ip4(address)->addr, 4);
}

unsigned lwip_port_isn(const void *local, unsigned short local_port, const void *remote,
                       unsigned short remote_port)
{
    struct isn_ends ends = {.local_port = local_port, .remote_port = remote_port};
    copy_address(ends.local, local);
    copy_address(ends.remote, remote);
    return isn_at(isn_key, &ends, clock_us());
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

    isn_key[0] = cpu_random();
    isn_key[1] = cpu_random();
    lwip_init();
    for (unsigned i = 0; i < MEMP_MAX; i++)
        bytes += (unsigned)memp_pools[i]->num * memp_pools[i]->size;
    log_line("lwIP %s, %u KiB in fixed pools", LWIP_VERSION_STRING, bytes / 1024);
}
