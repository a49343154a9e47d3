// SPDX-License-Identifier: BSD-2-Clause
// The loop that never ends: forwards while there is something to forward; every millisecond, and
// when a card asks for it, looks after the rest, more often after a port that is being started; and
// when no frame has come for a while, sleeps, and does that more rarely.
#pragma once
#include <stdbool.h>

// To be called last. forwards: box_start() has been called, and its rounds are to be run; managed:
// its management too. Without either the loop is there for the console.
_Noreturn void loop_run(bool forwards, bool managed);
