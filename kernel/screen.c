// SPDX-License-Identifier: BSD-2-Clause
// The screen: a grid of characters in memory, and what brings the device's picture up to date.
// Framebuffer kinds and fields: Multiboot2 specification 2.0, 3.6.12.
#include "kernel/screen.h"

#include <string.h>

enum {
    CURSOR = 0x80, // in drawn[]: the cell is shown inverse
    TAB = 8,
    EGA_GREY_ON_BLACK = 0x07,
    EGA_BLACK_ON_GREY = 0x70,
    GREY = 0xc0,
};

enum { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_BRACKET };

static void reset(struct screen *screen, unsigned columns, unsigned rows)
{
    memset(screen, 0, sizeof *screen);
    memset(screen->text, ' ', sizeof screen->text);
    memset(screen->changed, true, sizeof screen->changed);
    screen->columns = columns < SCREEN_COLUMNS_MAX ? columns : SCREEN_COLUMNS_MAX;
    screen->rows = rows < SCREEN_ROWS_MAX ? rows : SCREEN_ROWS_MAX;
}

void screen_init_ega(struct screen *screen, volatile void *cells, unsigned columns, unsigned rows)
{
    reset(screen, columns, rows);
    screen->ega = cells;
    screen->pitch = columns;
}

bool screen_init_pixels(struct screen *screen, volatile void *pixels,
                        const struct boot_framebuffer *info, const struct font *font)
{
    reset(screen, 0, 0);
    unsigned pixel_bytes = info->bits_per_pixel / 8;
    if (info->bits_per_pixel != 24 && info->bits_per_pixel != 32)
        return false;
    if (info->width < font->width || info->height < font->height ||
        info->width > info->pitch / pixel_bytes)
        return false;
    if (info->red_shift > 24 || info->green_shift > 24 || info->blue_shift > 24)
        return false;

    reset(screen, info->width / font->width, info->height / font->height);
    screen->pixels = pixels;
    screen->pitch = info->pitch;
    screen->pixel_bytes = pixel_bytes;
    screen->ink = (uint32_t)GREY << info->red_shift | (uint32_t)GREY << info->green_shift |
                  (uint32_t)GREY << info->blue_shift;
    screen->font = *font;
    return true;
}

static uint8_t *line(struct screen *screen, unsigned row)
{
    return screen->text[(screen->top + row) % screen->rows];
}

static void newline(struct screen *screen)
{
    screen->changed[screen->row] = true; // the cursor leaves it
    screen->column = 0;
    if (screen->row + 1 < screen->rows) {
        screen->row++;
    } else {
        screen->top = (screen->top + 1) % screen->rows;
        memset(line(screen, screen->row), ' ', screen->columns);
        memset(screen->changed, true, screen->rows);
    }
}

static void print(struct screen *screen, char c)
{
    if (screen->column == screen->columns)
        newline(screen);
    line(screen, screen->row)[screen->column++] = c >= ' ' && c <= '~' ? (uint8_t)c : '?';
}

// ESC, '[', parameters, a final letter (ECMA-48, 5.4).
static void escape(struct screen *screen, char c)
{
    if (screen->escape == ESCAPE_SEEN) {
        screen->escape = c == '[' ? ESCAPE_BRACKET : ESCAPE_NONE;
        return;
    }
    if (c >= 0x20 && c < 0x40)
        return; // a parameter
    screen->escape = ESCAPE_NONE;
    if (c == 'K' && screen->column < screen->columns)
        memset(line(screen, screen->row) + screen->column, ' ', screen->columns - screen->column);
}

static void put(struct screen *screen, char c)
{
    if (screen->escape != ESCAPE_NONE) {
        escape(screen, c);
        return;
    }
    switch (c) {
    case '\033':
        screen->escape = ESCAPE_SEEN;
        break;
    case '\n':
        newline(screen);
        break;
    case '\r':
        screen->column = 0;
        break;
    case '\b':
        if (screen->column > 0)
            screen->column--;
        break;
    case '\t':
        do
            print(screen, ' ');
        while (screen->column % TAB != 0 && screen->column < screen->columns);
        break;
    default:
        print(screen, c);
    }
}

void screen_write(struct screen *screen, const char *text, size_t length)
{
    if (screen->columns == 0 || screen->rows == 0)
        return;
    for (size_t i = 0; i < length; i++)
        put(screen, text[i]);
    screen->changed[screen->row] = true;
}

// Eight bytes at an address of any alignment: half the (uncached) stores that four would take.
struct __attribute__((packed, may_alias)) eight {
    uint64_t bytes;
};

static void draw_glyph(struct screen *screen, unsigned row, unsigned column, uint8_t cell)
{
    const struct font *font = &screen->font;
    unsigned glyph_row_bytes = (font->width + 7) / 8;
    const uint8_t *glyph = font->glyphs + (cell & ~CURSOR) * font->glyph_bytes;
    uint8_t invert = cell & CURSOR ? 0xff : 0;
    unsigned bytes = font->width * screen->pixel_bytes;
    volatile uint8_t *at =
        screen->pixels + (size_t)row * font->height * screen->pitch + (size_t)column * bytes;

    for (unsigned y = 0; y < font->height; y++, at += screen->pitch, glyph += glyph_row_bytes) {
        uint8_t pixels[FONT_WIDTH_MAX * 4 + 8] = {0};
        for (unsigned x = 0; x < font->width; x++) {
            if ((glyph[x / 8] ^ invert) & 0x80 >> x % 8)
                memcpy(pixels + x * screen->pixel_bytes, &screen->ink, screen->pixel_bytes);
        }
        unsigned i = 0;
        for (; i + 8 <= bytes; i += 8) {
            struct eight chunk;
            memcpy(&chunk, pixels + i, sizeof chunk);
            ((volatile struct eight *)(at + i))->bytes = chunk.bytes;
        }
        for (; i < bytes; i++)
            at[i] = pixels[i];
    }
}

static void draw_cell(struct screen *screen, unsigned row, unsigned column, uint8_t cell)
{
    if (screen->ega == NULL) {
        draw_glyph(screen, row, column, cell);
        return;
    }
    unsigned attribute = cell & CURSOR ? EGA_BLACK_ON_GREY : EGA_GREY_ON_BLACK;
    screen->ega[row * screen->pitch + column] = (uint16_t)(attribute << 8 | (cell & ~CURSOR));
}

// Chooses the next row to draw: the cursor's, then upwards from there, since the newest lines
// matter most. The mark goes before the first cell, so a row that is written while it is being
// drawn is gone over once more. False when no row is marked.
static bool begin_row(struct screen *screen)
{
    for (unsigned i = 0; i < screen->rows; i++) {
        unsigned row = (screen->row + screen->rows - i) % screen->rows;
        if (!screen->changed[row])
            continue;
        screen->changed[row] = false;
        screen->drawing = true;
        screen->draw_row = row;
        screen->draw_column = 0;
        return true;
    }
    return false;
}

// Draws the next changed cell of the row under way, or finds that there is none.
static void step(struct screen *screen)
{
    unsigned row = screen->draw_row;
    const uint8_t *text = line(screen, row);
    while (screen->draw_column < screen->columns) {
        unsigned column = screen->draw_column++;
        uint8_t cell = text[column];
        if (row == screen->row && column == screen->column)
            cell |= CURSOR;
        if (cell != screen->drawn[row][column]) {
            draw_cell(screen, row, column, cell);
            screen->drawn[row][column] = cell;
            return;
        }
    }
    screen->drawing = false;
}

bool screen_draw(struct screen *screen, unsigned steps)
{
    for (; screen->drawing || begin_row(screen); steps--) {
        if (steps == 0)
            return false;
        step(screen);
    }
    return true;
}
