// SPDX-License-Identifier: BSD-2-Clause
// The PS/2 keyboard (or a USB one that firmware shows as such), polled, US layout.
#pragma once

// The next character, or -1. Cursor up and down give the ANSI sequences ESC [ A and ESC [ B, one
// character a call, as a serial terminal would. Never waits; -1 for ever where there is no
// keyboard controller.
int keyboard_getc(void);
