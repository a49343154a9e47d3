// SPDX-License-Identifier: BSD-2-Clause
// Initial sequence numbers of TCP connections: RFC 6528, section 3, ISN = M + F(ends, key), F being
// SipHash.
#include "net/stack/isn.h"

#include "net/stack/siphash.h"

enum { TICK_US = 4 };

uint32_t isn_at(const uint64_t key[2], const struct isn_ends *ends, uint64_t us)
{
    return (uint32_t)(us / TICK_US + siphash(key, ends, sizeof *ends));
}
