// SPDX-License-Identifier: BSD-2-Clause
// lwIP in this kernel: its clock, its random numbers, its messages. The stack serves the box
// itself; forwarded frames never come near it.
#pragma once

// Makes lwIP ready, with no interface yet. Once, after clock_init().
void stack_init(void);
