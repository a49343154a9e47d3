// SPDX-License-Identifier: BSD-2-Clause
// The 82599 driver on a simulated card: what its tests share.
#pragma once
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/ixgbe.h"
#include "tests/driver/env_host.h"

enum {
    SIM_CAPACITY = 2048,
    SIM_SENT_MAX = 8192,
    SIM_LINK_POLLS = 10000, // enough to read the module and bring the link up
    SIM_POLL_US = 20,       // a poll may take no longer
};

struct sim {
    struct env env;
    struct simcard card;
    uint32_t registers[SIMCARD_BAR_SIZE / 4];
    uint8_t pci[4096];
    struct port port;
    struct packet_area area;
    uint32_t capacity;     // of a buffer; SIM_CAPACITY unless a test changes it before sim_run()
    uint64_t off_pages;    // register accesses outside the two pages of the data path
    bool data_path;        // count them
    uint64_t longest_poll; // of sim_poll(), microseconds

    // Frames that left, oldest first.
    struct {
        unsigned length;
        uint8_t bytes[64]; // the first ones
    } sent[SIM_SENT_MAX];
    unsigned sent_count; // stored; further ones are only counted by the card
};

// A healthy card, not probed.
void sim_open(struct sim *sim);
void sim_close(struct sim *sim);

// The same around each test of a group: cmocka_unit_test_prestate_setup_teardown(test, sim_setup,
// sim_teardown, &sim).
int sim_setup(void **state);
int sim_teardown(void **state);

// The card saw no rule of the datasheet broken; the driver logged this. The test fails otherwise.
void sim_assert_rules_kept(const struct sim *sim);
void sim_assert_logged(const struct sim *sim, const char *text);

// So many frames of 60 bytes arrive, for all of which the card has room.
void sim_arrive(struct sim *sim, unsigned count);

// Probes, with as many transmit queues and ring slots, gives every slot a buffer of its own,
// starts, and polls until the link is up. Fails the test when anything goes wrong.
void sim_run(struct sim *sim, unsigned tx_queues, uint32_t ring_slots);

// Calls start() until it has decided. Fails the test when a call, or all of them together, take
// longer than drivers/port.h allows.
int sim_start(struct sim *sim);

// Calls stop() until it is done. Fails the test when a call, or all of them together, take longer
// than drivers/port.h allows, or the card can reach memory afterwards.
void sim_stop(struct sim *sim);

// Gives every slot its buffer.
void sim_deal_buffers(struct sim *sim);

// Lets the box poll this often.
void sim_poll(struct sim *sim, unsigned times);

// Whether the rings hold every buffer exactly once.
bool sim_conserved(const struct sim *sim);

// Passes up to burst frames from the receive ring to transmit queue tx. Returns how many were sent.
unsigned sim_forward(struct sim *sim, unsigned tx, unsigned burst);

// What a card may claim about a frame, by rand(): mostly a length of 14..longest bytes, and else
// one at an edge; mostly a frame that is done and ends there, and else any status of one that is
// done.
uint16_t sim_some_length(uint16_t longest);
uint8_t sim_some_status(void);
