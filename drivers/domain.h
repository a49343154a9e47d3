// SPDX-License-Identifier: BSD-2-Clause
// What ring 0 and the data path of a driver say to each other when the latter runs in ring 3: two
// pieces of memory, and nothing else. docs/isolation.md tells the story.
#pragma once
#include "drivers/port.h"

// From ring 0, one for each queue. Ring 3 can read it, and not write it.
struct domain_call {
    // The driver's data verbs, as ring 3 sees them.
    unsigned (*receive)(struct queue *rx, struct frame *frames, unsigned max);
    unsigned (*room)(struct queue *tx, unsigned wanted);
    unsigned (*transmit)(struct queue *tx, struct frame *frames, unsigned count);
    void (*refill)(struct queue *rx, const struct frame *frames, unsigned count);
    uint32_t (*next_empty)(struct queue *tx);
    void (*misdeed)(struct queue *queue, uint32_t fault, uint64_t target);

    struct domain_answer *answer;
    struct frame *frames; // in the answer: what is received, or is to be sent
    struct queue *queue;
    uint64_t generation; // of this crossing: the answer repeats it
    uint32_t count;      // frames that may be received, or that are to be sent; or room wanted
    uint32_t given;      // empty buffers for the receive ring, 0..BURST_MAX
    uint32_t wanted;     // with domain_exchange(): the room to be looked for afterwards, or 0
    uint32_t fault;      // enum domain_fault: something to do wrong on purpose
    uint64_t target;     // for the fault
    const struct domain_call *then; // with domain_exchange(): what to receive afterwards, or NULL
    struct frame buffers[BURST_MAX];
};

// From ring 3, which can write all of it at any time.
struct domain_answer {
    uint64_t generation;
    uint64_t receiving; // with domain_exchange(): the generation, once it has come to `then`
    struct frame received[BURST_MAX];
    struct frame sent[BURST_MAX]; // ring 0 puts the frames here, transmit() exchanges them
};

// What ring 0 calls through the gate. Each returns what the verb returned.
uint64_t domain_receive(const struct domain_call *call); // first gives the empty buffers back
uint64_t domain_room(const struct domain_call *call);
uint64_t domain_transmit(const struct domain_call *call);
uint64_t domain_next_empty(const struct domain_call *call);
uint64_t domain_exchange(const struct domain_call *call); // transmits, and what wanted and then say
uint64_t domain_nothing(const struct domain_call *call);  // 0: to see what a crossing costs

// What domain_exchange() returns: frames sent, frames received, and room, if it was asked for
// these.
#define EXCHANGE_SENT(value)     ((uint16_t)(value))
#define EXCHANGE_RECEIVED(value) ((uint16_t)((value) >> 16))
#define EXCHANGE_ROOM(value)     ((uint32_t)((value) >> 32))

// Where each of them returns to: the SYSCALL that leads out. The only one in ring 3's text.
void domain_exit(void);

// When a driver does what it is told to do wrong.
enum domain_where {
    WHERE_RECEIVE,       // in domain_receive()
    WHERE_RING,          // there, by misdeed(), when nothing was received and nothing given
    WHERE_FRAME,         // there, with a frame at hand
    WHERE_TRANSMIT,      // in domain_transmit()
    WHERE_TRANSMIT_RING, // there, by misdeed()
};

// What that may be: the faults of docs/isolation.md. Each has the name by which the command
// `inject` knows it, and says when it happens.
#define DOMAIN_FAULTS(F)                             \
    F(NULL_STORE, "null-store", RECEIVE)             \
    F(STORE_FORWARDER, "store-forwarder", RECEIVE)   \
    F(LOAD_FORWARDER, "load-forwarder", RECEIVE)     \
    F(STORE_DRIVER, "store-driver", RECEIVE)         \
    F(LOAD_PACKET, "load-packet", RECEIVE)           \
    F(STORE_PACKET, "store-packet", RECEIVE)         \
    F(STORE_CONTROL, "store-control", RING)          \
    F(STORE_MSIX, "store-msix", RECEIVE)             \
    F(STORE_TEXT, "store-text", RECEIVE)             \
    F(STORE_CALL, "store-call", RECEIVE)             \
    F(EXEC_DATA, "exec-data", RECEIVE)               \
    F(EXEC_WRPKRU, "exec-wrpkru", RECEIVE)           \
    F(JUMP_WRPKRU, "jump-wrpkru", RECEIVE)           \
    F(JUMP_KERNEL, "jump-kernel", RECEIVE)           \
    F(JUMP_NOWHERE, "jump-nowhere", RECEIVE)         \
    F(RETURN_NOWHERE, "return-nowhere", RECEIVE)     \
    F(STACK_OVERFLOW, "stack-overflow", RECEIVE)     \
    F(BAD_RSP, "bad-rsp", RECEIVE)                   \
    F(UD2, "ud2", RECEIVE)                           \
    F(DIVIDE, "divide", RECEIVE)                     \
    F(ARRAY_BOUNDS, "array-bounds", RECEIVE)         \
    F(OVERFLOW, "overflow", RECEIVE)                 \
    F(CLI, "cli", RECEIVE)                           \
    F(HLT, "hlt", RECEIVE)                           \
    F(IN, "in", RECEIVE)                             \
    F(OUT, "out", RECEIVE)                           \
    F(WRMSR, "wrmsr", RECEIVE)                       \
    F(MOV_CR3, "mov-cr3", RECEIVE)                   \
    F(LGDT, "lgdt", RECEIVE)                         \
    F(INT, "int", RECEIVE)                           \
    F(FLAG_TF, "flag-tf", RECEIVE)                   \
    F(FLAG_AC, "flag-ac", RECEIVE)                   \
    F(FLAG_NT, "flag-nt", RECEIVE)                   \
    F(FLAG_DF, "flag-df", RECEIVE)                   \
    F(MXCSR, "mxcsr", RECEIVE)                       \
    F(LOOP, "loop", RECEIVE)                         \
    F(ENTRY_CHANGED, "entry-changed", RECEIVE)       \
    F(SILENCE, "silence", RECEIVE)                   \
    F(USED_ID, "used-id", RING)                      \
    F(USED_REPLAY, "used-replay", RING)              \
    F(USED_LENGTH, "used-length", RING)              \
    F(USED_AHEAD, "used-ahead", RING)                \
    F(RING_AHEAD, "ring-ahead", RING)                \
    F(RING_BACK, "ring-back", RING)                  \
    F(TABLE_REWRITTEN, "table-rewritten", RING)      \
    F(DMA_FORWARDER, "dma-forwarder", RING)          \
    F(DMA_BUFFERS, "dma-buffers", RING)              \
    F(LEFT_ENABLED, "left-enabled", RING)            \
    F(COUNT_AHEAD, "count-ahead", FRAME)             \
    F(COUNT_BACK, "count-back", FRAME)               \
    F(STALE, "stale", FRAME)                         \
    F(INDEX, "index", FRAME)                         \
    F(FOREIGN, "foreign", FRAME)                     \
    F(DUPLICATE, "duplicate", FRAME)                 \
    F(LENGTH_13, "length-13", FRAME)                 \
    F(LENGTH_64K, "length-64k", FRAME)               \
    F(OFFSET, "offset", FRAME)                       \
    F(SENT_COUNT, "sent-count", TRANSMIT)            \
    F(SENT_INDEX, "sent-index", TRANSMIT)            \
    F(SENT_FOREIGN, "sent-foreign", TRANSMIT)        \
    F(SENT_DUPLICATE, "sent-duplicate", TRANSMIT)    \
    F(DMA_HEAD, "dma-head", TRANSMIT_RING)           \
    F(DMA_INTERRUPT, "dma-interrupt", TRANSMIT_RING) \
    F(HOARD, "hoard", TRANSMIT)

enum domain_fault_number {
    FAULT_NUMBER_NONE,
#define F(id, name, where) FAULT_NUMBER_##id,
    DOMAIN_FAULTS(F)
#undef F
        FAULT_NUMBERS
};

// A number, and when it happens above it: ring 3's text has no tables.
enum { FAULT_WHERE_SHIFT = 8 };
enum domain_fault {
    FAULT_NONE,
#define F(id, name, where) FAULT_##id = FAULT_NUMBER_##id | WHERE_##where << FAULT_WHERE_SHIFT,
    DOMAIN_FAULTS(F)
#undef F
};

static inline enum domain_where domain_fault_where(uint32_t fault)
{
    return fault >> FAULT_WHERE_SHIFT;
}
static inline bool domain_fault_on_transmit(uint32_t fault)
{
    return domain_fault_where(fault) >= WHERE_TRANSMIT;
}
static inline bool domain_fault_by_ring(uint32_t fault)
{
    return domain_fault_where(fault) == WHERE_RING ||
           domain_fault_where(fault) == WHERE_TRANSMIT_RING;
}

// Whether a crossing to which so many empty buffers were given, and in which the verb returned
// value, is none for this fault: one needs a frame or two, another needs quiet. What else value
// says of an exchange does not count.
static inline bool domain_fault_waits(uint32_t fault, uint32_t given, uint64_t value)
{
    switch (domain_fault_where(fault)) {
    case WHERE_RING:
        return (given | value) != 0;
    case WHERE_FRAME:
        return value == 0;
    case WHERE_TRANSMIT:
        if (fault == FAULT_SENT_INDEX || fault == FAULT_SENT_FOREIGN)
            return EXCHANGE_SENT(value) == 0;
        return fault == FAULT_SENT_DUPLICATE && EXCHANGE_SENT(value) < 2;
    default:
        return false;
    }
}

// Does it. value is what the verb returned; returns what to return instead, if it returns.
uint64_t domain_fault(const struct domain_call *call, uint64_t value);
