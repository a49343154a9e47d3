// SPDX-License-Identifier: BSD-2-Clause
// A bridge on fake ports, for its tests: frames with numbers in them go in, and come out again.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/bridge.h"
#include "tests/unit/fakeport.h"

enum { RIG_SLOTS = 32, RIG_HEADER = 22 };

extern struct fake_port fakes[NET_PORTS_MAX];
extern struct port *ports[NET_PORTS_MAX];
extern struct buffers buffers;
extern struct forwarder forwarder;
extern struct supervisor supervisor;
extern struct bridge bridge;
extern const uint64_t rig_seeds[3];
extern void *rig_table;
extern unsigned ports_made;
extern bool enqueueing;   // the ports that make_box() makes have enqueue() and ring(),
extern bool steering_too; // and steer()
extern uint64_t now;      // what clock_us() says, one more each time

extern unsigned rig_bounce; // bit p: port p's frames are copied

// What sets a test up: neither of these two, the first, both.
int by_transmit(void **state);
int by_enqueue(void **state);
int by_steer(void **state);

// count ports joined in one bridge, started, each with so many transmit queues.
void make_box(unsigned count, unsigned tx_queues);
void free_box(void);

// What the box does about every millisecond.
void housekeeping(void);

// Every buffer is where it should be, every frame is counted, and so is every copy.
void check_laws(void);

// --- frames: destination, source, type, number, filling. Addresses as fdb.h has them. ---

#define STATION(n) (0x0002ull | (uint64_t)(n) << 40) // 02-00-00-00-00-nn
#define EVERYBODY  0xffffffffffffull
#define GROUP      0x0100005e0001ull // 01-00-5E-00-00-01, or a group at least

// Writes length bytes (RIG_HEADER at least) to data and returns length.
unsigned write_frame(uint8_t *data, uint64_t to, uint64_t from, uint64_t number, unsigned length);

// Such a frame arrives at a port; of 60 bytes.
void arrive_long(unsigned port, uint64_t to, uint64_t from, uint64_t number, unsigned length);
void arrive(unsigned port, uint64_t to, uint64_t from, uint64_t number);

// The number of the next frame that the card sends, from whatever queue; 0 when there is none.
uint64_t sent(unsigned port);
void expect_nothing_more(void);

uint64_t drops(unsigned port, enum drop_reason reason);
