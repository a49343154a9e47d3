// SPDX-License-Identifier: BSD-2-Clause
// The pages that are written piece by piece: with the largest numbers and the longest names, every
// piece fits, and the whole is what it should be.
// links: net/stack/metrics.c net/stack/api_status.c net/stack/api_fdb.c net/stack/health.c
// links: net/stack/text.c net/counters.c net/tally.c net/fdb.c net/restarts.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/load.h"
#include "kernel/page.h"
#include "net/bounce.h"
#include "net/proxy.h"
#include "net/stack/http.h"
#include "net/stack/interface.h"
#include "net/stack/manage.h"
#include "net/stack/pages.h"

enum { WHOLE_MAX = 1 << 20 };

// No port is in a domain.
struct proxy *proxy_of(const struct port *port)
{
    (void)port;
    return NULL;
}

static struct port ports[NET_PORTS_MAX];
static struct queue queues[LANES_MAX];
static struct supervisor supervisor = {.count = NET_PORTS_MAX};
static struct forwarder forwarder;
static struct local local;
static struct fdb fdb;
static struct config config = {.mode = CONFIG_MODE_BRIDGE};
static struct view view = {
    .config = &config, .forwarder = &forwarder, .supervisor = &supervisor, .local = &local};
static const struct port_driver driver = {.name = "virtio-net"};
static char whole[WHOLE_MAX];
static size_t used;

// --- what the pages look at ---------------------------------------------------------------------

uint64_t clock_us(void)
{
    return UINT64_MAX;
}

bool cpu_is_virtual(void)
{
    return true;
}

uint64_t page_total_bytes(void)
{
    return UINT64_MAX;
}

uint64_t page_free_bytes(void)
{
    return UINT64_MAX;
}

static uint64_t more_gaps; // in each bucket, since the test began

void load_read(struct load_report *report, enum load_reader reader)
{
    (void)reader;
    memset(report, 0xff, sizeof *report);
    for (unsigned i = 0; i < LOAD_GAPS; i++)
        report->gaps[i] = i + more_gaps;
}

const char *idle_cause_name(enum idle_cause cause)
{
    (void)cause;
    return "attention";
}

struct manage_times manage_times(void)
{
    return (struct manage_times){UINT64_MAX, UINT64_MAX, UINT64_MAX};
}

struct http_counters http_counters(void)
{
    return (struct http_counters){0};
}

static const struct port *copies; // the one that does

bool bounce_on(const struct port *port)
{
    return port == copies;
}

struct bounced bounce_counted(const struct port *port)
{
    return (struct bounced){port == copies ? UINT64_MAX : 0, port == copies ? 12 : 0};
}

uint64_t interface_discarded(void)
{
    return UINT64_MAX;
}

const char *interface_addresses(char *text, unsigned size)
{
    memset(text, '9', size - 1);
    text[size - 1] = '\0';
    return text;
}

const struct view *page_view(void)
{
    return &view;
}

const char *supervise_state_name(const struct supervised *port)
{
    (void)port;
    return "retrying";
}

bool page_table(unsigned index, struct page_table *table)
{
    *table = (struct page_table){"http_connections", UINT64_MAX, UINT64_MAX};
    return index < 3;
}

// --- the tests ----------------------------------------------------------------------------------

static int set_up(void **state)
{
    (void)state;
    memset(&forwarder.counters, 0xff, sizeof forwarder.counters);
    memset(&forwarder.sent, 0xff, sizeof forwarder.sent);
    strcpy(config.manage.hostname, "a-name-of-thirty-one-characters");
    for (unsigned i = 0; i < NET_PORTS_MAX; i++) {
        struct port *port = &ports[i];
        memset(port, 0xff, sizeof *port);
        snprintf(port->name, sizeof port->name, "port-number-%03u", i);
        port->driver = &driver;
        port->state = PORT_RUNNING;
        port->link_up = true;
        supervisor.ports[i] = (struct supervised){.port = port,
                                                  .device = "pci:0000:00:00.0",
                                                  .state = SUPERVISED_RUNNING,
                                                  .restarts = UINT64_MAX};
        config.forward_ports[i] = (uint8_t)i;
    }
    config.forward_count = NET_PORTS_MAX;
    ports[7].tx_queues = 2;
    for (unsigned i = 0; i < 2; i++)
        forwarder.sent[7][i] = (struct sent){.frames = 100 + i, .bytes = 7000 + i};
    memset(&forwarder.sent[7][2], 0, sizeof forwarder.sent[7] - 2 * sizeof forwarder.sent[7][0]);
    for (unsigned i = 0; i < LANES_MAX; i++) {
        queues[i].port = &ports[i / PORT_QUEUES_MAX];
        queues[i].port->rx[i % PORT_QUEUES_MAX] = &queues[i];
        forwarder.lanes[i] = (struct lane){.rx = &queues[i], .frames = i};
    }
    forwarder.lane_count = LANES_MAX;
    return 0;
}

// All pieces of a page, each in memory of exactly the size that a piece may have.
static void write_all(bool (*write)(struct page_cursor *, const char *, struct text *))
{
    struct page_cursor cursor = {0};
    bool more = true;
    for (used = 0; more;) {
        char *piece = malloc(PAGE_PIECE_MAX + 1);
        struct text text;
        text_init(&text, piece, PAGE_PIECE_MAX + 1);
        more = write(&cursor, "", &text);
        assert_false(text.cut);
        assert_true(used + text.used < sizeof whole);
        memcpy(whole + used, text.base, text.used);
        used += text.used;
        free(piece);
    }
    whole[used] = '\0';
}

// Braces and brackets match, outside of strings; strings end.
static void assert_json(void)
{
    char open[64];
    unsigned depth = 0;
    bool string = false;
    for (const char *c = whole; *c != '\0'; c++) {
        if (string) {
            c += *c == '\\';
            string = *c != '"';
        } else if (*c == '"') {
            string = true;
        } else if (*c == '{' || *c == '[') {
            assert_true(depth < sizeof open);
            open[depth++] = *c;
        } else if (*c == '}' || *c == ']') {
            assert_true(depth > 0);
            assert_int_equal(open[--depth], *c == '}' ? '{' : '[');
        }
    }
    assert_int_equal(depth, 0);
    assert_false(string);
    assert_null(strstr(whole, ",]"));
    assert_null(strstr(whole, ",}"));
    assert_null(strstr(whole, ",,"));
}

static unsigned count(const char *needle)
{
    unsigned found = 0;
    for (const char *at = whole; (at = strstr(at, needle)) != NULL; at += strlen(needle))
        found++;
    return found;
}

static void test_metrics(void **state)
{
    (void)state;
    write_all(metrics_write);
    assert_int_equal(count("\nbarewire_port_drops_total{"), NET_PORTS_MAX * DROP_REASONS);
    assert_int_equal(count("\nbarewire_port_receive_frames_total{"), NET_PORTS_MAX);
    assert_int_equal(count("# TYPE barewire_port_drops_total counter\n"), 1);
    assert_int_equal(count("\nbarewire_queue_receive_frames_total{"), LANES_MAX);
    assert_non_null(strstr(whole, "{port=\"port-number-003\",queue=\"5\"} 53\n"));
    assert_int_equal(count("\nbarewire_queue_transmit_frames_total{"),
                     (NET_PORTS_MAX - 1) * PORT_QUEUES_MAX + 2);
    assert_non_null(
        strstr(whole, "_queue_transmit_frames_total{port=\"port-number-007\",queue=\"1\"} 101\n"));
    assert_non_null(
        strstr(whole, "_queue_transmit_bytes_total{port=\"port-number-007\",queue=\"1\"} 7001\n"));
    assert_non_null(strstr(whole, "_port_transmit_frames_total{port=\"port-number-007\"} 201\n"));
    assert_int_equal(count("\nbarewire_table_entries{"), 3);
    assert_non_null(strstr(whole, "{port=\"port-number-007\",reason=\"bad-length\"} "
                                  "18446744073709551615\n"));
    // The histogram: cumulative, with as many in all as in the last bucket.
    assert_int_equal(count("\nbarewire_poll_gap_seconds_bucket{"), LOAD_GAPS);
    assert_non_null(strstr(whole, "{le=\"0.000000002\"} 0\n"));
    assert_non_null(strstr(whole, "{le=\"0.000000016\"} 6\n"));
    assert_non_null(strstr(whole, "{le=\"+Inf\"} 496\n"));
    assert_non_null(strstr(whole, "\nbarewire_poll_gap_seconds_count 496\n"));
    assert_int_equal(whole[used - 1], '\n');
    assert_null(strstr(whole, "\n\n"));
}

static void test_copies(void **state)
{
    (void)state;
    write_all(metrics_write);
    assert_null(strstr(whole, "bounced"));
    write_all(api_status_write);
    assert_null(strstr(whole, "copied"));
    copies = &ports[5];
    write_all(metrics_write);
    assert_int_equal(count("\nbarewire_port_bounced_frames_total{"), 2);
    assert_non_null(strstr(whole, "\nbarewire_port_bounced_frames_total{port=\"port-number-005\","
                                  "result=\"copied\"} 18446744073709551615\n"));
    assert_non_null(strstr(whole, "result=\"refused\"} 12\n"));
    write_all(api_status_write);
    assert_json();
    assert_int_equal(count("\"copied\":18446744073709551615,\"not_copied\":12,"), 1);
    copies = NULL;
}

// Writes pieces until the page has the text, or to its end. Returns the page.
static char *write_until(struct page_cursor *cursor, char *page, const char *needle)
{
    size_t length = strlen(page);
    for (bool more = true; more && (needle == NULL || strstr(page, needle) == NULL);) {
        struct text text;
        text_init(&text, page + length, WHOLE_MAX - length);
        more = metrics_write(cursor, "", &text);
        assert_false(text.cut);
        length += text.used;
    }
    return page;
}

// A second scraper comes while the first is in the middle of the histogram, and the time between
// them has filled the buckets further: each has buckets that add up.
static void test_two_at_once(void **state)
{
    (void)state;
    struct page_cursor first = {0}, second = {0};
    char *page = calloc(2, WHOLE_MAX), *other = page + WHOLE_MAX;
    more_gaps = 0;
    write_until(&first, page, "{le=\"0.000000016\"} 6\n");
    more_gaps = 1000;
    write_until(&second, other, "{le=\"0.000000004\"} 2001\n");
    write_until(&first, page, NULL);
    write_until(&second, other, NULL);
    assert_non_null(strstr(page, "{le=\"0.000000016\"} 6\n"));
    assert_non_null(strstr(page, "{le=\"0.000000032\"} 10\n"));
    assert_non_null(strstr(page, "{le=\"+Inf\"} 496\n"));
    assert_non_null(strstr(page, "\nbarewire_poll_gap_seconds_count 496\n"));
    assert_non_null(strstr(other, "{le=\"0.000000008\"} 3003\n"));
    assert_non_null(strstr(other, "{le=\"+Inf\"} 32496\n"));
    assert_non_null(strstr(other, "\nbarewire_poll_gap_seconds_count 32496\n"));
    more_gaps = 0;
    free(page);
}

static void test_status(void **state)
{
    (void)state;
    write_all(api_status_write);
    assert_json();
    assert_int_equal(count("{\"name\":\"port-number-"), NET_PORTS_MAX);
    assert_int_equal(count("\"name\":\"http_connections\""), 3);
    assert_non_null(strstr(whole, "\"mode\":\"bridge\""));
    assert_non_null(strstr(whole, "\"rx_queue_frames\":[48,49,50,"));
    assert_non_null(strstr(whole, "\"tx_queue_frames\":[100,101]"));
    assert_non_null(strstr(whole, "\"tx_frames\":201,\"tx_bytes\":14001,"));
}

static void test_fdb(void **state)
{
    (void)state;
    view.fdb = NULL;
    write_all(api_fdb_write);
    assert_json();

    const size_t bytes = fdb_bytes(FDB_CAPACITY_MIN);
    void *memory = aligned_alloc(CACHE_LINE, bytes);
    const uint64_t random[3] = {1, 2, 3};
    fdb_init(&fdb, memory, FDB_CAPACITY_MIN, 300, random, 0);
    view.fdb = &fdb;
    write_all(api_fdb_write);
    assert_json();
    assert_int_equal(count("\"mac\""), 0);
    unsigned known = 0;
    for (uint64_t i = 0; i < 200; i++)
        known += fdb_learn_new(&fdb, 0x020000000000 | i << 8 | 2, i % NET_PORTS_MAX) == FDB_LEARNED;
    assert_true(fdb_add_own(&fdb, 0x0605040302));
    write_all(api_fdb_write);
    assert_json();
    assert_int_equal(count("\"mac\""), known + 1);
    assert_int_equal(count("{\"mac\":\"02:03:04:05:06:00\",\"box\":true}"), 1);
    assert_true(known > 100);
    view.fdb = NULL;
    free(memory);
}

static void test_health(void **state)
{
    (void)state;
    write_all(health_write);
    assert_string_equal(whole, "ok\n");
    assert_int_equal(health_status(), 200);
    for (unsigned i = 0; i < NET_PORTS_MAX; i++)
        ports[i].link_up = false;
    write_all(health_write);
    assert_int_equal(count(": no link\n"), NET_PORTS_MAX);
    assert_int_equal(health_status(), 503);
    ports[3].state = PORT_FAULTED;
    write_all(health_write);
    assert_int_equal(count("port-number-003: retrying\n"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics), cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_copies),  cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_status),  cmocka_unit_test(test_fdb),
        cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
