// SPDX-License-Identifier: BSD-2-Clause
// The console over TCP, for telnet (RFC 854, 857, 858): a second screen and keyboard of the one
// console, behind a password. Plain text: for a management network only.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
    CONSOLE_TRIES = 3,                          // passwords a connection may try
    CONSOLE_JUDGE_US = 1000 * 1000,             // between two judgements, whoever asks
    CONSOLE_LOGIN_US = 30 * 1000 * 1000,        // for the password
    CONSOLE_IDLE_US = 10ull * 60 * 1000 * 1000, // without a key
};

// Listens on a TCP port. The password has at least one character and is kept.
void console_tcp_start(uint16_t port, const char *password);

// One step of the session, if it has something to do. Returns whether it had.
bool console_tcp_poll(uint64_t now_us);

// Whether somebody is connected.
bool console_tcp_open(void);
