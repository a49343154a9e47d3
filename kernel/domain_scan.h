// SPDX-License-Identifier: BSD-2-Clause
// Which instructions ring 3's text must not have, at any offset: a jump may go into the middle of
// another one.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Looks for WRPKRU, XRSTOR and XRSTORS, which open other domains, and for SYSCALL and SYSENTER
// elsewhere than at `way_out`. Returns the name of the first found, with *at its offset; NULL:
// none.
const char *domain_scan(const uint8_t *text, size_t bytes, size_t way_out, size_t *at);
