// SPDX-License-Identifier: BSD-2-Clause
// The console: serial port COM1 (115200 8N1) and the screen show the same text; input from serial
// and from the PS/2 keyboard. Only console_flush() ever waits for a device. Not for use from
// interrupt handlers, except by the one that never returns (panic).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bootinfo;

// Sets up the serial port; the screen follows once memory is mapped (console_screen).
void console_init(void);

// Finds out which screen the boot loader left, if any, and shows on it what was written so far.
// Needs vm_map_device().
void console_screen(const struct bootinfo *info);

// Queues text; never waits for a device. "\n" becomes "\r\n" on the wire. What does not fit into
// the queue (16 KiB) is dropped as a whole, counted, and said once there is room again. Until
// console_poll() is first called, also hands over what the devices take at once: everything, with
// an emulated UART; a FIFO's 16 bytes at a time, with a real one.
void console_write(const char *text, size_t length);

// At most 255 characters; the rest is cut off.
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

// What console_printf(), but not console_write(), calls when it has queued the text. NULL: nothing.
void console_on_print(void (*then)(void));

// Bytes that console_write() would take now ("\n" counts as two).
size_t console_room(void);

// A second screen, besides the serial port's: show() gets all text that is queued from here on.
// NULL: there is none any more.
void console_attach(void (*show)(const char *text, size_t length));

// A second keyboard: console_getc() returns what was typed here before anything else. Nothing
// happens when console_can_type() says that there is no room.
bool console_can_type(void);
void console_type(char c);

// Moves queued bytes to the devices as far as they take them without waiting: at most a FIFO of
// them, and a few microseconds of drawing. Called from the main loop, best also whenever that has
// nothing else to do: a framebuffer takes several microseconds a character. Costs nothing when
// there is nothing to move.
void console_poll(void);

// When console_poll() and console_getc() want to be called next, as clock_us() counts: UINT64_MAX
// when there is nothing to show and nobody is typing.
uint64_t console_deadline(void);

// Everything out now, waiting for the devices: one and a half seconds for a full queue. Ends when
// the serial port takes nothing for two seconds. For panic and reboot only.
void console_flush(void);

// The next typed character, or -1. Looks at the devices at most once a millisecond (a look costs
// about 2 us of port reads), so it may be called as often as one likes.
int console_getc(void);
