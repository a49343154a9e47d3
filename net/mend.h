// SPDX-License-Identifier: BSD-2-Clause
// Gives buffers that were lost back to the slots that lost them.
#pragma once
#include "net/buffers.h"

// A buffer is lost when a driver names another one, which does not exist, in its place: its slot
// then says NO_BUFFER, and no slot names the buffer. Puts a missing buffer of its group into each
// slot that says so, as far as there are any. Call it between two rounds of forward_poll(), when
// no port with such a slot is running; so the missing buffers are in nobody's hands. Returns how
// many slots were mended. Takes time in proportion to the number of slots; when no slot of the port
// that was just stopped says so, in proportion to the number of its slots, and does nothing. Needs
// the bitmap of buffers_deal().
unsigned buffers_mend(struct buffers *buffers, const struct port *stopped);
