// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands that look at frames: drops and capture. Made for 80 columns; what they say
// comes in pieces, a port or a frame at a time.
#include "net/commands_frames.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/number.h"
#include "kernel/task.h"
#include "net/capture.h"
#include "net/decode.h"
#include "net/find_port.h"
#include "net/inject.h"

enum {
    COLUMNS = 79,
    BYTES_A_LINE = 16,
    ROOM_FOR_FRAME = 2048, // of the console's queue, for the longest answer about one frame
    FRAMES_DEFAULT = 10,
};

// What a card counts, beside the reasons of the box.
enum { CARD_MISSED = DROP_REASONS, CARD_ERRORS, CARD_LOST, COUNTS };

static const struct buffers *buffers;
static const struct forwarder *forwarder;

// Where each count stood when `drops` last showed it.
static struct snapshot {
    uint64_t time; // us
    uint64_t counts[COUNTS];
} snapshots[NET_PORTS_MAX];
static unsigned next_port, shown;

void commands_frames_init(const struct buffers *all_buffers, const struct forwarder *the_forwarder)
{
    buffers = all_buffers;
    forwarder = the_forwarder;
    for (unsigned i = 0; i < NET_PORTS_MAX; i++)
        snapshots[i] = (struct snapshot){.time = clock_us()};
}

// --- drops -------------------------------------------------------------------------------------

static void take_counts(unsigned number, uint64_t counts[COUNTS])
{
    const struct port *port = buffers->ports[number];
    for (unsigned reason = 0; reason < DROP_REASONS; reason++)
        counts[reason] = forwarder->counters[number].drops[reason];
    counts[CARD_MISSED] = port->card_missed;
    counts[CARD_ERRORS] = port->card_errors;
    counts[CARD_LOST] = port->lost_in_restart;
}

static const char *count_name(unsigned which)
{
    static const char *const of_card[] = {"card-missed", "card-refused", "lost-in-restart"};
    return which < DROP_REASONS ? drop_name((enum drop_reason)which)
                                : of_card[which - DROP_REASONS];
}

static void show_drops(unsigned number)
{
    struct snapshot *last = &snapshots[number], now = {.time = clock_us()};
    take_counts(number, now.counts);
    const uint64_t ms = (now.time - last->time) / 1000;
    for (unsigned i = 0; i < COUNTS; i++) {
        if (now.counts[i] == 0)
            continue;
        if (shown == 0)
            console_printf("%-15s %-15s %20s %12s\n", "port", "reason", "frames", "a second");
        const uint64_t more = now.counts[i] - last->counts[i];
        console_printf("%-15s %-15s %20" PRIu64 " %12" PRIu64 "\n", buffers->ports[number]->name,
                       count_name(i), now.counts[i], ms == 0 ? 0 : more * 1000 / ms);
        shown++;
    }
    *last = now;
}

static bool more_drops(void)
{
    if (next_port < buffers->port_count)
        show_drops(next_port++);
    if (next_port < buffers->port_count)
        return true;
    if (shown == 0)
        console_printf("no frame was lost\n");
    return false;
}

void command_drops(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!box_runs(buffers))
        return;
    next_port = shown = 0;
    shell_go_on(more_drops);
}

// --- capture -----------------------------------------------------------------------------------

static unsigned number; // of the frame that is shown next

// Breaks a text between words, so that no line is longer than the terminal.
static void show_wrapped(const char *text)
{
    size_t length = strlen(text);
    while (length > COLUMNS - 2) {
        size_t cut = COLUMNS - 2;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0)
            cut = COLUMNS - 2;
        console_printf("  %.*s\n", (int)cut, text);
        text += cut + (text[cut] == ' ');
        length = strlen(text);
    }
    console_printf("  %s\n", text);
}

// By hand: a formatted print for every byte would take longer than frames should wait.
static void show_bytes(const struct captured *frame)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned at = 0; at < frame->kept; at += BYTES_A_LINE) {
        char line[] = "  0000                                                   ................\n";
        enum { HEX = 8, TEXT = 57 };
        unsigned count = frame->kept - at < BYTES_A_LINE ? frame->kept - at : BYTES_A_LINE;
        line[2] = digits[at >> 12 & 15];
        line[3] = digits[at >> 8 & 15];
        line[4] = digits[at >> 4 & 15];
        line[5] = digits[at & 15];
        for (unsigned i = 0; i < count; i++) {
            const uint8_t byte = frame->bytes[at + i];
            line[HEX + 3 * i] = digits[byte >> 4];
            line[HEX + 3 * i + 1] = digits[byte & 15];
            line[TEXT + i] = (char)(byte >= ' ' && byte <= '~' ? byte : '.');
        }
        line[TEXT + count] = '\n';
        console_write(line, TEXT + count + 1);
        task_breathe();
    }
}

static void show_frame(const struct captured *frame)
{
    char text[DECODE_TEXT];
    const uint64_t us = frame->us;
    console_printf("%u. %s at %" PRIu64 ".%06u s, ", number, frame->sent ? "sent" : "received",
                   us / 1000000, (unsigned)(us % 1000000));
    if (frame->length == 0)
        console_printf("of an impossible length\n");
    else if (frame->kept < frame->length)
        console_printf("%u bytes, the first %u:\n", frame->length, frame->kept);
    else
        console_printf("%u bytes:\n", frame->length);
    if (frame->length == 0)
        return;
    task_pause();
    show_wrapped(decode_frame(frame->bytes, frame->kept, text));
    show_bytes(frame);
}

static bool more_capture(void)
{
    const int key = console_getc();
    const bool stopped = key >= 0 && key != '\n'; // which may belong to the command's line
    const struct captured *frame = capture_next();
    if (!stopped && frame != NULL && console_room() >= ROOM_FOR_FRAME) {
        show_frame(frame);
        capture_shown();
        number++;
        frame = capture_next();
    }
    if (!stopped && (frame != NULL || capture_left() > 0))
        return true;
    if (capture_missed() > 0)
        console_printf("%" PRIu64 " frames in between passed too quickly to be shown\n",
                       capture_missed());
    if (stopped)
        console_printf("stopped after %u frames\n", number - 1);
    capture_end();
    return false;
}

void command_capture(int argc, char **argv)
{
    if (!box_runs(buffers))
        return;
    uint64_t frames = FRAMES_DEFAULT;
    if (argc < 2 || argc > 3 ||
        (argc == 3 && !number_parse(argv[2], 1, CAPTURE_FRAMES_MAX, &frames))) {
        console_printf("usage: capture PORT [N], N from 1 to %d\n", CAPTURE_FRAMES_MAX);
        return;
    }
    const int port = find_port(buffers->ports, buffers->port_count, argv[1]);
    if (port < 0)
        return;
    if (buffers->ports[port]->state == PORT_ABSENT) {
        console_printf("%s: the card is not in use: see the log\n", argv[1]);
        return;
    }
    if (inject_armed(buffers->ports[port])) {
        console_printf("%s: a fault is armed (inject): it has to happen first\n", argv[1]);
        return;
    }
    if (!capture_begin(buffers->ports[port], (unsigned)frames)) {
        console_printf("another capture is on\n");
        return;
    }
    number = 1;
    console_printf("the next %" PRIu64 " frames of %s; any key stops\n", frames, argv[1]);
    shell_go_on(more_capture);
}
