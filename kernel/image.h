// SPDX-License-Identifier: BSD-2-Clause
// Where the parts of this program lie: symbols of linker.ld and boot/start.S.
#pragma once
#include <stdint.h>

extern const char image_start[], text_end[], rodata_end[], image_end[];
extern const char boot_stack_guard[], boot_stack_top[];
extern const uint64_t boot_tsc;
