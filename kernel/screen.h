// SPDX-License-Identifier: BSD-2-Clause
// The screen: a grid of characters in memory, and what brings the device's picture up to date.
//
// Writing touches memory only. Drawing compares the grid with what was drawn and never reads the
// device, whose memory is slow. Pure: the caller maps the device; tests give ordinary memory.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/bootinfo.h"
#include "kernel/font.h"

// A larger screen is used from its upper left corner.
enum { SCREEN_COLUMNS_MAX = 256, SCREEN_ROWS_MAX = 80 };

struct screen {
    unsigned columns, rows; // 0: there is no screen
    unsigned top;           // index in text[] of the line shown first: scrolling moves this
    unsigned column, row;   // where the next character goes; column may be == columns
    unsigned escape;        // how far an ANSI sequence has come

    uint8_t text[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];  // printable ASCII
    uint8_t drawn[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX]; // what the device shows; 0: unknown
    bool changed[SCREEN_ROWS_MAX];                      // a shown row may differ from drawn
    bool drawing;                   // draw_row is under way: go on at draw_column
    unsigned draw_row, draw_column; // where drawing goes on

    volatile uint16_t *ega;   // text mode: a cell is 16 bits; NULL: pixels
    volatile uint8_t *pixels; // linear framebuffer
    unsigned pitch, pixel_bytes;
    uint32_t ink;
    struct font font;
};

// Text mode: columns x rows cells, character in the low byte, attribute in the high byte.
void screen_init_ega(struct screen *screen, volatile void *cells, unsigned columns, unsigned rows);

// A linear framebuffer of 24 or 32 bits a pixel, mapped at pixels (info->pitch * info->height
// bytes). False, with no screen, when the geometry makes no sense or the font does not fit.
bool screen_init_pixels(struct screen *screen, volatile void *pixels,
                        const struct boot_framebuffer *info, const struct font *font);

// Writes text into the grid. Understands \n (also returns to column 0), \r, \b, \t and ESC [ K
// (erase to the end of the line); other escape sequences are swallowed, bytes outside printable
// ASCII show as '?'.
void screen_write(struct screen *screen, const char *text, size_t length);

// Brings the device up to date, newest lines first, in at most so many steps: a step draws one
// changed cell or looks through what is left of one row. True when nothing is left to do.
bool screen_draw(struct screen *screen, unsigned steps);
