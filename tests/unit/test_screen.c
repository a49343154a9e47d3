// SPDX-License-Identifier: BSD-2-Clause
// The screen and its font: what is written is what the device shows once drawing is done.
// links: kernel/screen.c kernel/font.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/screen.h"

enum { COLUMNS = 40, ROWS = 10 };

static struct screen screen;
static uint16_t cells[ROWS * COLUMNS];

static void write_text(const char *text)
{
    screen_write(&screen, text, strlen(text));
}

static void draw_all(void)
{
    unsigned calls = 0;
    while (!screen_draw(&screen, 7))
        assert_in_range(++calls, 1, (COLUMNS + 1) * ROWS);
}

static int setup(void **state)
{
    (void)state;
    memset(cells, 0xee, sizeof cells);
    screen_init_ega(&screen, cells, COLUMNS, ROWS);
    return 0;
}

// The row as the device shows it, without the blanks at its end; the cursor's cell must be inverse
// and no other.
static const char *shown(unsigned row)
{
    static char text[COLUMNS + 1];
    for (unsigned i = 0; i < COLUMNS; i++) {
        uint16_t cell = cells[row * COLUMNS + i];
        bool cursor = row == screen.row && i == screen.column;
        assert_int_equal(cell >> 8, cursor ? 0x70 : 0x07);
        text[i] = (char)cell;
    }
    size_t length = COLUMNS;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}

static void test_write(void **state)
{
    (void)state;
    write_text("hello\r\n\tworld\b\b!\nand \xc3\xa4\x01");
    draw_all();
    assert_string_equal(shown(0), "hello");
    assert_string_equal(shown(1), "        wor!d");
    assert_string_equal(shown(2), "and ???");
    assert_string_equal(shown(9), "");
}

static void test_escape(void **state)
{
    (void)state;
    write_text("prompt> text\rline\033[K\033[1;31mred\033[0m\033x!\n");
    draw_all();
    assert_string_equal(shown(0), "linered!");
    write_text("full\033[");
    write_text("K");
    draw_all();
    assert_string_equal(shown(1), "full");
}

static void test_wrap_and_scroll(void **state)
{
    (void)state;
    char text[64];
    memset(text, 'w', sizeof text);
    screen_write(&screen, text, COLUMNS);
    assert_int_equal(screen.row, 0); // a full line does not wrap before there is more
    write_text("\n");
    assert_int_equal(screen.row, 1);
    screen_write(&screen, text, COLUMNS + 1);
    draw_all();
    assert_string_equal(shown(2), "w");
    for (unsigned i = 0; i < 30; i++) {
        sprintf(text, "\nline %u", i);
        write_text(text);
        if (i % 3 == 0)
            screen_draw(&screen, i);
    }
    draw_all();
    for (unsigned i = 0; i < ROWS; i++) {
        sprintf(text, "line %u", 20 + i);
        assert_string_equal(shown(i), text);
    }
}

// Text that arrives while drawing is under way, at every place, ends up right.
static void test_write_while_drawing(void **state)
{
    for (unsigned steps = 0; steps < 60; steps++) {
        setup(state);
        write_text("first line\nsecond line\nthird");
        for (unsigned i = 0; i < steps; i++)
            screen_draw(&screen, 1);
        write_text("\r3rd\033[K\n4th\n\n\n\n\n\n\nlast");
        draw_all();
        assert_string_equal(shown(0), "second line");
        assert_string_equal(shown(1), "3rd");
        assert_string_equal(shown(2), "4th");
        assert_string_equal(shown(9), "last");
    }
}

static unsigned count_drawn(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < COLUMNS * ROWS; i++)
        count += cells[i] != 0xeeee;
    return count;
}

// Never more cells than steps, only those that changed, and the newest lines first.
static void test_draw_is_bounded(void **state)
{
    (void)state;
    unsigned before = 0, steps = 0;
    while (!screen_draw(&screen, 1)) {
        unsigned now = count_drawn();
        assert_in_range(now, before, before + 1);
        before = now;
        assert_in_range(++steps, 1, (COLUMNS + 1) * ROWS);
    }
    assert_int_equal(count_drawn(), COLUMNS * ROWS);
    assert_true(screen_draw(&screen, 0));

    memset(cells, 0xee, sizeof cells);
    write_text("ab");
    draw_all();
    assert_int_equal(count_drawn(), 3); // a, b, the cursor
    write_text("\033[K");
    assert_true(screen_draw(&screen, 1)); // one look through the row
    assert_int_equal(count_drawn(), 3);

    write_text("\n\nnew");
    screen_draw(&screen, 4);
    static const uint16_t drawn[] = {0x0700 | 'n', 0x0700 | 'e', 0x0700 | 'w', 0x7000 | ' '};
    assert_memory_equal(cells + 2 * COLUMNS, drawn, sizeof drawn);
    assert_int_equal(cells[2], 0x7000 | ' '); // the old cursor: its turn comes later
}

static void test_no_screen(void **state)
{
    (void)state;
    static struct screen none;
    screen_write(&none, "x\n", 2);
    assert_true(screen_draw(&none, 10));
}

static void test_huge_screen(void **state)
{
    (void)state;
    enum { WIDE = SCREEN_COLUMNS_MAX + 44, HIGH = SCREEN_ROWS_MAX + 20 };
    static uint16_t many[WIDE * HIGH];
    screen_init_ega(&screen, many, WIDE, HIGH);
    for (unsigned i = 0; i < 200; i++)
        write_text("some text\n");
    while (!screen_draw(&screen, 100000))
        ;
    assert_int_equal(many[(SCREEN_ROWS_MAX - 2) * WIDE] & 0xff, 's');
    assert_int_equal(many[(SCREEN_ROWS_MAX - 1) * WIDE + SCREEN_COLUMNS_MAX - 1] & 0xff, ' ');
    assert_int_equal(many[SCREEN_ROWS_MAX * WIDE], 0);
    assert_int_equal(many[SCREEN_COLUMNS_MAX], 0);
}

// --- fonts -------------------------------------------------------------------------------------

// A PSF 2 file with 128 glyphs of width x height: glyph c has the bits of c in each of its rows,
// starting at the left.
static size_t make_psf2(uint8_t *file, uint32_t width, uint32_t height)
{
    uint32_t row_bytes = (width + 7) / 8;
    const uint32_t header[8] = {0x864ab572, 0, 32, 0, 128, row_bytes * height, height, width};
    memcpy(file, header, sizeof header);
    for (uint32_t i = 0; i < 128; i++) {
        for (uint32_t y = 0; y < height; y++) {
            uint8_t *row = file + 32 + (i * height + y) * row_bytes;
            memset(row, 0, row_bytes);
            row[0] = (uint8_t)i;
        }
    }
    return 32 + 128 * row_bytes * height;
}

static uint8_t file[32 + 128 * 4 * 64];

static void test_font(void **state)
{
    (void)state;
    struct font font = {0};
    size_t size = make_psf2(file, 12, 24);
    assert_true(font_parse(&font, file, size));
    assert_int_equal(font.width, 12);
    assert_int_equal(font.height, 24);
    assert_int_equal(font.count, 128);
    assert_int_equal(font.glyph_bytes, 48);
    assert_ptr_equal(font.glyphs, file + 32);

    uint8_t psf1[4 + 256 * 14] = {0x36, 0x04, 0x02, 14};
    assert_true(font_parse(&font, psf1, sizeof psf1));
    assert_int_equal(font.width, 8);
    assert_int_equal(font.height, 14);
    assert_int_equal(font.count, 256);
    assert_ptr_equal(font.glyphs, psf1 + 4);
    psf1[2] = 0x01; // 512 glyphs, which are not there
    assert_false(font_parse(&font, psf1, sizeof psf1));
}

static void test_bad_fonts(void **state)
{
    (void)state;
    static const struct {
        unsigned word; // of the header
        uint32_t value;
    } cases[] = {
        {0, 0x864ab573}, {1, 1},  {2, 31},         {2, 0xffffffff}, {2, 33}, {4, 127}, {4, 129},
        {4, 0xffffffff}, {5, 15}, {5, 0xffffffff}, {6, 0},          {6, 65}, {7, 0},   {7, 33},
    };
    struct font font;
    size_t size = make_psf2(file, 8, 16);
    assert_true(font_parse(&font, file, size));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_psf2(file, 8, 16);
        memcpy(file + cases[i].word * 4, &cases[i].value, 4);
        if (font_parse(&font, file, size))
            fail_msg("case %zu taken", i);
    }
    make_psf2(file, 8, 16);
    for (size_t cut = 0; cut < size; cut += cut < 64 ? 1 : 97) {
        uint8_t *copy = malloc(cut != 0 ? cut : 1); // of that size, so that the sanitizer sees all
        memcpy(copy, file, cut);
        assert_false(font_parse(&font, copy, cut));
        free(copy);
    }
}

// --- pixels ------------------------------------------------------------------------------------

// Each pixel of a few letters, in each depth, on a framebuffer with odd pitch; nothing outside the
// grid of characters is touched.
static void check_pixels(unsigned font_width, unsigned bits)
{
    enum { FONT_HEIGHT = 3, HEIGHT = 11, MARGIN = 5 };
    struct font font;
    assert_true(font_parse(&font, file, make_psf2(file, font_width, FONT_HEIGHT)));
    unsigned bytes = bits / 8, width = font_width * 4 + 3, pitch = width * bytes + MARGIN;
    struct boot_framebuffer info = {.address = 1,
                                    .pitch = pitch,
                                    .width = width,
                                    .height = HEIGHT,
                                    .bits_per_pixel = (uint8_t)bits,
                                    .kind = 1,
                                    .red_shift = 16,
                                    .green_shift = 8};
    uint8_t *pixels = malloc(pitch * HEIGHT);
    memset(pixels, 0xee, pitch * HEIGHT);
    assert_true(screen_init_pixels(&screen, pixels, &info, &font));
    assert_int_equal(screen.columns, 4);
    assert_int_equal(screen.rows, 3);
    static const char text[3][5] = {"Ab~ ", "1234", "x   "};
    write_text("Ab~\n1234\nx");
    while (!screen_draw(&screen, 1))
        ;
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned i = 0; i < pitch; i++) {
            unsigned x = i / bytes, expected = 0xee;
            if (x < font_width * 4 && y < FONT_HEIGHT * 3) {
                unsigned row = y / FONT_HEIGHT, column = x / font_width, bit = x % font_width;
                bool set = bit < 8 && (text[row][column] & 0x80 >> bit);
                set ^= row == 2 && column == 1; // the cursor
                expected = set && i % bytes < 3 ? 0xc0 : 0;
            }
            if (pixels[y * pitch + i] != expected)
                fail_msg("width %u, %u bits: %02x at %u, %u, expected %02x", font_width, bits,
                         pixels[y * pitch + i], i, y, expected);
        }
    }
    free(pixels);
}

static void test_pixels(void **state)
{
    (void)state;
    for (unsigned width = 8; width <= 32; width++) {
        check_pixels(width, 24);
        check_pixels(width, 32);
    }
}

static void test_bad_framebuffers(void **state)
{
    (void)state;
    static const struct boot_framebuffer cases[] = {
        {.pitch = 3200, .width = 800, .height = 600, .bits_per_pixel = 16},
        {.pitch = 3200, .width = 800, .height = 600, .bits_per_pixel = 0},
        {.pitch = 3199, .width = 800, .height = 600, .bits_per_pixel = 32},
        {.pitch = 0, .width = 800, .height = 600, .bits_per_pixel = 24},
        {.pitch = 3200, .width = 0xffffffff, .height = 600, .bits_per_pixel = 32},
        {.pitch = 3200, .width = 7, .height = 600, .bits_per_pixel = 32},
        {.pitch = 3200, .width = 800, .height = 15, .bits_per_pixel = 32},
        {.pitch = 3200, .width = 800, .height = 600, .bits_per_pixel = 32, .red_shift = 32},
    };
    struct font font;
    uint8_t byte = 0;
    assert_true(font_parse(&font, file, make_psf2(file, 8, 16)));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (screen_init_pixels(&screen, &byte, &cases[i], &font))
            fail_msg("case %zu taken", i);
        write_text("nothing is drawn");
        assert_true(screen_draw(&screen, 100));
        assert_int_equal(byte, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_write, setup),
        cmocka_unit_test_setup(test_escape, setup),
        cmocka_unit_test_setup(test_wrap_and_scroll, setup),
        cmocka_unit_test_setup(test_write_while_drawing, setup),
        cmocka_unit_test_setup(test_draw_is_bounded, setup),
        cmocka_unit_test(test_no_screen),
        cmocka_unit_test(test_huge_screen),
        cmocka_unit_test(test_font),
        cmocka_unit_test(test_bad_fonts),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_bad_framebuffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
