// SPDX-License-Identifier: BSD-2-Clause
// The compiler's vector intrinsics, without the allocator that gcc's header would pull in.
#pragma once
#define _MM_MALLOC_H_INCLUDED // NOLINT(bugprone-reserved-identifier): gcc's guard
#define __MM_MALLOC_H         // NOLINT(bugprone-reserved-identifier): clang's guard
#include <immintrin.h>
