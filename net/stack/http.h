// SPDX-License-Identifier: BSD-2-Clause
// The web server: GET and HEAD, a fixed number of connections, bounded requests, bounded time.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    HTTP_CONNECTIONS = 16,
    HTTP_ANSWERS = 12,                 // at a time; a request beyond that is told 503
    HTTP_REQUEST_US = 5 * 1000 * 1000, // for a whole request, from the connection or its first byte
    HTTP_IDLE_US = 15 * 1000 * 1000,   // between two requests of a connection
    HTTP_STALL_US = 5 * 1000 * 1000,   // in which the client acknowledges nothing
    HTTP_PATIENCE_US = 100 * 1000,     // the same, when somebody else waits for the slot
    HTTP_ANSWER_US = 60 * 1000 * 1000, // for a whole answer
    HTTP_LINGER_US = 2 * 1000 * 1000,  // from our end of the connection to the client's
};

struct http_counters {
    uint64_t connections; // accepted
    uint64_t refused;     // no slot could be had
    uint64_t evicted;     // a slot was taken away for somebody else
    uint64_t timed_out;   // closed because the client took too long
    uint64_t answers;     // begun, whatever their status
    uint64_t errors;      // of these, with a status of 400 or more
};

// Listens on a TCP port, at all addresses. After the interface was made.
void http_start(uint16_t port);

// One step for one connection, if one has something to do. Returns whether one had.
bool http_poll(uint64_t now_us);

struct http_counters http_counters(void);
unsigned http_open(void); // connections at this moment
