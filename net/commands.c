// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about ports and frames: ports, stats, audit, restart. Made for 80 columns.
#include "net/commands.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/task.h"
#include "net/bounce.h"
#include "net/find_port.h"
#include <inttypes.h>
#include <stdio.h>

enum { LINK_TEXT = 16 };

// Where each port stood when `stats` last showed it.
struct snapshot {
    uint64_t time; // us
    uint64_t rx_frames, tx_frames;
};

static const struct buffers *buffers;
static const struct forwarder *forwarder;
static struct supervisor *supervisor;
static const struct fdb *fdb; // NULL: this box is no bridge
static struct snapshot snapshots[NET_PORTS_MAX];

void commands_init(const struct buffers *all_buffers, const struct forwarder *the_forwarder,
                   struct supervisor *the_supervisor)
{
    buffers = all_buffers;
    forwarder = the_forwarder;
    supervisor = the_supervisor;
    for (unsigned i = 0; i < NET_PORTS_MAX; i++)
        snapshots[i] = (struct snapshot){.time = clock_us()};
}

void commands_set_fdb(const struct fdb *the_fdb)
{
    fdb = the_fdb;
}

static void link_text(const struct port *port, char text[LINK_TEXT])
{
    if (port->state != PORT_RUNNING)
        snprintf(text, LINK_TEXT, "-");
    else if (!port->link_up)
        snprintf(text, LINK_TEXT, "down");
    else if (port->link_mbps == 0)
        snprintf(text, LINK_TEXT, "up");
    else
        snprintf(text, LINK_TEXT, "%" PRIu32 " Mb/s", port->link_mbps);
}

static void show_port(const struct supervised *s)
{
    const struct port *port = s->port;
    const uint8_t *mac = port->mac;
    char link[LINK_TEXT], address[18] = "-";
    link_text(port, link);
    if (s->state != SUPERVISED_ABSENT)
        snprintf(address, sizeof address, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                 mac[3], mac[4], mac[5]);
    console_printf("%-8s %-16s %-10s %-17s %-8s %s\n", port->name, s->device,
                   port->driver ? port->driver->name : "-", address, supervise_state_name(s), link);
    if (s->restarts == 0 && s->last_fault == PORT_OK)
        return;
    console_printf("%-8s restarts %" PRIu64 ", last outage %" PRIu64 " us", "", s->restarts,
                   s->outage_us);
    if (s->last_fault != PORT_OK)
        console_printf(", last fault %s (0x%" PRIx32 ")", port_fault_name(s->last_fault),
                       s->last_fault_value);
    console_printf("\n");
}

void command_ports(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!box_runs(supervisor))
        return;
    console_printf("%-8s %-16s %-10s %-17s %-8s %s\n", "port", "device", "driver", "mac", "state",
                   "link");
    for (unsigned i = 0; i < supervisor->count; i++)
        show_port(&supervisor->ports[i]);
}

// Milliseconds are fine enough, and do not overflow when nobody looked for a year at line rate.
static uint64_t rate(uint64_t frames, uint64_t us)
{
    const uint64_t ms = us / 1000;
    return ms == 0 ? 0 : frames * 1000 / ms;
}

static void show_direction(const char *name, const char *direction, uint64_t frames, uint64_t bytes,
                           uint64_t frames_per_second)
{
    console_printf("%-8s %-4s %15" PRIu64 " frames %17" PRIu64 " bytes %9" PRIu64 " frames/s\n",
                   name, direction, frames, bytes, frames_per_second);
}

static void show_count(const char *label, uint64_t count, const char *what)
{
    console_printf("%-8s %-4s %15" PRIu64 " %s\n", "", label, count, what);
}

// What only a bridge does.
static void show_flooding(const struct port_counters *c)
{
    if (c->flooded != 0)
        show_count("", c->flooded, "flooded, among those forwarded");
    if (c->copies != 0)
        show_count("", c->copies, "copies of flooded frames, among those sent");
    if (c->copies_lost != 0)
        show_count("", c->copies_lost, "copies lost: no room, or too long");
    if (c->moves != 0)
        show_count("", c->moves, "stations came from another port");
    if (c->not_learned != 0)
        show_count("", c->not_learned, "sources not learned: table full");
}

// What became of the received frames, and whether that is all of them.
static void show_fates(const struct port_counters *c, const struct sent *sent)
{
    show_count("", c->forwarded, "forwarded");
    show_flooding(c);
    if (c->delivered != 0)
        show_count("", c->delivered, "delivered to the box itself");
    if (sent->originated != 0)
        show_count("sent", sent->originated, "by the box itself");
    for (unsigned reason = 0; reason < DROP_REASONS; reason++)
        if (c->drops[reason] != 0)
            console_printf("%-8s drop %15" PRIu64 " %s: %s\n", "", c->drops[reason],
                           drop_name(reason), drop_explain(reason));
    const int64_t off = counters_off(c);
    if (off == 0)
        console_printf("%-8s received = forwarded + delivered + dropped: holds\n", "");
    else
        console_printf("%-8s received = forwarded + delivered + dropped: OFF BY %" PRId64 "\n", "",
                       off);
}

// With `bounce = on`: together, what was received.
static void show_copying(const struct port *port)
{
    const struct bounced bounced = bounce_counted(port);
    if (!bounce_on(port))
        return;
    show_count("copy", bounced.copied, "copied before they were looked at");
    if (bounced.refused != 0)
        show_count("copy", bounced.refused, "not copied: no such buffer, offset or length");
}

// What was lost in the card, before it could be received or after it was transmitted: outside the
// law.
static void show_card(const struct port *port)
{
    if (port->card_missed != 0)
        show_count("card", port->card_missed, "missed: no room in the card");
    if (port->card_errors != 0)
        show_count("card", port->card_errors, "refused: damaged on the wire");
    if (port->lost_in_restart != 0)
        show_count("card", port->lost_in_restart, "lost: in its transmit ring at a restart");
}

static void show_stats(unsigned number)
{
    const struct port_counters counters = forwarder_counters(forwarder, number), *c = &counters;
    const struct sent sent = forwarder_sent_by_port(forwarder, number);
    struct snapshot *last = &snapshots[number];
    const uint64_t now = clock_us();
    const uint64_t us = now - last->time;

    show_direction(supervisor->ports[number].port->name, "rx", c->rx_frames, c->rx_bytes,
                   rate(c->rx_frames - last->rx_frames, us));
    show_direction("", "tx", sent.frames, sent.bytes, rate(sent.frames - last->tx_frames, us));
    show_fates(c, &sent);
    show_copying(supervisor->ports[number].port);
    show_card(supervisor->ports[number].port);
    *last = (struct snapshot){now, c->rx_frames, sent.frames};
}

void command_stats(int argc, char **argv)
{
    if (!box_runs(supervisor))
        return;
    if (argc > 1) {
        const int number = find_port(buffers->ports, buffers->port_count, argv[1]);
        if (number >= 0)
            show_stats((unsigned)number);
        return;
    }
    for (unsigned i = 0; i < supervisor->count; i++)
        show_stats(i);
    if (fdb != NULL)
        console_printf("%-8s fdb  %15" PRIu32 " of %" PRIu32 " stations\n", "table", fdb->entries,
                       fdb->capacity);
}

static void show_place(const struct audit_place *place)
{
    const char *const kind = place->stock      ? "stock for copies"
                             : place->transmit ? "transmit queue"
                                               : "receive queue";
    console_printf(" in %s, %s %u, slot %" PRIu32, place->port->name, kind, place->queue,
                   place->slot);
}

static void show_sound(uint32_t slots)
{
    console_printf("%" PRIu32 " buffers in %" PRIu32 " slots, each exactly once: ok\n",
                   buffers->count, slots);
}

void command_audit(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!box_runs(supervisor))
        return;
    struct audit audit;
    enum audit_result result;
    audit_begin(&audit, buffers);
    while ((result = audit_step(&audit)) == AUDIT_MORE)
        task_breathe();
    if (result == AUDIT_SOUND) {
        show_sound(audit_slots(&audit));
        return;
    }
    struct audit_report report;
    if (buffers_audit(buffers, &report)) {
        show_sound(report.slots);
        return;
    }
    console_printf("VIOLATED:");
    for (unsigned finding = 0; finding < AUDIT_FINDINGS; finding++)
        console_printf(" %" PRIu32 " %s%s", report.found[finding], audit_finding_name(finding),
                       finding + 1 < AUDIT_FINDINGS ? "," : "\n");
    console_printf("first: buffer %" PRIu32 " %s", report.buffer, audit_finding_name(report.first));
    if (report.place.port)
        show_place(&report.place);
    if (report.earlier.port) {
        console_printf(",\n       also");
        show_place(&report.earlier);
    }
    console_printf("\n");
}

void command_restart(int argc, char **argv)
{
    if (!box_runs(supervisor))
        return;
    if (argc != 2) {
        console_printf("usage: restart PORT\n");
        return;
    }
    const int number = find_port(buffers->ports, buffers->port_count, argv[1]);
    if (number < 0)
        return;
    const int error = supervise_restart(supervisor, (unsigned)number);
    if (error != 0)
        console_printf("%s: not restarted: error %d\n", argv[1], -error);
}
