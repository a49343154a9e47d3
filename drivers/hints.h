// SPDX-License-Identifier: BSD-2-Clause
// What the data path tells the compiler about itself: what happens nearly always, and what has to
// be a function of its own. Attributes and built-in functions that gcc and clang share.
#pragma once

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define INLINE   inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define COLD     __attribute__((noinline, cold)) // nobody waits for it: out of the way of the rest
