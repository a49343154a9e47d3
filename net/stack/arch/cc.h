// SPDX-License-Identifier: BSD-2-Clause
// What lwIP must be told about the compiler and the C library (lwIP 2.2.1, lwip/arch.h): both are
// complete, so nearly nothing.
#pragma once
#include <limits.h>
#include <sys/types.h>

// newlib has these types and constants, but no unistd.h worth including in a kernel.
#define SSIZE_MAX             LONG_MAX
#define LWIP_NO_UNISTD_H      1
#define LWIP_TIMEVAL_PRIVATE  0
#define LWIP_ERRNO_STDINCLUDE 1

void lwip_port_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void lwip_port_fail(const char *message, const char *file, int line);
unsigned lwip_port_random(void);
// The addresses are two ip_addr_t.
unsigned lwip_port_isn(const void *local, unsigned short local_port, const void *remote,
                       unsigned short remote_port);

#define LWIP_PLATFORM_DIAG(arguments) lwip_port_log arguments
#define LWIP_PLATFORM_ASSERT(message) lwip_port_fail(message, __FILE__, __LINE__)
#define LWIP_RAND()                   lwip_port_random()
