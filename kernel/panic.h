// SPDX-License-Identifier: BSD-2-Clause
// The end: says what happened, then reboots after ten seconds, or halts if so configured.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

// For what must not happen: a broken invariant of our own. Never for what a device, a packet or a
// user did. The message is one line without a newline.
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

// An exception that nobody expected: prints registers and a backtrace with names.
_Noreturn void panic_trap(const struct trap_frame *frame);

// "page fault", for people; "reserved" for a vector without a name.
const char *panic_exception_name(unsigned vector);

// "write to", of the error code that a page fault leaves (SDM volume 3, 4.7).
const char *panic_access_name(uint64_t error);

// After a panic: true halts for good, false (as at boot) reboots after ten seconds.
void panic_set_halt(bool halt);
