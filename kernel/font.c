// SPDX-License-Identifier: BSD-2-Clause
// A bitmap font in the Linux console's format. The two headers: kbd's psf.h, and the PSF
// description that comes with the kbd package (doc/font-formats).
#include "kernel/font.h"

#include <string.h>

struct psf1_header {
    uint8_t magic[2];
    uint8_t mode;        // bit 0: 512 glyphs, else 256
    uint8_t glyph_bytes; // = height: the width is always 8
};
_Static_assert(sizeof(struct psf1_header) == 4, "PSF 1 header");

struct psf2_header {
    uint8_t magic[4];
    uint32_t version;
    uint32_t header_bytes;
    uint32_t flags;
    uint32_t count;
    uint32_t glyph_bytes;
    uint32_t height, width;
};
_Static_assert(sizeof(struct psf2_header) == 32, "PSF 2 header");

enum { GLYPHS_NEEDED = 128 };

static bool accept(struct font *font, const uint8_t *data, size_t size, size_t header_bytes,
                   struct font found)
{
    if (found.width == 0 || found.width > FONT_WIDTH_MAX || found.height == 0 ||
        found.height > FONT_HEIGHT_MAX || found.count < GLYPHS_NEEDED ||
        found.glyph_bytes != (found.width + 7) / 8 * found.height)
        return false;
    if (header_bytes > size || found.count > (size - header_bytes) / found.glyph_bytes)
        return false;
    found.glyphs = data + header_bytes;
    *font = found;
    return true;
}

static bool parse_psf1(struct font *font, const uint8_t *data, size_t size)
{
    struct psf1_header header;
    memcpy(&header, data, sizeof header);
    return accept(font, data, size, sizeof header,
                  (struct font){.count = header.mode & 1 ? 512 : 256,
                                .width = 8,
                                .height = header.glyph_bytes,
                                .glyph_bytes = header.glyph_bytes});
}

static bool parse_psf2(struct font *font, const uint8_t *data, size_t size)
{
    struct psf2_header header;
    memcpy(&header, data, sizeof header);
    return header.version == 0 && header.header_bytes >= sizeof header &&
           accept(font, data, size, header.header_bytes,
                  (struct font){.count = header.count,
                                .width = header.width,
                                .height = header.height,
                                .glyph_bytes = header.glyph_bytes});
}

bool font_parse(struct font *font, const void *data, size_t size)
{
    static const uint8_t psf1_magic[2] = {0x36, 0x04};
    static const uint8_t psf2_magic[4] = {0x72, 0xb5, 0x4a, 0x86};

    if (size >= sizeof(struct psf2_header) && memcmp(data, psf2_magic, sizeof psf2_magic) == 0)
        return parse_psf2(font, data, size);
    if (size >= sizeof(struct psf1_header) && memcmp(data, psf1_magic, sizeof psf1_magic) == 0)
        return parse_psf1(font, data, size);
    return false;
}
