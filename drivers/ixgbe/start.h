// SPDX-License-Identifier: BSD-2-Clause
// A card from its reset to the first frame, and back to rest: a step at each call.
#pragma once
#include "drivers/ixgbe/device.h"

// Goes on with what port_driver.start() says. Returns 0: everything is on. -EINPROGRESS, or another
// negative errno after a message: the card is quiet then. (82599 datasheet 4.6.3)
int ixgbe_start_step(struct ixgbe *card);

// Goes on with what port_driver.stop() says, which begins with ixgbe_stop_begin(). Returns
// -EINPROGRESS; or 0, and card->stop_error says what went wrong: -ENODEV when the card does not
// answer any more, otherwise the first wait that ran out. Nothing but a reset helps a card that
// will not be quiet: that is start()'s.
void ixgbe_stop_begin(struct ixgbe *card);
int ixgbe_stop_step(struct ixgbe *card);
