// SPDX-License-Identifier: BSD-2-Clause
// The PS/2 keyboard, polled. Controller ports and status bits: IBM PS/2 Hardware Interface
// Technical Reference, keyboard and auxiliary device controller; scan code set 1, which the
// controller translates to unless it is told otherwise.
#include "kernel/keyboard.h"

#include <stdbool.h>
#include <stdint.h>

#include "kernel/port_io.h"

enum {
    DATA = 0x60,
    STATUS = 0x64,
    STATUS_OUTPUT_FULL = 0x01,
    STATUS_AUXILIARY = 0x20, // the byte is the mouse's
    STATUS_NOTHING_THERE = 0xff,

    EXTENDED = 0xe0, // prefix of the keys that the PC/AT keyboard did not have
    RELEASED = 0x80,
    KEY_CONTROL = 0x1d,
    KEY_SHIFT_LEFT = 0x2a,
    KEY_SHIFT_RIGHT = 0x36,
    KEY_CAPS_LOCK = 0x3a,
    KEY_UP = 0x48,    // after EXTENDED
    KEY_DOWN = 0x50,  // after EXTENDED
    KEY_SLASH = 0x35, // after EXTENDED: the one on the number pad
    KEY_ENTER = 0x1c, // after EXTENDED: the one on the number pad
};

// Indexed by scan code; 0: no character. Code 0 is no key.
static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof plain == 0x39 + 2 && sizeof shifted == sizeof plain,
               "the tables end with the space bar, scan code 0x39");

static bool shift, control, caps_lock, extended;
static const char *rest = ""; // of an escape sequence

static int extended_key(uint8_t code)
{
    switch (code) {
    case KEY_UP:
        rest = "[A";
        return '\033';
    case KEY_DOWN:
        rest = "[B";
        return '\033';
    case KEY_SLASH:
        return '/';
    case KEY_ENTER:
        return '\r';
    default:
        return -1;
    }
}

static int key(uint8_t code)
{
    if (code >= sizeof plain - 1 || plain[code] == '\0')
        return -1;
    char c = plain[code];
    bool letter = c >= 'a' && c <= 'z';
    if (control)
        return letter ? c - 'a' + 1 : -1;
    return shift != (letter && caps_lock) ? shifted[code] : c;
}

static int scan_code(uint8_t byte)
{
    if (byte == EXTENDED) {
        extended = true;
        return -1;
    }
    bool was_extended = extended, pressed = !(byte & RELEASED);
    uint8_t code = byte & (uint8_t)~RELEASED;
    extended = false;

    if (code == KEY_CONTROL) {
        control = pressed;
    } else if (was_extended) {
        return pressed ? extended_key(code) : -1;
    } else if (code == KEY_SHIFT_LEFT || code == KEY_SHIFT_RIGHT) {
        shift = pressed;
    } else if (pressed) {
        if (code == KEY_CAPS_LOCK)
            caps_lock = !caps_lock;
        return key(code);
    }
    return -1;
}

int keyboard_getc(void)
{
    if (*rest != '\0')
        return *rest++;
    uint8_t status = inb(STATUS);
    if (status == STATUS_NOTHING_THERE || !(status & STATUS_OUTPUT_FULL))
        return -1;
    uint8_t byte = inb(DATA);
    return status & STATUS_AUXILIARY ? -1 : scan_code(byte);
}
