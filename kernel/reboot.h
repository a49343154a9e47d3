// SPDX-License-Identifier: BSD-2-Clause
// Restarting the machine.
#pragma once

// Stops the cards, then tries everything that resets a PC, the cleanest first. Works in a panic:
// takes no locks, needs no interrupts, and ends with a triple fault.
_Noreturn void reboot(void);
