// SPDX-License-Identifier: BSD-2-Clause
// How long frames wait in the box.
#pragma once
#include "bench/rig.h"

// Offers mpps million frames a second, both directions together, to a path of two ports until
// `frames` of them have been timed, and prints one line of JSON. Returns 0, or 1 after saying on
// stderr what went wrong: a frame that was lost, changed, doubled or out of order, or a buffer that
// was lost.
int latency(const struct path *path, double mpps, unsigned long frames);
