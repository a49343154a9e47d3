// SPDX-License-Identifier: BSD-2-Clause
// Receive side scaling. Intel 82599 datasheet (331520) 7.1.2.8, 8.2.3.7.12 to 8.2.3.7.15.
//
// The key repeats every 16 bits. Addresses and ports stand in the hashed bytes at distances that
// are multiples of 16 bits, so a frame and its answer, where they change places, have the same
// hash: both directions of a flow reach the same queue number on their two ports, and one core (Woo
// and Park, "Scalable TCP session monitoring with symmetric receive-side scaling", 2012).
//
// UDP is spread by addresses only: the later fragments of a datagram have no ports, would be hashed
// without, and overtake.
#include "drivers/ixgbe/rss.h"

enum {
    KEY_WORDS = 10,
    TABLE_WORDS = 32, // four entries each
};

#define SYMMETRIC_KEY UINT32_C(0x5A6D5A6D) // 6Dh 5Ah 6Dh 5Ah in memory

void ixgbe_rss_start(struct ixgbe *card)
{
    const unsigned queues = card->port->rx_queues;
    if (queues == 1) {
        ixgbe_write(card, IXGBE_MRQC, 0); // all frames go to queue 0
        return;
    }
    for (unsigned i = 0; i < KEY_WORDS; i++)
        ixgbe_write(card, IXGBE_RSSRK(i), SYMMETRIC_KEY);
    for (unsigned i = 0; i < TABLE_WORDS; i++) {
        uint32_t entries = 0;
        for (unsigned j = 0; j < 4; j++)
            entries |= (4 * i + j) % queues << 8 * j;
        ixgbe_write(card, IXGBE_RETA(i), entries);
    }
    ixgbe_write(card, IXGBE_MRQC,
                IXGBE_MRQC_RSS | IXGBE_MRQC_TCP4 | IXGBE_MRQC_IPV4 | IXGBE_MRQC_IPV6 |
                    IXGBE_MRQC_TCP6);
}
