// SPDX-License-Identifier: BSD-2-Clause
// The rings: descriptors that the card reads and writes, and beside each ring, in memory that no
// card can reach, the truth about which buffer sits in which slot.
//
// Legacy receive descriptors: 82599 datasheet (331520) 7.1.5. Legacy transmit
// descriptors: 7.2.3.2.2. Head write-back: 7.2.3.5.2.
#pragma once
#include "drivers/ixgbe/device.h"
#include "drivers/port_domain.h"
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

    // RDT is written when this many slots have been refilled since it was last written, half as
    // many in a ring of less than four times that. The card is short of fewer descriptors than
    // this: of at least 64 it lacks no more than half, of at least 256 no more than a quarter.
    IXGBE_TAIL_EVERY = 64,

    // Frames for which the fused loop uses vectors. Whether there are so many is asked without
    // asking where the ring ends, since more descriptors lie behind it.
    IXGBE_FEW = 8,

    // Descriptors between two that ask for a report: a quarter of the ring, but no more than this.
    IXGBE_REPORT_EVERY = 64,
};

// What the card writes its transmit head to: a line of its own for each queue.
struct ixgbe_head {
    _Alignas(CACHE_LINE) uint32_t value;
};
_Static_assert(sizeof(struct ixgbe_head) == CACHE_LINE, "lines are not shared");

// Where a slot is: its distance in bytes from the beginning of buffer_of, in which a buffer takes
// four. A descriptor is four times as long, so that one number finds both, without a shift.
enum { IXGBE_STEP = sizeof(uint32_t) };

struct ixgbe_rx {
    struct queue queue; // first: a queue is its ring
    struct ixgbe_rx_descriptor
        *descriptors;       // and IXGBE_FEW behind the last: the first always done,
                            // so that the last is never alone, the others never
    volatile uint8_t *tail; // RDT
    uint64_t buffers;       // where buffer 0's frame starts, as the card sees it
    uint64_t stride;        // bytes between buffers
    uint32_t at;            // the slot that the card fills next; receive() looks here
    uint32_t until; // slots to be refilled until the ring ends or RDT is to be written, 1 at least
    uint32_t owed;  // slots that receive() emptied and refill() has not filled, from next on
    uint32_t given; // the slots before this one are the card's: RDT is the one before it
    uint32_t whole_lengths; // lengths that a frame may have
    bool inside;      // in the middle of a frame that does not fit one buffer: it has none of them
    bool wide;        // relay() may use AVX2
    uint64_t address; // of the descriptors, as the card sees them
    uint32_t number;
};

struct ixgbe_tx {
    struct queue queue; // first
    struct ixgbe_tx_descriptor *descriptors;
    volatile uint8_t *tail_register; // TDT
    uint64_t buffers;                // where buffer 0 starts, as the card sees it
    uint64_t stride;
    uint32_t at; // the slot that is filled next
    uint32_t report_every;
    uint32_t clean;                // up to here (not including) the card is known to be done
    const volatile uint32_t *head; // written by the card
    const struct packet_area *area;
    uint64_t address, head_address;
    uint32_t number;
    uint32_t watched_head;  // where the head stood,
    uint64_t watched_since; // and since when, microseconds
};

// The slot that is looked at next, and the one that is filled next.
static inline uint32_t ixgbe_next(const struct ixgbe_rx *rx)
{
    return rx->at / IXGBE_STEP;
}

static inline uint32_t ixgbe_tail(const struct ixgbe_tx *tx)
{
    return tx->at / IXGBE_STEP;
}

// What lies `at` bytes of buffer numbers behind.
static inline uint32_t *ixgbe_buffer_behind(uint32_t *buffer, size_t at)
{
    return (uint32_t *)((char *)buffer + at);
}

static inline struct ixgbe_rx_descriptor *ixgbe_rx_behind(struct ixgbe_rx_descriptor *descriptor,
                                                          size_t at)
{
    const size_t bytes = at * (sizeof *descriptor / IXGBE_STEP);
    return (struct ixgbe_rx_descriptor *)((char *)descriptor + bytes);
}

static inline struct ixgbe_tx_descriptor *ixgbe_tx_behind(struct ixgbe_tx_descriptor *descriptor,
                                                          size_t at)
{
    const size_t bytes = at * (sizeof *descriptor / IXGBE_STEP);
    return (struct ixgbe_tx_descriptor *)((char *)descriptor + bytes);
}

// What belongs to the slot that lies there.
static inline uint32_t *ixgbe_buffer(const struct queue *queue, size_t at)
{
    return ixgbe_buffer_behind(queue->buffer_of, at);
}

static inline struct ixgbe_rx_descriptor *ixgbe_rx_descriptor(const struct ixgbe_rx *rx, size_t at)
{
    return ixgbe_rx_behind(rx->descriptors, at);
}

static inline struct ixgbe_tx_descriptor *ixgbe_tx_descriptor(const struct ixgbe_tx *tx, size_t at)
{
    return ixgbe_tx_behind(tx->descriptors, at);
}

// So many slots are refilled between two writes of RDT.
static inline uint32_t ixgbe_tail_every(uint32_t slots)
{
    return slots < 4 * IXGBE_TAIL_EVERY ? IXGBE_TAIL_EVERY / 2 : IXGBE_TAIL_EVERY;
}

// From slot `from` to slot `to`, going round.
static inline uint32_t ixgbe_distance(uint32_t from, uint32_t to, uint32_t slots)
{
    return to >= from ? to - from : to + slots - from;
}

// The slot before this one, where RDT points when everything before `slot` belongs to the card.
static inline uint32_t ixgbe_slot_before(uint32_t slot, uint32_t slots)
{
    return (slot == 0 ? slots : slot) - 1;
}

// Slots refilled since RDT was written.
static inline uint32_t ixgbe_withheld(const struct ixgbe_rx *rx)
{
    return ixgbe_distance(rx->given, ixgbe_next(rx), rx->queue.slots);
}

// Frames in the ring, from tx->clean on.
static inline uint32_t ixgbe_queued(const struct ixgbe_tx *tx)
{
    return ixgbe_distance(tx->clean, ixgbe_tail(tx), tx->queue.slots);
}

// Frames for which there is room as far as is known: one slot less than the ring has, because
// TDT = TDH means empty.
static inline uint32_t ixgbe_free(const struct ixgbe_tx *tx)
{
    return tx->queue.slots - 1 - ixgbe_queued(tx);
}

// How many of them a head says are sent. More than there are: it is a lie.
static inline uint32_t ixgbe_sent(const struct ixgbe_tx *tx, uint32_t head)
{
    return head >= tx->queue.slots ? UINT32_MAX : ixgbe_distance(tx->clean, head, tx->queue.slots);
}

// Frames in the ring that the card has not reported as sent; all of them when it lies about that.
static inline uint32_t ixgbe_unsent(const struct ixgbe_tx *tx)
{
    const uint32_t queued = ixgbe_queued(tx), sent = ixgbe_sent(tx, *tx->head);
    return sent <= queued ? queued - sent : queued;
}

// So many slots have been refilled that the ring ends or the card may be told of them, and so it
// is, if none lacks its buffer; or the slots in question are others now.
void ixgbe_turn(struct ixgbe_rx *rx);

// Lets frames pass without a further question, as many as there is room for in front of the ring's
// end: those for which a doorbell has no more to say than where the last one is.
void ixgbe_open(struct ixgbe_tx *tx);

// Hands all slots that are filled to the card.
static inline void ixgbe_ring_doorbell(const struct ixgbe_tx *tx)
{
    // Orders the stores to descriptors and frames before the store to TDT. The card reads
    // descriptors only up to it.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    mmio_write32(tx->tail_register, 0, ixgbe_tail(tx));
}

// The data path; see drivers/port.h.
unsigned ixgbe_receive(struct queue *queue, struct frame *frames, unsigned max);
void ixgbe_refill(struct queue *queue, const struct frame *frames, unsigned count);
void ixgbe_put(struct queue *queue, uint32_t buffer);
uint32_t ixgbe_exchange(struct queue *queue, uint64_t buffer, uint64_t length);
unsigned ixgbe_room(struct queue *queue, unsigned wanted);
unsigned ixgbe_transmit(struct queue *queue, struct frame *frames, unsigned count);
unsigned ixgbe_enqueue(struct queue *queue, const struct frame *frames, struct frame *empty,
                       unsigned count);
void ixgbe_ring(struct queue *queue);
struct relayed ixgbe_relay(struct queue *from, struct queue *to, unsigned max, uint32_t lengths);
struct steered ixgbe_steer(struct queue *queue, const struct steering *steering, unsigned max);
bool ixgbe_send_copy(struct queue *queue, const void *data, unsigned length);
uint32_t ixgbe_next_empty(struct queue *queue);
unsigned ixgbe_parts(const struct queue *queue, bool transmit,
                     struct queue_part parts[QUEUE_PARTS_MAX]);
bool ixgbe_ready(const struct queue *queue, bool transmit);
void ixgbe_sync(struct queue *queue, bool transmit, uint64_t taken, uint64_t put);
void ixgbe_misdeed(struct queue *queue, uint32_t fault, uint64_t target);
int ixgbe_adopt(struct queue *queue, bool transmit, uint64_t taken, uint64_t put, uint32_t *more);
