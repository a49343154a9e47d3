// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target for everything that a frame for the box can reach: lwIP, its interface, the web
// server and its pages. lwIP does not check checksums here.
//
// The input is a row of records: a byte of flags, two of length (little endian), a frame. FIX makes
// a TCP segment over IPv4 fit the connection that the box last answered on, which is how the fuzzer
// gets past a handshake; the other flags say how much time passes.
// links: net/stack/manage.c net/stack/interface.c net/stack/timers.c net/stack/half_open.c
// links: net/restarts.c net/supervise.c net/mend.c net/buffers.c
// links: net/stack/http.c net/stack/http_parse.c net/stack/http_answer.c net/stack/text.c
// links: net/stack/pages.c net/stack/metrics.c net/stack/api_status.c net/stack/api_fdb.c
// links: net/stack/health.c net/stack/console_tcp.c net/stack/telnet.c net/local.c net/counters.c
// links: net/fdb.c net/tally.c net/bounce.c
//
// tests/fuzz/test_fuzz.py makes the first inputs, lwIP's own among them, and runs it.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/load.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "net/proxy.h"
#include "net/stack/manage.h"

enum {
    FIX = 1,     // flags of a record
    MINUTE = 2,  // it comes a minute after the one before
    SECOND = 4,  // a second
    SLICES = 64, // after each frame, at most
    PORTS = 2,
    TCP_HEADERS = 14 + 20 + 20, // Ethernet, IPv4 and TCP, without options
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A page of the real one's size.
__asm__(".section .rodata\n"
        ".global status_page_start, status_page_end\n"
        "status_page_start: .fill 12000, 1, 'x'\n"
        "status_page_end: .byte 0\n"
        ".previous");

static uint64_t now = 1000000;
static struct local local;
static uint8_t answer[TCP_HEADERS]; // the head of the last TCP segment that the box sent

// No port is in a domain.
struct proxy *proxy_of(const struct port *port)
{
    (void)port;
    return NULL;
}

// --- what the stack asks of the kernel ----------------------------------------------------------

uint64_t clock_us(void)
{
    return now++;
}

bool cpu_is_virtual(void)
{
    return true;
}

u32_t sys_now(void)
{
    return (u32_t)(now / 1000);
}

unsigned lwip_port_random(void)
{
    static unsigned last = 1;
    return last = last * 1103515245 + 12345;
}

unsigned lwip_port_isn(const void *local, unsigned short local_port, const void *remote,
                       unsigned short remote_port)
{
    (void)local, (void)local_port, (void)remote, (void)remote_port;
    return lwip_port_random();
}

void lwip_port_log(const char *format, ...)
{
    (void)format;
}

void lwip_port_fail(const char *message, const char *file, int line)
{
    fprintf(stderr, "lwIP: %s (%s:%d)\n", message, file, line);
    abort();
}

void log_line(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
}

uint64_t page_total_bytes(void)
{
    return 1 << 27;
}

uint64_t page_free_bytes(void)
{
    return 1 << 26;
}

static void (*attached)(const char *text, size_t length);

void console_attach(void (*show)(const char *text, size_t length))
{
    attached = show;
}

bool console_can_type(void)
{
    return true;
}

void console_type(char c)
{
    if (attached == NULL)
        abort(); // nobody types without the password
    attached(&c, 1);
}

const char *idle_cause_name(enum idle_cause cause)
{
    (void)cause;
    return "cause";
}

void load_read(struct load_report *report, enum load_reader reader)
{
    (void)reader;
    *report = (struct load_report){.us = now, .gaps = {[10] = 1}};
}

// --- the port -----------------------------------------------------------------------------------

static bool send_copy(struct queue *tx, const void *data, unsigned length)
{
    const uint8_t *frame = data;
    (void)tx;
    if (length < FRAME_MIN || length > 1514)
        abort();
    if (length >= TCP_HEADERS && frame[12] == 8 && frame[13] == 0 && frame[23] == 6)
        memcpy(answer, frame, sizeof answer);
    return true;
}

static const struct port_driver driver = {.name = "fuzz", .send_copy = send_copy};
// The addresses of lwIP's own fuzz inputs (test/fuzz/fuzz_common.c).
static struct port ports[PORTS] = {
    {.name = "lan",
     .driver = &driver,
     .mac = {0x00, 0x23, 0xc1, 0xde, 0xd0, 0x0d},
     .max_frame = 1514,
     .state = PORT_RUNNING,
     .link_up = true},
    {.name = "wan", .driver = &driver, .max_frame = 1514, .state = PORT_FAULTED},
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct queue tx = {.port = &ports[0]};
    static struct buffers buffers = {.ports = {&ports[0], &ports[1]}, .port_count = PORTS};
    static struct forwarder forwarder = {.local = &local};
    static struct supervisor supervisor = {
        .ports = {{.port = &ports[0], .device = "virtio:0", .state = SUPERVISED_RUNNING},
                  {.port = &ports[1], .device = "virtio:1", .state = SUPERVISED_PARKED}},
        .count = PORTS};
    static struct config config = {.port_count = PORTS,
                                   .mode = CONFIG_MODE_WIRE,
                                   .forward_ports = {0, 1},
                                   .forward_count = 2,
                                   .manage = {.on = true,
                                              .how = CONFIG_ADDRESS_STATIC,
                                              .address = {172, 30, 115, 84},
                                              .prefix = 24,
                                              .gateway = {172, 30, 115, 1},
                                              .ipv6 = true,
                                              .http = 80,
                                              .console = 23,
                                              .password = "password",
                                              .hostname = "fuzz"}};
    static struct fdb fdb;
    const uint64_t random[3] = {1, 2, 3};
    const struct view view = {&config, &buffers, &forwarder, &supervisor, &local, &fdb};
    (void)argc, (void)argv;
    fdb_init(&fdb, aligned_alloc(CACHE_LINE, fdb_bytes(FDB_CAPACITY_MIN)), FDB_CAPACITY_MIN, 300,
             random, now);
    fdb_learn_new(&fdb, 0x020000000002, 0);
    fdb_add_own(&fdb, 0x0dd0dec12300);
    lwip_init();
    local_init(&local, ports[0].mac, &tx, forwarder.sent[0]);
    manage_start(&view, &local, view.buffers->ports[0]);
    return 0;
}

static void run_slices(void)
{
    for (unsigned i = 0; i < SLICES && (manage_poll(false) || local_next(&local) != NULL); i++)
        now += 100;
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

// From the box's last segment: its acknowledgement number is what the peer sends next, and what the
// peer acknowledges lies behind its sequence number, its SYN or FIN and its data.
static void fix(uint8_t *frame, unsigned length)
{
    uint8_t *tcp = frame + 34;
    const uint8_t *last = answer + 34;
    if (length < TCP_HEADERS || answer[12] != 8 || frame[23] != 6)
        return;
    const unsigned total = (unsigned)answer[16] << 8 | answer[17];
    const unsigned head = 20 + 4u * (last[12] >> 4);
    const uint32_t data = total > head ? total - head : 0;
    write32(tcp + 4, read32(last + 8));
    write32(tcp + 8, read32(last + 4) + data + ((last[13] & 3) != 0));
}

static void pass_time(unsigned seconds)
{
    for (unsigned quarter = 0; quarter < 4 * seconds; quarter++) {
        now += 250000;
        run_slices();
    }
}

// No connection outlives an input: each is judged by itself.
static void close_all(void)
{
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs != NULL)
        tcp_abort(tcp_tw_pcbs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(answer, 0, sizeof answer);
    while (size >= 3) {
        uint8_t frame[LOCAL_FRAME_MAX];
        const unsigned flags = data[0];
        size_t length = data[1] | (size_t)data[2] << 8;
        data += 3, size -= 3;
        length = length < size ? length : size;
        if (length < FRAME_MIN || length > sizeof frame)
            break;
        memcpy(frame, data, length);
        data += length, size -= length;
        if (flags & FIX)
            fix(frame, (unsigned)length);
        if (flags & (MINUTE | SECOND))
            pass_time(flags & MINUTE ? 60 : 1);
        local_deliver(&local, LOCAL_TAKE, frame, (unsigned)length);
        run_slices();
    }
    close_all();
    run_slices();
    return 0;
}
