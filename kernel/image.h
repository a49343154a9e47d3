// SPDX-License-Identifier: BSD-2-Clause
// Where the parts of this program lie: symbols of linker.ld and boot/start.S.
#pragma once
#include <stdint.h>

extern const char image_start[], text_end[], rodata_end[], image_end[];
// What may run in ring 3: every driver's data path, on pages of its own.
extern const char domain_text_start[], domain_text_end[];
extern const char boot_stack_guard[], boot_stack_top[];
extern const uint64_t boot_tsc; // the time-stamp counter at kernel entry
