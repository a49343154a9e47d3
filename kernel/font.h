// SPDX-License-Identifier: BSD-2-Clause
// A bitmap font in the Linux console's format (PSF 1 or 2).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FONT_WIDTH_MAX = 32, FONT_HEIGHT_MAX = 64 };

struct font {
    const uint8_t *glyphs;  // borrowed from the file; glyph i starts at i * glyph_bytes
    unsigned count;         // at least 128: glyph i is the character i
    unsigned width, height; // pixels
    unsigned glyph_bytes;   // rows of (width + 7) / 8 bytes, the leftmost pixel in the top bit
};

// Reads the header of a font file that lies at data (size bytes, kept by the caller as long as the
// font is used). False, with *font untouched, when it is not a font that can be drawn.
bool font_parse(struct font *font, const void *data, size_t size);
