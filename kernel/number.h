// SPDX-License-Identifier: BSD-2-Clause
// Numbers that people typed.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// A decimal number from min to max and nothing else: no sign, no blank, nothing behind it. Else
// returns false, and *number is as it was.
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number);
