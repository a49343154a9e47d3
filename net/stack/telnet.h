// SPDX-License-Identifier: BSD-2-Clause
// What telnet clients put between the bytes that somebody types: RFC 854.
#pragma once
#include <stdint.h>

struct telnet {
    uint8_t state; // all zero: at the beginning
};

// What the server says first: it echoes what is typed (RFC 857) and sends no go-aheads (RFC 858),
// so the client sends each key by itself and shows none.
#define TELNET_HELLO "\xff\xfb\x01\xff\xfb\x03"

// Takes a byte from the client. Returns it, or -1 when it belongs to telnet itself.
int telnet_take(struct telnet *telnet, uint8_t byte);
