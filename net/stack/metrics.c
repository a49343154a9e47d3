// SPDX-License-Identifier: BSD-2-Clause
// GET /metrics: the Prometheus text exposition format, version 0.0.4 (prometheus.io, "Exposition
// formats"). A table of families; each call writes one sample, so that a page of any length takes
// the core for a microsecond at a time.
#include "net/stack/pages.h"

#include <inttypes.h>
#include <stdio.h>

#include "kernel/clock.h"
#include "kernel/load.h"
#include "kernel/page.h"
#include "net/bounce.h"
#include "net/proxy.h"
#include "net/restarts.h"
#include "net/stack/http.h"
#include "net/stack/interface.h"
#include "net/stack/manage.h"

// What a family has one sample for.
enum scope {
    THE_BOX,
    EACH_PORT,
    EACH_PORT_THAT_COPIES, // with bounce = on
    EACH_PORT_IF_DOMAINS,  // every port, where at least one has its driver in a domain
    EACH_LANE,             // every receive queue
    EACH_TX_QUEUE,
    EACH_DROP,
    EACH_RESTART,
    EACH_TABLE,
    EACH_STATE,
    EACH_CAUSE,
    EACH_GAP
};
enum { CORE_STATES = 4 };
enum unit { PLAIN, MICROSECONDS }; // of the number; the latter are shown as seconds

struct sample {
    char labels[96];    // between braces, or ""
    const char *suffix; // of the name; NULL: as the family's type has it
    bool seconds;       // the number is in microseconds
    bool absent;        // there is nothing to show
    uint64_t number;
    const struct load_report *report; // what the core did until this page was begun
};

struct family {
    const char *name, *type, *help;
    enum scope scope;
    enum unit unit;
    // Fills in sample number `item`. What it has no labels for, the scope has.
    void (*take)(unsigned item, struct sample *sample);
};

// --- where the numbers are ---------------------------------------------------------------------

static const struct supervised *port_at(unsigned item)
{
    return &page_view()->supervisor->ports[item];
}

static struct port_counters counters_at(unsigned item)
{
    return forwarder_counters(page_view()->forwarder, item);
}

static struct sent sent_by(unsigned item)
{
    return forwarder_sent_by_port(page_view()->forwarder, item);
}

// A name and a parameter take no parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define TAKE(name, scope_item, expression)                       \
    static void name(unsigned scope_item, struct sample *sample) \
    {                                                            \
        (void)scope_item;                                        \
        sample->number = (expression);                           \
    }
// NOLINTEND(bugprone-macro-parentheses)

TAKE(take_uptime, item, clock_us())
TAKE(take_slices, item, manage_times().slices)
TAKE(take_slice_time, item, manage_times().total_us)
TAKE(take_slice_longest, item, manage_times().longest_us)
TAKE(take_http_connections, item, http_counters().connections)
TAKE(take_http_answers, item, http_counters().answers)
TAKE(take_http_errors, item, http_counters().errors)
TAKE(take_http_refused, item, http_counters().refused)
TAKE(take_http_evicted, item, http_counters().evicted)
TAKE(take_http_timed_out, item, http_counters().timed_out)
TAKE(take_copies, item, page_view()->local->copies)
TAKE(take_copies_lost, item, page_view()->local->copies_lost + page_view()->local->copies_long)
TAKE(take_unsent, item, page_view()->local->unsent)
TAKE(take_discarded, item, interface_discarded())
TAKE(take_memory_total, item, page_total_bytes())
TAKE(take_memory_free, item, page_free_bytes())
TAKE(take_up, item, port_at(item)->port->state == PORT_RUNNING)
TAKE(take_link, item, port_at(item)->port->state == PORT_RUNNING && port_at(item)->port->link_up)
TAKE(take_speed, item, (uint64_t)port_at(item)->port->link_mbps * 125000)
TAKE(take_restarts, item, port_at(item)->restarts)
TAKE(take_rx_frames, item, counters_at(item).rx_frames)
TAKE(take_rx_bytes, item, counters_at(item).rx_bytes)
TAKE(take_tx_frames, item, sent_by(item).frames)
TAKE(take_tx_bytes, item, sent_by(item).bytes)
TAKE(take_forwarded, item, counters_at(item).forwarded)
TAKE(take_delivered, item, counters_at(item).delivered)
TAKE(take_originated, item, sent_by(item).originated)
TAKE(take_missed, item, port_at(item)->port->card_missed)
TAKE(take_damaged, item, port_at(item)->port->card_errors)
TAKE(take_lost, item, port_at(item)->port->lost_in_restart)

static void take_bounced(unsigned item, struct sample *sample)
{
    const struct port *port = port_at(item / 2)->port;
    const struct bounced bounced = bounce_counted(port);
    const bool copied = item % 2 == 0;
    sample->absent = !bounce_on(port);
    sample->number = copied ? bounced.copied : bounced.refused;
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\",result=\"%s\"", port->name,
             copied ? "copied" : "refused");
}

static void take_core_time(unsigned item, struct sample *sample)
{
    static const char *const states[CORE_STATES] = {"busy", "housekeeping", "asleep", "polling"};
    const struct load_report *report = sample->report;
    const uint64_t us[] = {report->busy_us, report->housekeeping_us, report->asleep_us};
    snprintf(sample->labels, sizeof sample->labels, "state=\"%s\"", states[item]);
    sample->number = item < 3 ? us[item] : report->us - us[0] - us[1] - us[2];
}

TAKE(take_busy_share, item, 1000ull * sample->report->last_second.busy)

static void take_wakes(unsigned item, struct sample *sample)
{
    snprintf(sample->labels, sizeof sample->labels, "cause=\"%s\"", idle_cause_name(item));
    sample->number = sample->report->wakes[item];
}

TAKE(take_longest_gap, item, sample->report->gap_max_ns / 1000)

// A histogram: buckets are cumulative, and the sum and the count come last. The bounds are powers
// of two nanoseconds.
static void take_gap(unsigned item, struct sample *sample)
{
    const struct load_report *report = sample->report;
    for (unsigned i = 0; i <= item && i < LOAD_GAPS; i++)
        sample->number += report->gaps[i];
    if (item < LOAD_GAPS - 1) {
        const uint64_t ns = 2ull << item;
        snprintf(sample->labels, sizeof sample->labels, "le=\"%" PRIu64 ".%09" PRIu64 "\"",
                 ns / 1000000000, ns % 1000000000);
    } else if (item == LOAD_GAPS - 1) {
        snprintf(sample->labels, sizeof sample->labels, "le=\"+Inf\"");
    } else if (item == LOAD_GAPS) {
        sample->suffix = "_sum";
        sample->seconds = true;
        sample->number = report->us - report->asleep_us;
    } else {
        sample->suffix = "_count";
    }
}

static void take_info(unsigned item, struct sample *sample)
{
    (void)item;
    snprintf(sample->labels, sizeof sample->labels, "version=\"" BAREWIRE_VERSION "\",name=\"%s\"",
             page_view()->config->manage.hostname);
    sample->number = 1;
}

// There is a lane for each receive queue.
static void take_queue(unsigned item, struct sample *sample)
{
    const struct lane *lane = &page_view()->forwarder->lanes[item];
    const struct port *port = lane->rx->port;
    unsigned number = 0;
    while (number + 1 < port->rx_queues && port->rx[number] != lane->rx)
        number++;
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\",queue=\"%u\"", port->name, number);
    sample->number = lane_frames(lane);
}

static struct sent take_sent(unsigned item, struct sample *sample)
{
    const unsigned number = item % PORT_QUEUES_MAX;
    const struct port *port = port_at(item / PORT_QUEUES_MAX)->port;
    sample->absent = number >= port->tx_queues;
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\",queue=\"%u\"", port->name, number);
    return forwarder_sent_by(page_view()->forwarder, item / PORT_QUEUES_MAX, number);
}

static void take_sent_frames(unsigned item, struct sample *sample)
{
    sample->number = take_sent(item, sample).frames;
}

static void take_sent_bytes(unsigned item, struct sample *sample)
{
    sample->number = take_sent(item, sample).bytes;
}

static void take_drops(unsigned item, struct sample *sample)
{
    const unsigned port = item / DROP_REASONS, reason = item % DROP_REASONS;
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\",reason=\"%s\"",
             port_at(port)->port->name, drop_name(reason));
    sample->number = counters_at(port).drops[reason];
}

// Cause by cause and step by step; what never happened is left out.
enum { RESTART_KINDS = PORT_FAULT_COUNT * STEP_COUNT };

static void take_domain_restarts(unsigned item, struct sample *sample)
{
    const struct port *port = port_at(item / RESTART_KINDS)->port;
    const enum port_fault cause = item % RESTART_KINDS / STEP_COUNT;
    const enum restart_step step = item % STEP_COUNT;
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\",cause=\"%s\",step=\"%s\"",
             port->name, port_fault_name(cause), restart_step_name(step));
    sample->number = restart_record(port)->count[cause][step];
    sample->absent = sample->number == 0;
}

static void take_domain_crossings(unsigned item, struct sample *sample)
{
    const struct port *port = port_at(item)->port;
    const struct proxy *proxy = proxy_of(port);
    snprintf(sample->labels, sizeof sample->labels, "port=\"%s\"", port->name);
    sample->number = proxy == NULL ? 0 : proxy->crossings;
}

TAKE(take_domain_outage, item, restart_record(port_at(item)->port)->last_outage_us)

static void take_table_used(unsigned item, struct sample *sample)
{
    struct page_table table = {"", 0, 0};
    page_table(item, &table);
    snprintf(sample->labels, sizeof sample->labels, "table=\"%s\"", table.name);
    sample->number = table.used;
}

static void take_table_capacity(unsigned item, struct sample *sample)
{
    struct page_table table = {"", 0, 0};
    page_table(item, &table);
    snprintf(sample->labels, sizeof sample->labels, "table=\"%s\"", table.name);
    sample->number = table.capacity;
}

#define COUNTER "counter"
#define GAUGE   "gauge"

static const struct family families[] = {
    {"barewire_info", GAUGE, "The program and its name.", THE_BOX, PLAIN, take_info},
    {"barewire_uptime_seconds", GAUGE, "Time since the kernel was entered.", THE_BOX, MICROSECONDS,
     take_uptime},
    {"barewire_memory_bytes", GAUGE, "RAM of the machine.", THE_BOX, PLAIN, take_memory_total},
    {"barewire_memory_free_bytes", GAUGE, "RAM that nothing uses.", THE_BOX, PLAIN,
     take_memory_free},

    {"barewire_core_seconds_total", COUNTER, "How the core spent its time.", EACH_STATE,
     MICROSECONDS, take_core_time},
    {"barewire_core_busy_ratio", GAUGE, "Share of the last second in which it carried frames.",
     THE_BOX, MICROSECONDS, take_busy_share},
    {"barewire_core_wakes_total", COUNTER, "What ended its sleeps.", EACH_CAUSE, PLAIN, take_wakes},
    {"barewire_poll_gap_max_seconds", GAUGE,
     "The longest time that the rings were left alone, since boot.", THE_BOX, MICROSECONDS,
     take_longest_gap},
    {"barewire_poll_gap_seconds", "histogram",
     "Time between two looks at the rings, sleep left out.", EACH_GAP, PLAIN, take_gap},

    {"barewire_port_up", GAUGE, "Whether the port runs.", EACH_PORT, PLAIN, take_up},
    {"barewire_port_link_up", GAUGE, "Whether the port has a link.", EACH_PORT, PLAIN, take_link},
    {"barewire_port_speed_bytes", GAUGE, "Bytes a second that the link carries, 0: not known.",
     EACH_PORT, PLAIN, take_speed},
    {"barewire_port_restarts_total", COUNTER, "Restarts of the port since boot.", EACH_PORT, PLAIN,
     take_restarts},
    {"barewire_domain_restarts_total", COUNTER,
     "Times that the port was brought back, or given up, by cause and step.", EACH_RESTART, PLAIN,
     take_domain_restarts},
    {"barewire_domain_outage_microseconds", GAUGE, "The last outage of the port, 0: none yet.",
     EACH_PORT_IF_DOMAINS, PLAIN, take_domain_outage},
    {"barewire_domain_crossings_total", COUNTER,
     "Times that the port's driver was entered in ring 3.", EACH_PORT_IF_DOMAINS, PLAIN,
     take_domain_crossings},
    {"barewire_port_receive_frames_total", COUNTER,
     "Frames received. They were forwarded, delivered or dropped.", EACH_PORT, PLAIN,
     take_rx_frames},
    {"barewire_queue_receive_frames_total", COUNTER, "The same by receive queue.", EACH_LANE, PLAIN,
     take_queue},
    {"barewire_port_receive_bytes_total", COUNTER, "Bytes received, without FCS.", EACH_PORT, PLAIN,
     take_rx_bytes},
    {"barewire_port_transmit_frames_total", COUNTER, "Frames transmitted.", EACH_PORT, PLAIN,
     take_tx_frames},
    {"barewire_queue_transmit_frames_total", COUNTER, "The same by transmit queue.", EACH_TX_QUEUE,
     PLAIN, take_sent_frames},
    {"barewire_port_transmit_bytes_total", COUNTER, "Bytes transmitted, without FCS.", EACH_PORT,
     PLAIN, take_tx_bytes},
    {"barewire_queue_transmit_bytes_total", COUNTER, "The same by transmit queue.", EACH_TX_QUEUE,
     PLAIN, take_sent_bytes},
    {"barewire_port_forwarded_frames_total", COUNTER,
     "Frames received here that left by another port.", EACH_PORT, PLAIN, take_forwarded},
    {"barewire_port_delivered_frames_total", COUNTER,
     "Frames received here for the box itself and nobody else.", EACH_PORT, PLAIN, take_delivered},
    {"barewire_port_originated_frames_total", COUNTER, "Frames of the box's own, sent here.",
     EACH_PORT, PLAIN, take_originated},
    {"barewire_port_drops_total", COUNTER, "Frames received here and dropped, by reason.",
     EACH_DROP, PLAIN, take_drops},
    {"barewire_port_card_missed_total", COUNTER,
     "Frames that the card had no room for, before the box saw them.", EACH_PORT, PLAIN,
     take_missed},
    {"barewire_port_card_errors_total", COUNTER, "Frames that the card refused as damaged.",
     EACH_PORT, PLAIN, take_damaged},
    {"barewire_port_lost_in_restart_total", COUNTER,
     "Frames in a transmit ring when the card was stopped.", EACH_PORT, PLAIN, take_lost},
    {"barewire_port_bounced_frames_total", COUNTER,
     "Frames received by a port with bounce = on, by whether they were copied.",
     EACH_PORT_THAT_COPIES, PLAIN, take_bounced},

    {"barewire_table_entries", GAUGE, "Entries in use, of a table of fixed size.", EACH_TABLE,
     PLAIN, take_table_used},
    {"barewire_table_capacity", GAUGE, "Entries that the table has.", EACH_TABLE, PLAIN,
     take_table_capacity},

    {"barewire_manage_slices_total", COUNTER, "Slices of time that management took.", THE_BOX,
     PLAIN, take_slices},
    {"barewire_manage_seconds_total", COUNTER, "Time that management took.", THE_BOX, MICROSECONDS,
     take_slice_time},
    {"barewire_manage_slice_longest_seconds", GAUGE, "The longest slice since boot.", THE_BOX,
     MICROSECONDS, take_slice_longest},
    {"barewire_manage_copies_total", COUNTER, "Copies of forwarded frames that the box got.",
     THE_BOX, PLAIN, take_copies},
    {"barewire_manage_copies_lost_total", COUNTER,
     "Copies of forwarded frames that the box had no room for, or that are too long for it.",
     THE_BOX, PLAIN, take_copies_lost},
    {"barewire_manage_unsent_total", COUNTER, "Frames of the box's own that could not be sent.",
     THE_BOX, PLAIN, take_unsent},
    {"barewire_manage_discarded_total", COUNTER,
     "Frames for the box that its stack had no memory for.", THE_BOX, PLAIN, take_discarded},
    {"barewire_http_connections_total", COUNTER, "Connections that the web server accepted.",
     THE_BOX, PLAIN, take_http_connections},
    {"barewire_http_answers_total", COUNTER, "Answers that it began.", THE_BOX, PLAIN,
     take_http_answers},
    {"barewire_http_errors_total", COUNTER, "Answers with a status of 400 or more.", THE_BOX, PLAIN,
     take_http_errors},
    {"barewire_http_refused_total", COUNTER, "Connections for which there was no room.", THE_BOX,
     PLAIN, take_http_refused},
    {"barewire_http_evicted_total", COUNTER, "Connections that made room for others.", THE_BOX,
     PLAIN, take_http_evicted},
    {"barewire_http_timed_out_total", COUNTER, "Connections whose clients took too long.", THE_BOX,
     PLAIN, take_http_timed_out},
};
enum { FAMILIES = sizeof families / sizeof families[0] };

// --- writing -----------------------------------------------------------------------------------

static bool any_domain(void)
{
    const struct config *config = page_view()->config;
    for (unsigned i = 0; i < config->port_count; i++)
        if (config->ports[i].isolation == CONFIG_ISOLATION_DOMAIN)
            return true;
    return false;
}

static bool any_bounce(void)
{
    const struct supervisor *supervisor = page_view()->supervisor;
    for (unsigned i = 0; i < supervisor->count; i++)
        if (bounce_on(supervisor->ports[i].port))
            return true;
    return false;
}

static unsigned samples(enum scope scope)
{
    struct page_table table;
    unsigned count = 0;
    switch (scope) {
    case THE_BOX:
        return 1;
    case EACH_PORT:
        return page_view()->supervisor->count;
    case EACH_PORT_THAT_COPIES:
        return any_bounce() ? 2 * page_view()->supervisor->count : 0;
    case EACH_PORT_IF_DOMAINS:
        return any_domain() ? page_view()->supervisor->count : 0;
    case EACH_LANE:
        return page_view()->forwarder->lane_count;
    case EACH_TX_QUEUE:
        return page_view()->supervisor->count * PORT_QUEUES_MAX;
    case EACH_DROP:
        return page_view()->supervisor->count * DROP_REASONS;
    case EACH_STATE:
        return CORE_STATES;
    case EACH_CAUSE:
        return IDLE_CAUSES;
    case EACH_GAP:
        return LOAD_GAPS + 2;
    case EACH_RESTART:
        return page_view()->supervisor->count * RESTART_KINDS;
    case EACH_TABLE:
        while (page_table(count, &table))
            count++;
        return count;
    }
    return 0;
}

static void write_sample(const struct family *family, unsigned item,
                         const struct load_report *report, struct text *out)
{
    struct sample sample = {.labels = "", .report = report};
    family->take(item, &sample);
    if (sample.labels[0] == '\0' &&
        (family->scope == EACH_PORT || family->scope == EACH_PORT_IF_DOMAINS))
        snprintf(sample.labels, sizeof sample.labels, "port=\"%s\"", port_at(item)->port->name);
    if (sample.absent)
        return;
    const bool labels = sample.labels[0] != '\0';
    const char *suffix = sample.suffix != NULL       ? sample.suffix
                         : family->scope == EACH_GAP ? "_bucket"
                                                     : "";
    text_printf(out, "%s%s%s%s%s ", family->name, suffix, labels ? "{" : "", sample.labels,
                labels ? "}" : "");
    if (family->unit == MICROSECONDS || sample.seconds)
        text_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", sample.number / 1000000,
                    sample.number % 1000000);
    else
        text_printf(out, "%" PRIu64 "\n", sample.number);
}

bool metrics_write(struct page_cursor *cursor, const char *query, struct text *out)
{
    (void)query;
    const struct family *family = &families[cursor->part];
    if (cursor->part == 0 && cursor->item == 0)
        load_read(&cursor->load, LOAD_METRICS);
    if (cursor->item == 0 && samples(family->scope) > 0)
        text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                    family->type);
    if (cursor->item < samples(family->scope))
        write_sample(family, cursor->item++, &cursor->load, out);
    if (cursor->item >= samples(family->scope)) {
        cursor->part++;
        cursor->item = 0;
    }
    return cursor->part < FAMILIES;
}
