// SPDX-License-Identifier: BSD-2-Clause
// newlib's floor: the system calls that the C library expects of a kernel.
#pragma once
#include <stddef.h>

// What malloc() has handed out at most so far, and could, in bytes. The heap is fixed: it is for
// start-up and the management stack, never for packets.
size_t libc_heap_used(void);
size_t libc_heap_size(void);
