// SPDX-License-Identifier: BSD-2-Clause
// A flood of SYNs does not keep out who means it.
#pragma once

// Makes sure that TCP has room for one more connection: when all are taken, the oldest of those
// that were begun and never confirmed (SYN-RECEIVED, RFC 9293, 3.3.2) is forgotten, without an
// answer to an address that may be forged. Before each frame that lwIP gets.
void half_open_limit(void);
