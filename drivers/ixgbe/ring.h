// SPDX-License-Identifier: BSD-2-Clause
// The rings: descriptors that the card reads and writes, and beside each ring, in memory that no
// card can reach, the truth about which buffer sits in which slot.
//
// Legacy receive descriptors: 82599 datasheet (331520) 7.1.5. Legacy transmit
// descriptors: 7.2.3.2.2. Head write-back: 7.2.3.5.2.
#pragma once
#include "drivers/ixgbe/device.h"
#include <stddef.h>

struct ixgbe_rx_descriptor {
    uint64_t address;
    union {
        struct {
            uint16_t length;
            uint16_t checksum;
            uint8_t status;
            uint8_t errors;
            uint16_t vlan;
        };
        uint64_t written; // all that the card writes
    };
};
_Static_assert(sizeof(struct ixgbe_rx_descriptor) == 16, "7.1.5");
_Static_assert(offsetof(struct ixgbe_rx_descriptor, length) == 8, "7.1.5");
_Static_assert(offsetof(struct ixgbe_rx_descriptor, status) == 12, "7.1.5");

struct ixgbe_tx_descriptor {
    uint64_t address;
    uint64_t command; // length and IXGBE_TX_*; with head write-back the card writes none of it
};
_Static_assert(sizeof(struct ixgbe_tx_descriptor) == 16, "7.2.3.2.2");

enum {
    IXGBE_RX_DD = 1 << 0,  // in status: the card is done with the descriptor
    IXGBE_RX_EOP = 1 << 1, // in status: the frame ends here

    IXGBE_TX_EOP = 1 << 24,  // in command: the frame ends here
    IXGBE_TX_IFCS = 1 << 25, // append the FCS
    IXGBE_TX_RS = 1 << 27,   // report the head when this has been sent

    IXGBE_SLOTS_MIN = 64, // ring lengths: multiples of 8 descriptors (7.1.9, 7.2.3.3)
    IXGBE_SLOTS_MAX = 4096,
    IXGBE_SLOTS_DEFAULT = 512,

    // RDT is written when this many slots have been refilled since it was last written. The card is
    // short of fewer descriptors than this, out of at least 64: it cannot starve.
    IXGBE_TAIL_EVERY = 32,

    // Descriptors between two that ask for a report: a quarter of the ring, but no more than this.
    IXGBE_REPORT_EVERY = 64,
};

// What the card writes its transmit head to: a line of its own for each queue.
struct ixgbe_head {
    _Alignas(CACHE_LINE) uint32_t value;
};
_Static_assert(sizeof(struct ixgbe_head) == CACHE_LINE, "lines are not shared");

struct ixgbe_rx {
    struct queue queue; // first: a queue is its ring
    struct ixgbe_rx_descriptor *descriptors;
    volatile uint8_t *tail; // RDT
    uint64_t buffers;       // where buffer 0's frame starts, as the card sees it
    uint32_t stride;        // bytes between buffers
    uint32_t lengths;       // lengths accepted: FRAME_MIN .. FRAME_MIN + lengths - 1; 0, none,
                            // in the middle of a frame that does not fit one buffer
    uint32_t whole_lengths; // the same when not in the middle of one
    uint32_t next;          // the slot that the card fills next; receive() looks here
    uint32_t withheld;      // slots refilled since RDT was written
    uint32_t owed;    // slots that receive() emptied and refill() has not filled, from next on
    bool wide;        // relay() may use AVX2
    uint64_t address; // of the descriptors, as the card sees them
    uint32_t number;
};

struct ixgbe_tx {
    struct queue queue; // first; free is exact: one slot less than the ring has stays unused,
                        // because TDT = TDH means empty
    struct ixgbe_tx_descriptor *descriptors;
    volatile uint8_t *tail_register; // TDT
    uint64_t buffers;                // where buffer 0 starts, as the card sees it
    uint32_t stride;
    uint32_t report_every;
    uint32_t tail;                 // the slot that is filled next
    uint32_t clean;                // up to here (not including) the card is known to be done
    const volatile uint32_t *head; // written by the card
    const struct packet_area *area;
    uint64_t address, head_address;
    uint32_t number;
    uint32_t watched_head;  // where the head stood,
    uint64_t watched_since; // and since when, microseconds
};

// The slot before this one, where RDT points when everything before `slot` belongs to the card.
static inline uint32_t ixgbe_slot_before(uint32_t slot, uint32_t slots)
{
    return (slot == 0 ? slots : slot) - 1;
}

// Frames in the ring, from tx->clean on.
static inline uint32_t ixgbe_queued(const struct ixgbe_tx *tx)
{
    return tx->queue.slots - 1 - tx->queue.free;
}

// How many of them a head says are sent. More than there are: it is a lie.
static inline uint32_t ixgbe_sent(const struct ixgbe_tx *tx, uint32_t head)
{
    if (head >= tx->queue.slots)
        return UINT32_MAX;
    return head >= tx->clean ? head - tx->clean : head + tx->queue.slots - tx->clean;
}

// Frames in the ring that the card has not reported as sent; all of them when it lies about that.
static inline uint32_t ixgbe_unsent(const struct ixgbe_tx *tx)
{
    const uint32_t queued = ixgbe_queued(tx), sent = ixgbe_sent(tx, *tx->head);
    return sent <= queued ? queued - sent : queued;
}

// The data path; see drivers/port.h.
unsigned ixgbe_receive(struct queue *queue, struct frame *frames, unsigned max);
void ixgbe_refill(struct queue *queue, const struct frame *frames, unsigned count);
unsigned ixgbe_room(struct queue *queue, unsigned wanted);
unsigned ixgbe_transmit(struct queue *queue, struct frame *frames, unsigned count);
unsigned ixgbe_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count);
void ixgbe_ring(struct queue *queue);
struct relayed ixgbe_relay(struct queue *from, struct queue *to, unsigned max, uint32_t longest);
bool ixgbe_send_copy(struct queue *queue, const void *data, unsigned length);
uint32_t ixgbe_next_empty(struct queue *queue);
unsigned ixgbe_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX]);
bool ixgbe_ready(const struct queue *queue, bool transmit);
void ixgbe_sync(struct queue *queue, bool transmit, uint64_t taken, uint64_t put);
void ixgbe_misdeed(struct queue *queue, uint32_t fault, uint64_t target);
int ixgbe_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more);
