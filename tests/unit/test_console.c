// SPDX-License-Identifier: BSD-2-Clause
// The console's queue, with a serial port and a framebuffer of the test's own.
// links: kernel/console.c kernel/screen.c kernel/font.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/bootinfo.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/keyboard.h"
#include "kernel/log.h"
#include "kernel/serial.h"
#include "kernel/vm.h"

enum { QUEUE = 16 * 1024, FIFO = 16 };

// 128 empty glyphs of 8 x 8.
__asm__(".data\n"
        ".globl console_font_start\n"
        "console_font_start:\n"
        ".long 0x864ab572, 0, 32, 0, 128, 8, 8, 8\n"
        ".fill 1024, 1, 0\n"
        ".globl console_font_end\n"
        "console_font_end:\n"
        ".text\n");

static char wire[256 * 1024];
static size_t on_wire;
static size_t fifo_takes; // of serial_write() calls, how many more find the FIFO empty
static unsigned looks;
static int typed = -1, key = -1;
static uint64_t now_us;
static uint32_t pixels[64 * 320];

bool serial_init(void)
{
    return true;
}

size_t serial_write(const char *data, size_t length)
{
    if (fifo_takes == 0)
        return 0;
    fifo_takes--;
    size_t taken = length < FIFO ? length : FIFO;
    memcpy(wire + on_wire, data, taken);
    on_wire += taken;
    wire[on_wire] = '\0';
    return taken;
}

int serial_getc(void)
{
    looks++;
    int c = typed;
    typed = -1;
    return c;
}

int keyboard_getc(void)
{
    int c = key;
    key = -1;
    return c;
}

void serial_drain(void)
{
}

uint64_t clock_us(void)
{
    return now_us;
}

volatile void *vm_map_device(uint64_t physical, uint64_t bytes)
{
    assert_int_equal(physical, 0x1000);
    assert_int_equal(bytes, sizeof pixels);
    return pixels;
}

void log_line(const char *format, ...)
{
    console_printf("[log] %s\n", format);
}

static void write_text(const char *text)
{
    console_write(text, strlen(text));
}

static int drain(void **state)
{
    (void)state;
    fifo_takes = SIZE_MAX;
    console_flush();
    fifo_takes = on_wire = 0;
    wire[0] = '\0';
    return 0;
}

// Runs first: once console_poll() was called, writing only queues.
static void test_early(void **state)
{
    (void)state;
    console_init();
    fifo_takes = 2;
    write_text("0123456789abcdef0123456789abcdef0123\n");
    assert_string_equal(wire, "0123456789abcdef0123456789abcdef");
    fifo_takes = 1;
    console_poll();
    assert_string_equal(wire, "0123456789abcdef0123456789abcdef0123\r\n");
    fifo_takes = 1;
    write_text("x");
    assert_int_equal(fifo_takes, 1);
}

static void test_poll_takes_one_fifo(void **state)
{
    (void)state;
    write_text("0123456789abcdef0123456789abcdef");
    fifo_takes = 5;
    console_poll();
    assert_int_equal(on_wire, FIFO);
    assert_int_equal(fifo_takes, 4);
    console_poll();
    assert_int_equal(on_wire, 2 * FIFO);
    console_poll();
    assert_int_equal(fifo_takes, 3); // nothing to send, not asked
}

static void test_order_over_the_end(void **state)
{
    (void)state;
    static char expected[3 * QUEUE];
    size_t length = 0;
    for (unsigned i = 0; i < 4000; i++) {
        char text[32];
        sprintf(text, "%u\n", i);
        write_text(text);
        length += (size_t)sprintf(expected + length, "%u\r\n", i);
        fifo_takes = 1;
        console_poll();
    }
    fifo_takes = SIZE_MAX;
    console_flush();
    assert_string_equal(wire, expected);
}

static void test_loss_is_counted(void **state)
{
    (void)state;
    char line[101];
    memset(line, 'y', sizeof line - 1);
    line[99] = '\n';
    line[100] = '\0';
    assert_int_equal(console_room(), QUEUE);
    unsigned fit = QUEUE / 101, more = 10; // the newline counts twice
    for (unsigned i = 0; i < fit + more; i++)
        write_text(line);
    write_text("\n"); // there is room for it, but not in the middle of a loss
    assert_int_equal(console_room(), QUEUE - fit * 101);
    for (unsigned i = 0; i < 100; i++) {
        fifo_takes = 1;
        console_poll();
    }
    write_text("after\n");
    fifo_takes = SIZE_MAX;
    console_flush();
    assert_int_equal(on_wire, fit * 101 + strlen("[console: 1001 bytes lost]\r\nafter\r\n"));
    assert_string_equal(wire + fit * 101, "[console: 1001 bytes lost]\r\nafter\r\n");
}

static void test_too_much_at_once(void **state)
{
    (void)state;
    static char much[QUEUE + 1];
    memset(much, 'z', sizeof much);
    console_write(much, sizeof much);
    fifo_takes = SIZE_MAX;
    console_flush();
    assert_string_equal(wire, "[console: 16385 bytes lost]\r\n");
    drain(state);
    console_write(much, QUEUE);
    assert_int_equal(console_room(), 0);
    fifo_takes = SIZE_MAX;
    console_flush();
    assert_int_equal(on_wire, QUEUE);
    drain(state);
    console_write(much, QUEUE - 1);
    write_text("\n"); // takes two bytes, there is one
    assert_int_equal(console_room(), 1);
}

static void test_flush_gives_up(void **state)
{
    (void)state;
    write_text("nobody takes this");
    console_flush();
    assert_int_equal(console_room(), QUEUE);
    assert_int_equal(on_wire, 0);
}

static void test_printf_cuts(void **state)
{
    (void)state;
    console_printf("%0400d", 1);
    fifo_takes = SIZE_MAX;
    console_flush();
    assert_int_equal(on_wire, 255);
}

static void test_input(void **state)
{
    (void)state;
    now_us += 1000000;
    typed = 'a';
    key = 'b';
    assert_int_equal(console_getc(), 'a');
    assert_int_equal(console_getc(), 'b');
    assert_int_equal(console_getc(), -1);
    looks = 0;
    typed = 'c';
    now_us += 999;
    assert_int_equal(console_getc(), -1);
    assert_int_equal(looks, 0); // not even looked
    now_us += 1;
    assert_int_equal(console_getc(), 'c');
}

static unsigned inverse_cells(void)
{
    unsigned count = 0;
    for (unsigned y = 0; y < 64; y += 8) {
        for (unsigned x = 0; x < 320; x += 8)
            count += pixels[y * 320 + x] != 0 && pixels[y * 320 + x] != 0xeeeeeeee;
    }
    return count;
}

// What was written before there was a screen is on it; the glyphs are empty, so only the cursor is
// to be seen, behind the text.
static void test_screen(void **state)
{
    (void)state;
    static struct bootinfo info = {.framebuffer = {.address = 0x1000,
                                                   .pitch = 1280,
                                                   .width = 320,
                                                   .height = 64,
                                                   .bits_per_pixel = 32,
                                                   .kind = 1,
                                                   .red_shift = 16,
                                                   .green_shift = 8}};
    write_text("\n");
    for (unsigned i = 0; i < 8; i++)
        write_text("\n");
    write_text("four\n");
    memset(pixels, 0xee, sizeof pixels);
    console_screen(&info);
    write_text("five");
    for (unsigned i = 0; i < 8 * 40; i++)
        console_poll();
    assert_int_equal(inverse_cells(), 1);
    assert_int_not_equal(pixels[7 * 8 * 320 + 4 * 8], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early),
        cmocka_unit_test_setup(test_poll_takes_one_fifo, drain),
        cmocka_unit_test_setup(test_order_over_the_end, drain),
        cmocka_unit_test_setup(test_loss_is_counted, drain),
        cmocka_unit_test_setup(test_too_much_at_once, drain),
        cmocka_unit_test_setup(test_flush_gives_up, drain),
        cmocka_unit_test_setup(test_printf_cuts, drain),
        cmocka_unit_test_setup(test_input, drain),
        cmocka_unit_test_setup(test_screen, drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
