// SPDX-License-Identifier: BSD-2-Clause
// lwIP's timers, one at a time: each is bounded by the size of a table, all of them together are
// not bounded by what the data path can spare.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Runs one timer that is due. Returns whether there was one.
bool timers_run(uint64_t now_us);

// When the next timer is due, us.
uint64_t timers_next(void);
