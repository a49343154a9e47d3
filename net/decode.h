// SPDX-License-Identifier: BSD-2-Clause
// What a frame is, in one line for people: Ethernet, VLAN tags, ARP, IPv4, IPv6, TCP, UDP, ICMP.
// Pure: reads nothing but the bytes that it is given, whatever they say about themselves.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { DECODE_TEXT = 256 }; // enough for every frame, with the terminating NUL

// Describes the frame of which the first `there` bytes (0 or more) are at `bytes`. What lies behind
// them is not guessed: the text then ends with "...". Returns text.
const char *decode_frame(const uint8_t *bytes, size_t there, char text[DECODE_TEXT]);
