// SPDX-License-Identifier: BSD-2-Clause
// One card: its private state, its registers, and waiting for it.
#pragma once
#include "drivers/ixgbe/model.h"
#include "drivers/ixgbe/regs.h"
#include "drivers/ixgbe/sfp.h"
#include "drivers/mmio.h"
#include "drivers/port.h"

enum { IXGBE_FORGET_US = 100 }; // what a queue needs that was turned off (4.6.7.1.2, 4.6.8.1.2)

struct ixgbe_rx;
struct ixgbe_tx;

// Where something stands that takes many calls, each of which does a step or a piece of one; see
// steps.h.
struct ixgbe_steps {
    unsigned step;  // 0: at the beginning
    uint64_t since; // when this step began, microseconds
    unsigned queue; // how far a step is that goes through all rings
    uint32_t slot;
};

// Where a reset stands; see reset.c.
struct ixgbe_reset {
    unsigned step;  // 0: none is under way
    uint64_t since; // when this step began, microseconds
};

// Where bringing up the link stands; see link.c.
struct ixgbe_link {
    enum {
        LINK_SETTLED, // nothing is under way
        LINK_MODULE,  // reading the module
        LINK_ANALOG,  // the card's settings for it
        LINK_SHAKE,   // another mode, to wake the negotiation up
        LINK_MOVING,  // until it has
        LINK_MODE,    // the mode that is wanted
        LINK_ASK,     // whether there is a module now
    } step;
    uint64_t step_began; // microseconds, env_time_us()
    uint32_t autoc;      // the mode that is wanted
    uint64_t down_since;
    uint64_t retry_at;
    bool explained;      // the reason for a missing link has been logged
    bool at_1g;          // trying the module's 1G rate
    bool asked;          // since the link was down: an empty cage with a link is what it is
    bool dropped;        // held down on purpose, until the next start,
    uint64_t dropped_at; // and since when
};

// A gate in front of the semaphores that did not open; see semaphore.c.
struct ixgbe_gate {
    bool shut;           // when last tried,
    uint64_t shut_since; // and ever since, microseconds
    bool freed;          // by force, meanwhile
};

// The first words of the EEPROM as probe() read them.
enum { IXGBE_EEPROM_START = 0x40 };
struct ixgbe_eeprom_start {
    uint16_t words[IXGBE_EEPROM_START];
    unsigned read;     // of them, from the first on
    uint16_t checksum; // what the last should be; known when all have been read
};

struct ixgbe {
    struct port *port;
    struct env *env;
    volatile uint8_t *registers;
    const struct ixgbe_model *model;
    const struct ixgbe_mac *mac; // model->mac
    unsigned lan;                // which port of a dual-port card: 0 or 1
    bool has_interrupt;
    unsigned
        receive_vectors; // MSI-X entries that the receive queues share; 0: they cannot interrupt

    struct ixgbe_reset reset;
    struct ixgbe_steps start; // start.c's
    struct ixgbe_steps stop;  // stop.c's,
    int stop_error;           // what went wrong on the way,
    bool stops_running;       // whether the port ran until then,
    bool settles;             // and whether the card reaches no memory any more
    bool told_gone;           // that it reads all ones was logged, for this removal
    struct ixgbe_gate gate;
    struct ixgbe_link link;
    struct ixgbe_sfp sfp;
    struct ixgbe_sfp_talk talk;
    struct ixgbe_sfp_settings settings[IXGBE_SFP_SETTINGS];
    struct ixgbe_eeprom_start eeprom;
    unsigned next_statistic;
    bool led_blinks;
    uint32_t ledctl; // what LEDCTL was before, while led_blinks

    // Set by start(), from the packet area.
    uint32_t buffer_kb; // what the card may write into one receive buffer
    uint32_t longest;   // frame that is carried, bytes without FCS; fits one

    struct ixgbe_rx *rx[PORT_QUEUES_MAX];
    struct ixgbe_tx *tx[PORT_QUEUES_MAX];
};

static inline uint32_t ixgbe_read(const struct ixgbe *card, uint32_t offset)
{
    return mmio_read32(card->registers, offset);
}

static inline void ixgbe_write(struct ixgbe *card, uint32_t offset, uint32_t value)
{
    mmio_write32(card->registers, offset, value);
}

static inline void ixgbe_set(struct ixgbe *card, uint32_t offset, uint32_t bits)
{
    ixgbe_write(card, offset, ixgbe_read(card, offset) | bits);
}

static inline void ixgbe_clear(struct ixgbe *card, uint32_t offset, uint32_t bits)
{
    ixgbe_write(card, offset, ixgbe_read(card, offset) & ~bits);
}

// Posted writes reach the card no later than the answer to a read that follows them.
static inline void ixgbe_flush(const struct ixgbe *card)
{
    (void)ixgbe_read(card, IXGBE_STATUS);
}

// What a bounded wait waits for, and how its message calls it.
struct ixgbe_wait {
    uint32_t offset, mask, value; // until (register & mask) == value
    uint32_t limit_us;
    const char *what;    // "CTRL.RST to clear"
    const char *section; // "4.2.1.6.1"
};

// Looks once, on behalf of somebody who waits since then (microseconds). Returns 0, -EINPROGRESS,
// or after a message with the register's value: -ETIMEDOUT, or -ENODEV when it reads all ones,
// which no register waited for here can: the card is gone, which is said once.
int ixgbe_check(struct ixgbe *card, const struct ixgbe_wait *wait, uint64_t since);

// The same for a register of each of so many queues, at offset(queue) instead of wait.offset:
// -EINPROGRESS as long as one is undecided, then the last error.
int ixgbe_check_queues(struct ixgbe *card, struct ixgbe_wait wait, unsigned queues,
                       uint32_t (*offset)(unsigned queue), uint64_t since);

// Waits, busily, until that is decided.
int ixgbe_wait(struct ixgbe *card, const struct ixgbe_wait *wait, uint64_t since);

// Lets at least this many microseconds pass.
void ixgbe_delay(uint32_t microseconds);

// True when the card does not answer any more: all registers and the PCI vendor id read all ones.
bool ixgbe_gone(const struct ixgbe *card);
