// SPDX-License-Identifier: GPL-2.0-or-later
//
// Traffic without a host socket: generator=RATE,SIZE,COUNT makes frames arrive at this port on
// QEMU's virtual clock, and whichever port of the machine sends them out again checks them. Under
// -icount a run is the same to the instruction every time.
//
//   RATE   frames a second, or "max": whenever the receive queue has room, so that nothing is lost
//          before the guest
//   SIZE   64 to 9216 bytes with FCS, or "mix": 64 to 1518, chosen by the sequence number
//   COUNT  frames in all; 0 = without end
//
// Each generator is a station, with an address of its own. Two of them talk to each other, port 0
// with port 1, 2 with 3: a bridge learns both. generator-to=N names another port's, "nobody" an
// address that no frame comes from.
//
// A frame is UDP over IPv4 from 64 flows, so RSS spreads it. It carries its generator, its sequence
// number and bytes that follow from both, so the checker rebuilds it and compares. The counts are
// properties for qom-get, and a line on standard error when QEMU ends.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "system/system.h"

enum { MAGIC = 0x42574731, FLOWS = 64, PORTS = 16, HEADERS = 42, SMALLEST = 60, LARGEST = 9212 };
enum {
    AT_MAGIC = HEADERS,
    AT_ID = HEADERS + 4,
    AT_SEQUENCE = HEADERS + 6,
    AT_PATTERN = HEADERS + 14
};
enum { TICK_NS = 10000, BURST = 256 };
enum { STATION = 1, NOBODY = 2 }; // last byte of an address; the one before is the generator

struct Generator {
    Ixgbe *port;
    QEMUTimer *timer;
    uint16_t id, to; // to: the last two bytes of where its frames go
    bool running, max, mix, payload_only;
    uint64_t rate, size, count;
    int64_t started;
    uint64_t sent, received, changed, reordered, duplicated;
    int64_t first_back;
    uint64_t elapsed;       // nanoseconds from the first frame that came back to the newest one
    uint64_t newest[FLOWS]; // sequence number + 1
    GHashTable *late;       // sequence numbers that were overtaken
    Notifier at_exit;
};

static Ixgbe *ports[PORTS];

static uint64_t mixed(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static uint32_t size_of(const Generator *g, uint64_t sequence)
{
    return g->mix ? SMALLEST + mixed(sequence) % (1514 - SMALLEST + 1) : g->size;
}

// Locally administered addresses that name the generator.
static void headers(const Generator *g, uint64_t sequence, uint8_t *f, uint32_t size)
{
    uint8_t *ip = f + 14, *udp = f + 34;

    stl_be_p(f, 0x02000000);
    stw_be_p(f + 4, g->to);
    stl_be_p(f + 6, 0x02000000);
    stw_be_p(f + 10, g->id << 8 | STATION);
    stw_be_p(f + 12, 0x0800);
    ip[0] = 0x45;
    stw_be_p(ip + 2, size - 14);
    ip[8] = 64;
    ip[9] = 17;
    stl_be_p(ip + 12, 0x0a000001 | g->id << 16);
    stl_be_p(ip + 16, 0x0a000002 | g->id << 16);
    stw_be_p(ip + 10, ~ixgbe_fold(ixgbe_sum(ip, 20, 0)));
    stw_be_p(udp, 1024 + sequence % FLOWS);
    stw_be_p(udp + 2, 9);
    stw_be_p(udp + 4, size - 34);
}

static void build(const Generator *g, uint64_t sequence, uint8_t *f, uint32_t size)
{
    uint64_t state = sequence * FLOWS + g->id;

    memset(f, 0, HEADERS);
    headers(g, sequence, f, size);
    stl_be_p(f + AT_MAGIC, MAGIC);
    stw_be_p(f + AT_ID, g->id);
    stq_be_p(f + AT_SEQUENCE, sequence);
    for (uint32_t i = AT_PATTERN; i < size; i += 8) {
        uint8_t word[8];

        state = mixed(state);
        stq_be_p(word, state);
        memcpy(f + i, word, MIN(8, size - i));
    }
}

static void emit(Generator *g)
{
    uint8_t frame[LARGEST];
    uint32_t size = size_of(g, g->sent);

    build(g, g->sent, frame, size);
    g->sent++;
    ixgbe_rx_wire(g->port, frame, size);
}

static bool finished(const Generator *g)
{
    return g->count != 0 && g->sent == g->count;
}

static uint64_t due(const Generator *g, int64_t now)
{
    uint64_t n = (unsigned __int128)(now - g->started) * g->rate / NANOSECONDS_PER_SECOND + 1;

    return g->count != 0 ? MIN(n, g->count) : n;
}

static int64_t next_time(const Generator *g, int64_t now)
{
    int64_t at = g->started + (unsigned __int128)g->sent * NANOSECONDS_PER_SECOND / g->rate;

    return MAX(at, now + TICK_NS);
}

static void fill_ring(Generator *g)
{
    for (unsigned int i = 0; i < BURST && !finished(g) && ixgbe_rx_room(g->port); i++) {
        emit(g);
    }
}

static void tick(void *opaque)
{
    Generator *g = opaque;
    int64_t now = ixgbe_now();

    if (g->max) {
        fill_ring(g);
    } else {
        while (g->sent < due(g, now)) {
            emit(g);
        }
    }
    if (!finished(g)) {
        timer_mod(g->timer, g->max ? now + TICK_NS : next_time(g, now));
    }
}

static bool all_ready(void)
{
    for (unsigned int i = 0; i < PORTS; i++) {
        if (ports[i] != NULL && !ixgbe_rx_room(ports[i])) {
            return false;
        }
    }
    return true;
}

// Begins generator-delay-ms after every port of the machine has its link up and can receive. With
// "max", each new receive descriptor is used at once, so that a polling guest always finds its ring
// full.
void ixgbe_generator_kick(Ixgbe *s)
{
    Generator *own = s->generator;

    if (own != NULL && own->max && own->running && ixgbe_now() >= own->started) {
        fill_ring(own);
        return;
    }
    if (!all_ready()) {
        return;
    }
    for (unsigned int i = 0; i < PORTS; i++) {
        Generator *g = ports[i] != NULL ? ports[i]->generator : NULL;

        if (g != NULL && !g->running) {
            g->running = true;
            g->started = ixgbe_now() + (int64_t)ports[i]->generator_delay_ms * SCALE_MS;
            timer_mod(g->timer, g->started);
        }
    }
}

static void account(Generator *g, uint64_t sequence, bool same)
{
    uint64_t *newest = &g->newest[sequence % FLOWS];

    if (!same || sequence >= g->sent) {
        g->changed++;
        return;
    }
    if (sequence >= *newest) {
        for (uint64_t skipped = *newest == 0 ? sequence % FLOWS : *newest - 1 + FLOWS;
             skipped < sequence; skipped += FLOWS) {
            g_hash_table_add(g->late, g_memdup2(&skipped, sizeof(skipped)));
        }
        *newest = sequence + 1;
    } else if (g_hash_table_remove(g->late, &sequence)) {
        g->reordered++;
    } else {
        g->duplicated++;
        return;
    }
    if (g->received++ == 0) {
        g->first_back = ixgbe_now();
    }
    g->elapsed = ixgbe_now() - g->first_back;
}

bool ixgbe_generator_check(const uint8_t *frame, uint32_t size)
{
    uint8_t expected[LARGEST];
    uint32_t from;
    uint64_t sequence;
    Generator *g;
    uint16_t id;

    if (size < SMALLEST || ldl_be_p(frame + AT_MAGIC) != MAGIC) {
        return false;
    }
    id = lduw_be_p(frame + AT_ID);
    if (id >= PORTS || ports[id] == NULL || ports[id]->generator == NULL) {
        return false;
    }
    g = ports[id]->generator;
    sequence = ldq_be_p(frame + AT_SEQUENCE);
    from = g->payload_only ? HEADERS : 0;
    if (size != size_of(g, sequence)) {
        account(g, sequence, false);
        return true;
    }
    build(g, sequence, expected, size);
    account(g, sequence, memcmp(frame + from, expected + from, size - from) == 0);
    return true;
}

// Frames on their way count as lost until they come out.
static uint64_t lost(const Generator *g)
{
    return g->sent - g->received - MIN(g->changed, g->sent - g->received);
}

static void report(Notifier *n, void *unused)
{
    const Generator *g = container_of(n, Generator, at_exit);

    info_report("ixgbe %s: generator: sent %" PRIu64 " received %" PRIu64 " lost %" PRIu64
                " changed %" PRIu64 " reordered %" PRIu64 " duplicated %" PRIu64
                " elapsed %" PRIu64,
                g->port->parent_obj.qdev.id ? g->port->parent_obj.qdev.id : "", g->sent,
                g->received, lost(g), g->changed, g->reordered, g->duplicated, g->elapsed);
}

static bool parse_size(Generator *g, const char *text)
{
    g->mix = strcmp(text, "mix") == 0;
    if (g->mix) {
        return true;
    }
    if (qemu_strtou64(text, NULL, 0, &g->size) != 0 || g->size < 64 || g->size > LARGEST + 4) {
        return false;
    }
    g->size -= 4; // FCS
    return true;
}

static bool parse(Generator *g, const char *text)
{
    g_auto(GStrv) part = g_strsplit_set(text, ",:", 3);

    if (g_strv_length(part) != 3) {
        return false;
    }
    g->max = strcmp(part[0], "max") == 0;
    if (!g->max && (qemu_strtou64(part[0], NULL, 0, &g->rate) != 0 || g->rate == 0)) {
        return false;
    }
    return parse_size(g, part[1]) && qemu_strtou64(part[2], NULL, 0, &g->count) == 0;
}

static bool parse_to(Generator *g, const char *text)
{
    uint64_t port = g->id ^ 1;

    if (g_strcmp0(text, "nobody") == 0) {
        g->to = g->id << 8 | NOBODY;
        return true;
    }
    if (text != NULL && (qemu_strtou64(text, NULL, 0, &port) != 0 || port >= PORTS)) {
        return false;
    }
    g->to = port << 8 | STATION;
    return true;
}

static bool find_place(Ixgbe *s, uint16_t *id, Error **errp)
{
    for (*id = 0; *id < PORTS && ports[*id] != NULL; (*id)++) {
    }
    if (*id == PORTS) {
        error_setg(errp, "more than %d ports", PORTS);
        return false;
    }
    ports[*id] = s;
    return true;
}

bool ixgbe_generator_init(Ixgbe *s, Error **errp)
{
    Generator *g;
    uint16_t id;

    if (!find_place(s, &id, errp)) {
        return false;
    }
    if (s->generator_property == NULL) {
        return true;
    }
    g = g_new0(Generator, 1);
    g->port = s;
    g->id = id;
    if (!parse(g, s->generator_property)) {
        error_setg(errp, "generator=%s: RATE,SIZE,COUNT", s->generator_property);
        g_free(g);
        ports[id] = NULL;
        return false;
    }
    if (!parse_to(g, s->generator_to_property)) {
        error_setg(errp, "generator-to=%s: a port's number, 0 to %d, or nobody",
                   s->generator_to_property, PORTS - 1);
        g_free(g);
        ports[id] = NULL;
        return false;
    }
    g->payload_only = g_strcmp0(s->check_property, "payload") == 0;
    g->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tick, g);
    g->late = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g->at_exit.notify = report;
    qemu_add_exit_notifier(&g->at_exit);
    s->generator = g;
    return true;
}

void ixgbe_generator_finalize(Ixgbe *s)
{
    for (unsigned int i = 0; i < PORTS; i++) {
        if (ports[i] == s) {
            ports[i] = NULL;
        }
    }
    if (s->generator != NULL) {
        qemu_remove_exit_notifier(&s->generator->at_exit);
        timer_free(s->generator->timer);
        g_hash_table_destroy(s->generator->late);
        g_free(s->generator);
        s->generator = NULL;
    }
}

// Counters for qom-get.
static void get_counter(Object *object, Visitor *v, const char *name, void *opaque, Error **errp)
{
    const Generator *g = IXGBE(object)->generator;
    uint64_t value = 0;

    if (g != NULL && (size_t)opaque == SIZE_MAX) {
        value = lost(g);
    } else if (g != NULL) {
        value = *(const uint64_t *)((const char *)g + (size_t)opaque);
    }
    visit_type_uint64(v, name, &value, errp);
}

void ixgbe_generator_properties(ObjectClass *class)
{
    static const struct {
        const char *name;
        size_t offset;
    } counters[] = {
        {"generator-sent", offsetof(Generator, sent)},
        {"generator-received", offsetof(Generator, received)},
        {"generator-changed", offsetof(Generator, changed)},
        {"generator-reordered", offsetof(Generator, reordered)},
        {"generator-duplicated", offsetof(Generator, duplicated)},
        {"generator-elapsed", offsetof(Generator, elapsed)},
        {"generator-lost", SIZE_MAX},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++) {
        object_class_property_add(class, counters[i].name, "uint64", get_counter, NULL, NULL,
                                  (void *)counters[i].offset);
    }
}
