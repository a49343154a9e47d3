// SPDX-License-Identifier: BSD-2-Clause
// SipHash-2-4: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
#pragma once
#include <stddef.h>
#include <stdint.h>

// 64 bits of `length` bytes that nobody can foretell who does not know the key.
uint64_t siphash(const uint64_t key[2], const void *data, size_t length);
