// SPDX-License-Identifier: BSD-2-Clause
// The first serial port (COM1), a 16550A, polled.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Sets 115200 baud, 8 data bits, no parity, 1 stop bit. False when nothing answers at COM1: the
// other functions then do nothing.
bool serial_init(void);

// Hands over as many of the bytes as the transmit FIFO takes at this moment, 0..16, and returns how
// many. Never waits.
size_t serial_write(const char *data, size_t length);

// The next received byte, 0..255, or -1. Bytes with a line error are dropped. Never waits.
int serial_getc(void);

// Waits until the last bit has left, for at most a few tens of milliseconds.
void serial_drain(void);
