// SPDX-License-Identifier: BSD-2-Clause
// Initial sequence numbers of TCP connections, as RFC 6528 wants them.
#pragma once
#include <stdint.h>

// The two ends of a connection. An IPv4 address has 12 zeros behind it.
struct isn_ends {
    uint8_t local[16], remote[16];
    uint16_t local_port, remote_port;
};
_Static_assert(sizeof(struct isn_ends) == 36, "no bytes in between: all of it is hashed");

// The number at `us` microseconds since boot: a clock of 4 us (RFC 9293, 3.4.1), which is ahead by
// something that differs for each pair of ends and that only the key tells.
uint32_t isn_at(const uint64_t key[2], const struct isn_ends *ends, uint64_t us);
