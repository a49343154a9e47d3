// SPDX-License-Identifier: BSD-2-Clause
// GET /api/status: everything that the status page shows, as JSON (RFC 8259). One piece is the
// beginning, a port, a table or the end.
#include "net/stack/pages.h"

#include <inttypes.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/load.h"
#include "kernel/page.h"
#include "net/bounce.h"
#include "net/stack/interface.h"
#include "net/stack/manage.h"

enum { BEGINNING, PORT, QUEUES, PORT_COUNTERS, TABLES, END };

static void write_beginning(struct text *out)
{
    static const char *const modes[] = {
        [CONFIG_MODE_NONE] = "none",
        [CONFIG_MODE_WIRE] = "wire",
        [CONFIG_MODE_BRIDGE] = "bridge",
    };
    const struct config *config = page_view()->config;
    char addresses[200];
    text_printf(out, "{\"version\":\"" BAREWIRE_VERSION "\",\"hostname\":");
    text_json(out, config->manage.hostname);
    text_printf(out, ",\"uptime_us\":%" PRIu64 ",\"mode\":\"%s\",\"addresses\":", clock_us(),
                modes[config->mode]);
    text_json(out, interface_addresses(addresses, sizeof addresses));
    text_printf(out, ",\"memory\":{\"total\":%" PRIu64 ",\"free\":%" PRIu64 "},\"ports\":[",
                page_total_bytes(), page_free_bytes());
}

static void write_port(unsigned number, struct text *out)
{
    const struct supervised *s = &page_view()->supervisor->ports[number];
    const struct port *port = s->port;
    const uint8_t *mac = port->mac;
    text_printf(out, "%s{\"name\":", number > 0 ? "," : "");
    text_json(out, port->name);
    text_printf(out, ",\"device\":");
    text_json(out, s->device);
    text_printf(out,
                ",\"driver\":\"%s\",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\",\"state\":\"%s\","
                "\"link\":%s,\"mbps\":%" PRIu32 ",\"restarts\":%" PRIu64,
                port->driver != NULL ? port->driver->name : "", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5], supervise_state_name(s), port->link_up ? "true" : "false",
                port->link_mbps, s->restarts);
    text_printf(out,
                ",\"card_missed\":%" PRIu64 ",\"card_errors\":%" PRIu64
                ",\"lost_in_restart\":%" PRIu64,
                port->card_missed, port->card_errors, port->lost_in_restart);
}

// The queues of a port: those of which frames are taken, and those by which they leave.
static void write_queues(unsigned number, struct text *out)
{
    const struct forwarder *forwarder = page_view()->forwarder;
    const struct port *port = page_view()->supervisor->ports[number].port;
    unsigned queues = 0;
    text_printf(out, ",\"rx_queue_frames\":[");
    for (unsigned i = 0; i < forwarder->lane_count; i++)
        if (forwarder->lanes[i].rx->port == port)
            text_printf(out, "%s%" PRIu64, queues++ > 0 ? "," : "",
                        lane_frames(&forwarder->lanes[i]));
    text_printf(out, "],\"tx_queue_frames\":[");
    for (unsigned i = 0; i < port->tx_queues && i < PORT_QUEUES_MAX; i++)
        text_printf(out, "%s%" PRIu64, i > 0 ? "," : "",
                    forwarder_sent_by(forwarder, number, i).frames);
    text_printf(out, "]");
}

// All that adds up at one moment.
static void write_counters(unsigned number, struct text *out)
{
    const struct port_counters counters = forwarder_counters(page_view()->forwarder, number);
    const struct port_counters *c = &counters;
    const struct sent sent = forwarder_sent_by_port(page_view()->forwarder, number);
    const struct port *port = page_view()->supervisor->ports[number].port;
    text_printf(out,
                ",\"rx_frames\":%" PRIu64 ",\"rx_bytes\":%" PRIu64 ",\"tx_frames\":%" PRIu64
                ",\"tx_bytes\":%" PRIu64,
                c->rx_frames, c->rx_bytes, sent.frames, sent.bytes);
    text_printf(out, ",\"forwarded\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"originated\":%" PRIu64,
                c->forwarded, c->delivered, sent.originated);
    const struct bounced bounced = bounce_counted(port);
    if (bounce_on(port))
        text_printf(out, ",\"copied\":%" PRIu64 ",\"not_copied\":%" PRIu64, bounced.copied,
                    bounced.refused);
    text_printf(out, ",\"drops\":{");
    for (unsigned reason = 0, shown = 0; reason < DROP_REASONS; reason++)
        if (c->drops[reason] != 0)
            text_printf(out, "%s\"%s\":%" PRIu64, shown++ > 0 ? "," : "", drop_name(reason),
                        c->drops[reason]);
    text_printf(out, "}}");
}

// Returns whether there was such a table.
static bool write_table(unsigned index, struct text *out)
{
    struct page_table table;
    if (!page_table(index, &table))
        return false;
    text_printf(out, "%s{\"name\":\"%s\",\"used\":%" PRIu64 ",\"capacity\":%" PRIu64 "}",
                index > 0 ? "," : "", table.name, table.used, table.capacity);
    return true;
}

static void write_end(struct text *out)
{
    const struct manage_times times = manage_times();
    struct load_report report;
    load_read(&report, LOAD_METRICS);
    const struct load_shares *shares = &report.last_second;
    text_printf(out,
                "],\"core\":{\"busy\":%u,\"housekeeping\":%u,\"asleep\":%u,"
                "\"longest_gap_us\":%" PRIu64 ",\"virtual\":%s",
                shares->busy, shares->housekeeping, shares->asleep, report.gap_max_ns / 1000,
                cpu_is_virtual() ? "true" : "false");
    text_printf(out,
                "},\"manage\":{\"slices\":%" PRIu64 ",\"us\":%" PRIu64 ",\"longest_us\":%" PRIu64
                "}}\n",
                times.slices, times.total_us, times.longest_us);
}

bool api_status_write(struct page_cursor *cursor, const char *query, struct text *out)
{
    (void)query;
    switch (cursor->part) {
    case BEGINNING:
        write_beginning(out);
        cursor->part = page_view()->supervisor->count > 0 ? PORT : TABLES;
        if (cursor->part == TABLES)
            text_printf(out, "],\"tables\":[");
        return true;
    case PORT:
        write_port(cursor->item, out);
        cursor->part = QUEUES;
        return true;
    case QUEUES:
        write_queues(cursor->item, out);
        cursor->part = PORT_COUNTERS;
        return true;
    case PORT_COUNTERS:
        write_counters(cursor->item++, out);
        if (cursor->item < page_view()->supervisor->count) {
            cursor->part = PORT;
            return true;
        }
        text_printf(out, "],\"tables\":[");
        cursor->part = TABLES;
        cursor->item = 0;
        return true;
    case TABLES:
        if (write_table(cursor->item++, out))
            return true;
        write_end(out);
        return false;
    default:
        return false;
    }
}
