// SPDX-License-Identifier: BSD-2-Clause
// The console: one queue of bytes towards the serial port, one screen in memory that is drawn
// piece by piece. At 115200 baud a byte takes 87 us, the time of hundreds of packets: nothing but
// console_flush() ever waits for that.
#include "kernel/console.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/bootinfo.h"
#include "kernel/clock.h"
#include "kernel/keyboard.h"
#include "kernel/log.h"
#include "kernel/port_io.h"
#include "kernel/screen.h"
#include "kernel/serial.h"
#include "kernel/vm.h"

enum {
    QUEUE_BYTES = 16 * 1024, // a power of two
    ROOM_TO_GO_ON = 1024,    // after a loss, so that losses come in one piece
    PRINTF_BYTES = 256,
    TYPED_BYTES = 64, // a power of two
    DRAW_STEPS = 16,  // of screen_draw(), at most, a call of console_poll()
    DRAW_US = 5,      // no new step is begun after that
    LOOK_EVERY_US = 1000,
    TYPING_US = 1000000, // after a character, others are expected
    // Of the LSR, about 1 us each. A full FIFO leaves in 1.4 ms, but what an emulated UART is
    // connected to may be asleep for longer, and these may be a box's last words.
    FLUSH_TRIES = 2000000,
    EGA_COLUMNS_MAX = 132,
    EGA_ROWS_MAX = 60,
};

// The font that the build embeds (Makefile).
extern const uint8_t console_font_start[], console_font_end[];

static char queue[QUEUE_BYTES];
static uint64_t head, tail; // bytes ever queued and ever handed to the serial port
static uint64_t lost;       // bytes since the last that was queued
static bool serial_there, polled;
static void (*on_print)(void);                            // or NULL
static void (*attached)(const char *text, size_t length); // a second screen, or NULL
static char typed_keys[TYPED_BYTES];                      // at a second keyboard
static unsigned typed, typed_taken;                       // free-running
static struct screen screen;
static bool screen_behind; // the device does not show all of the screen yet
static uint64_t typed_at;  // when a character last came, us; 0: never

void console_init(void)
{
    serial_there = serial_init();
}

static void put(char c)
{
    queue[head % QUEUE_BYTES] = c;
    head++;
    if (!serial_there)
        tail = head;
}

static void queue_text(const char *text, size_t length)
{
    if (attached != NULL)
        attached(text, length);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
    screen_write(&screen, text, length);
    screen_behind = true;
}

size_t console_room(void)
{
    return QUEUE_BYTES - (size_t)(head - tail);
}

static void say_lost(void)
{
    if (lost == 0 || console_room() < ROOM_TO_GO_ON)
        return;
    char text[64];
    int length =
        snprintf(text, sizeof text, "[console: %llu bytes lost]\n", (unsigned long long)lost);
    lost = 0;
    queue_text(text, (size_t)length);
}

// Hands one FIFO of bytes to the serial port if it is empty. Returns how many went.
static size_t serial_step(void)
{
    size_t start = (size_t)(tail % QUEUE_BYTES), length = (size_t)(head - tail);
    if (length > QUEUE_BYTES - start)
        length = QUEUE_BYTES - start;
    size_t taken = serial_write(queue + start, length);
    tail += taken;
    return taken;
}

static bool fits(const char *text, size_t length)
{
    size_t bytes = length;
    for (size_t i = 0; i < length; i++)
        bytes += text[i] == '\n';
    return bytes <= console_room();
}

void console_write(const char *text, size_t length)
{
    say_lost();
    if (lost > 0 || length > QUEUE_BYTES || !fits(text, length)) {
        lost += length;
        return;
    }
    queue_text(text, length);
    if (!polled) {
        while (serial_step() > 0)
            ;
        screen_behind = !screen_draw(&screen, DRAW_STEPS);
    }
}

void console_printf(const char *format, ...)
{
    char text[PRINTF_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    console_write(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    if (on_print != NULL)
        on_print();
}

void console_on_print(void (*then)(void))
{
    on_print = then;
}

static void draw_for_a_moment(void)
{
    uint64_t start = clock_us();
    for (unsigned i = 0; screen_behind && i < DRAW_STEPS && clock_us() - start < DRAW_US; i++)
        screen_behind = !screen_draw(&screen, 1);
}

void console_poll(void)
{
    polled = true;
    if (tail != head)
        serial_step();
    say_lost();
    draw_for_a_moment();
}

// What the device does not take now it never will.
static void drain(void)
{
    unsigned tries = 0;
    while (tail != head && tries < FLUSH_TRIES)
        tries = serial_step() > 0 ? 0 : tries + 1;
    tail = head;
}

void console_flush(void)
{
    drain();
    say_lost();
    drain();
    serial_drain();
    screen_behind = !screen_draw(&screen, (SCREEN_COLUMNS_MAX + 1) * SCREEN_ROWS_MAX);
}

// Somebody who types, or a program that does, is not kept waiting, nor is a FIFO of 16 bytes.
uint64_t console_deadline(void)
{
    if (screen_behind || typed != typed_taken)
        return 0;
    const uint64_t now = clock_us();
    const bool typing = typed_at != 0 && now - typed_at < TYPING_US;
    return tail != head || typing ? now + LOOK_EVERY_US : UINT64_MAX;
}

void console_attach(void (*show)(const char *text, size_t length))
{
    attached = show;
}

bool console_can_type(void)
{
    return typed - typed_taken < TYPED_BYTES;
}

void console_type(char c)
{
    if (console_can_type())
        typed_keys[typed++ % TYPED_BYTES] = c;
}

int console_getc(void)
{
    if (typed != typed_taken)
        return (unsigned char)typed_keys[typed_taken++ % TYPED_BYTES];
    static uint64_t next_look;
    uint64_t now = clock_us();
    if (now < next_look)
        return -1;
    int c = serial_getc();
    if (c < 0)
        c = keyboard_getc();
    if (c < 0)
        next_look = now + LOOK_EVERY_US;
    else
        typed_at = now;
    return c;
}

// The text cursor of the card would blink where the firmware left it: register 0x0a of the CRT
// controller (IBM VGA Technical Reference, "Cursor Start"), bit 5 turns it off.
static void hide_hardware_cursor(void)
{
    outb(0x3d4, 0x0a);
    outb(0x3d5, 0x20);
}

static bool open_ega(const struct boot_framebuffer *info)
{
    if (info->width == 0 || info->width > EGA_COLUMNS_MAX || info->height == 0 ||
        info->height > EGA_ROWS_MAX)
        return false;
    volatile void *cells = vm_map_device(info->address, (uint64_t)info->width * info->height * 2);
    if (cells == NULL)
        return false;
    hide_hardware_cursor();
    screen_init_ega(&screen, cells, info->width, info->height);
    return true;
}

static bool open_pixels(const struct boot_framebuffer *info)
{
    struct font font;
    size_t size = (uintptr_t)console_font_end - (uintptr_t)console_font_start;
    if (!font_parse(&font, console_font_start, size))
        return false;
    volatile void *pixels = vm_map_device(info->address, (uint64_t)info->pitch * info->height);
    return pixels != NULL && screen_init_pixels(&screen, pixels, info, &font);
}

void console_screen(const struct bootinfo *info)
{
    const struct boot_framebuffer *framebuffer = &info->framebuffer;
    if (framebuffer->address == 0)
        return;
    bool opened = framebuffer->kind == 1   ? open_pixels(framebuffer)
                  : framebuffer->kind == 2 ? open_ega(framebuffer)
                                           : false;
    if (!opened) {
        log_line("screen: unusable: kind %u, %u x %u, %u bits, pitch %u", framebuffer->kind,
                 framebuffer->width, framebuffer->height, framebuffer->bits_per_pixel,
                 framebuffer->pitch);
        return;
    }
    // The queue still holds what was written before there was a screen.
    for (uint64_t i = head > QUEUE_BYTES ? head - QUEUE_BYTES : 0; i < head; i++)
        screen_write(&screen, &queue[i % QUEUE_BYTES], 1);
    screen_behind = true;
    log_line("screen: %u x %u characters", screen.columns, screen.rows);
}
