// SPDX-License-Identifier: BSD-2-Clause
// The web server's connections, on lwIP's raw API (lwIP 2.2.1, lwip/tcp.h).
//
// lwIP's callbacks only note what happened; the work is done by http_poll(), one step at a time:
// some bytes of a request parsed, a piece of a page written, some bytes handed to TCP. Every state
// that waits for the client has an end: a request that does not come, an answer that is not
// acknowledged, a connection that is not closed. When all slots are taken, whoever has been waited
// for longest makes room.
#include "net/stack/http.h"

#include <string.h>

#include "kernel/clock.h"
#include "lwip/tcp.h"
#include "net/stack/http_answer.h"
#include "net/stack/http_parse.h"
#include "net/stack/page.h"

enum {
    PIECES_US = 5,     // that pieces of a page are written for, in one step; the last may end later
    PARSE_BYTES = 512, // of a request, in one step
    WRITE_BYTES = 1440, // handed to TCP in one step: a segment
    HELD_MAX = 2,       // received buffers that wait in a connection: TCP holds back the others
    OUT_BYTES = 2048,
    CHUNK_HEAD = 6,     // "ffff\r\n"
    CHUNK_TAIL = 2 + 5, // "\r\n" and, behind the last one, "0\r\n\r\n"
};
_Static_assert(OUT_BYTES >= HTTP_ANSWER_HEAD_MAX + CHUNK_HEAD + PAGE_PIECE_MAX + CHUNK_TAIL,
               "a head and a piece fit");

enum step { WAITING, SENDING, LINGERING };

struct connection {
    struct tcp_pcb *pcb; // NULL: the slot is free
    enum step step;
    uint64_t since;  // us: what the client is waited for since
    uint64_t began;  // us: the answer
    struct pbuf *in; // received, not looked at yet
    bool fin;        // the client sends nothing more
    bool served;     // this is not the first request

    struct http_parser parser;
    struct http_answer answer;
    const struct page *page; // that is being written; NULL: none, or all of it
    struct page_cursor cursor;
    const char *bytes; // of a page that is there already
    size_t left;
    struct text out; // between out.base and out.base + out.used; `sent` of it TCP has
    size_t sent;
    char buffer[OUT_BYTES];
};

static struct connection connections[HTTP_CONNECTIONS];
static struct http_counters counters;
static uint64_t now; // us, of the last poll

// --- ends --------------------------------------------------------------------------------------

static void release(struct connection *c)
{
    if (c->in != NULL)
        pbuf_free(c->in);
    c->in = NULL;
    c->pcb = NULL;
}

// Lets lwIP have the connection, which goes on to its end without us.
static void forget(struct connection *c)
{
    tcp_arg(c->pcb, NULL);
    tcp_recv(c->pcb, NULL);
    tcp_sent(c->pcb, NULL);
    tcp_err(c->pcb, NULL);
}

static void abort_now(struct connection *c)
{
    struct tcp_pcb *pcb = c->pcb;
    forget(c);
    release(c);
    tcp_abort(pcb);
}

static void discard_input(struct connection *c)
{
    if (c->in == NULL)
        return;
    tcp_recved(c->pcb, c->in->tot_len);
    pbuf_free(c->in);
    c->in = NULL;
}

// Ends our side; what the client still sends is thrown away for a while, since an answer to bytes
// that nobody reads would be a reset, which could reach the client before it has read ours (RFC
// 9112, 9.6).
static void end(struct connection *c)
{
    discard_input(c);
    if (c->fin) {
        struct tcp_pcb *pcb = c->pcb;
        forget(c);
        release(c);
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
        return;
    }
    if (tcp_shutdown(c->pcb, 0, 1) != ERR_OK) {
        abort_now(c);
        return;
    }
    c->step = LINGERING;
    c->since = now;
}

// --- what lwIP tells ---------------------------------------------------------------------------

static void on_error(void *argument, err_t error)
{
    (void)error;
    if (argument != NULL)
        release(argument); // lwIP has freed the pcb
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct connection *c = argument;
    (void)pcb, (void)length;
    if (c->step == SENDING)
        c->since = now;
    return ERR_OK;
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct connection *c = argument;
    (void)pcb, (void)error;
    if (p == NULL && c->step == LINGERING) {
        forget(c); // both ends are closed: TIME-WAIT is lwIP's own
        release(c);
        return ERR_OK;
    }
    if (p == NULL) {
        c->fin = true;
        return ERR_OK;
    }
    if (c->step == LINGERING) {
        tcp_recved(c->pcb, p->tot_len);
        pbuf_free(p);
        return ERR_OK;
    }
    if (c->in != NULL && pbuf_clen(c->in) >= HELD_MAX)
        return ERR_MEM; // lwIP keeps it and brings it again
    if (c->in == NULL)
        c->in = p;
    else
        pbuf_cat(c->in, p);
    return ERR_OK;
}

// Who has been waited for longest: first of those whose requests are not complete, or who do not
// close; then of those who do not take their answer. NULL: everybody is busy.
static struct connection *most_patient(void)
{
    struct connection *found = NULL;
    for (struct connection *c = connections; c != connections + HTTP_CONNECTIONS; c++) {
        const bool waiting = c->step != SENDING;
        if (!waiting && now - c->since < HTTP_PATIENCE_US)
            continue;
        if (found == NULL || waiting > (found->step != SENDING) ||
            (waiting == (found->step != SENDING) && c->since < found->since))
            found = c;
    }
    return found;
}

static struct connection *take_slot(void)
{
    for (struct connection *c = connections; c != connections + HTTP_CONNECTIONS; c++)
        if (c->pcb == NULL)
            return c;
    struct connection *c = most_patient();
    if (c != NULL) {
        counters.evicted++;
        abort_now(c);
    }
    return c;
}

static void expect_request(struct connection *c)
{
    c->step = WAITING;
    c->since = now;
    http_parser_reset(&c->parser);
}

static err_t on_connection(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (pcb == NULL || error != ERR_OK)
        return ERR_VAL;
    struct connection *c = take_slot();
    if (c == NULL) {
        counters.refused++;
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    counters.connections++;
    c->pcb = pcb;
    c->fin = c->served = false;
    expect_request(c);
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, c);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    return ERR_OK;
}

void http_start(uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    LWIP_ASSERT("the pools have room at boot", pcb != NULL);
    err_t error = tcp_bind(pcb, IP_ANY_TYPE, port);
    LWIP_ASSERT("nothing else listens yet", error == ERR_OK);
    pcb = tcp_listen_with_backlog_and_err(pcb, TCP_DEFAULT_LISTEN_BACKLOG, &error);
    LWIP_ASSERT("the pools have room at boot", pcb != NULL);
    tcp_accept(pcb, on_connection);
}

// --- answers -----------------------------------------------------------------------------------

static unsigned answering(void)
{
    unsigned count = 0;
    for (const struct connection *c = connections; c != connections + HTTP_CONNECTIONS; c++)
        count += c->pcb != NULL && c->step == SENDING;
    return count;
}

static void begin_answer(struct connection *c, unsigned status)
{
    const bool failed = status >= 400;
    counters.answers++;
    counters.errors += failed;
    c->step = SENDING;
    c->since = c->began = now;
    c->sent = c->left = 0;
    c->answer.status = status;
    c->answer.minor = c->parser.request.minor;
    text_init(&c->out, c->buffer, sizeof c->buffer);
}

// An answer that only says what is wrong.
static void refuse(struct connection *c, unsigned status, bool keep)
{
    char text[64];
    struct text body;
    begin_answer(c, status);
    text_init(&body, text, sizeof text);
    text_printf(&body, "%u %s\n", status, http_reason(status));
    c->page = NULL;
    c->answer.type = "text/plain; charset=utf-8";
    c->answer.framing = HTTP_LENGTH;
    c->answer.length = body.used;
    c->answer.keep = keep;
    http_answer_head(&c->out, &c->answer);
    if (c->parser.request.method != HTTP_HEAD)
        text_append(&c->out, body.base, body.used);
}

// Ends the answer whose client has acknowledged nothing for longest. Returns whether there was one
// that had for HTTP_PATIENCE_US.
static bool give_up_a_reader(void)
{
    struct connection *found = NULL;
    for (struct connection *c = connections; c != connections + HTTP_CONNECTIONS; c++)
        if (c->pcb != NULL && c->step == SENDING && now - c->since >= HTTP_PATIENCE_US &&
            (found == NULL || c->since < found->since))
            found = c;
    if (found == NULL)
        return false;
    counters.evicted++;
    abort_now(found);
    return true;
}

static void serve(struct connection *c)
{
    const struct http_request *request = &c->parser.request;
    const struct page *page = page_find(request->target);
    if (answering() >= HTTP_ANSWERS && !give_up_a_reader()) {
        refuse(c, 503, false);
        return;
    }
    if (page == NULL) {
        refuse(c, 404, request->keep_alive);
        return;
    }
    begin_answer(c, page->status != NULL ? page->status() : 200);
    c->answer.type = page->type;
    c->answer.keep = request->keep_alive;
    c->answer.framing = page->bytes != NULL   ? HTTP_LENGTH
                        : request->minor != 0 ? HTTP_CHUNKED
                                              : HTTP_CLOSE;
    c->answer.length = page->length;
    c->answer.keep &= c->answer.framing != HTTP_CLOSE;
    http_answer_head(&c->out, &c->answer);
    const bool body = request->method != HTTP_HEAD;
    c->page = body && page->bytes == NULL ? page : NULL;
    c->cursor = (struct page_cursor){0};
    c->bytes = page->bytes;
    c->left = body && page->bytes != NULL ? page->length : 0;
}

// Appends pieces of the page, as one chunk if the answer is chunked.
static void write_page(struct connection *c)
{
    const bool chunked = c->answer.framing == HTTP_CHUNKED;
    struct text *out = &c->out;
    const size_t begin = out->used;
    if (chunked)
        text_append(out, "0000\r\n", CHUNK_HEAD);
    const size_t body = out->used;
    bool more = c->page->write(&c->cursor, c->parser.request.query, out);
    const size_t length = out->used - body;
    if (chunked && length > 0) {
        char head[CHUNK_HEAD + 1];
        struct text size;
        text_init(&size, head, sizeof head);
        text_printf(&size, "%04zx\r\n", length);
        memcpy(out->base + begin, head, CHUNK_HEAD);
        text_append(out, "\r\n", 2);
    } else {
        out->used = body - (chunked ? CHUNK_HEAD : 0);
    }
    if (!more) {
        c->page = NULL;
        if (chunked)
            text_append(out, "0\r\n\r\n", 5);
    }
}

// --- steps -------------------------------------------------------------------------------------

// Returns whether there was something to parse.
static bool step_parse(struct connection *c)
{
    if (c->in == NULL)
        return false;
    const struct pbuf *p = c->in;
    const size_t length = p->len < PARSE_BYTES ? p->len : PARSE_BYTES;
    const bool begun = http_parser_begun(&c->parser);
    size_t used;
    const enum http_progress progress = http_parse(&c->parser, p->payload, length, &used);
    if (!begun && c->served && http_parser_begun(&c->parser))
        c->since = now;
    c->in = pbuf_free_header(c->in, (u16_t)used);
    tcp_recved(c->pcb, (u16_t)used);
    if (progress == HTTP_REFUSED)
        refuse(c, c->parser.status, false);
    else if (progress == HTTP_DONE)
        serve(c);
    return true;
}

static bool step_waiting(struct connection *c)
{
    if (step_parse(c))
        return true;
    const bool begun = http_parser_begun(&c->parser);
    const bool idle = c->served && !begun;
    if (c->fin) {
        end(c);
        return true;
    }
    if (now - c->since < (idle ? HTTP_IDLE_US : HTTP_REQUEST_US))
        return false;
    counters.timed_out += !idle;
    if (begun)
        refuse(c, 408, false);
    else
        end(c);
    return true;
}

// The answer is with TCP, all of it.
static void answered(struct connection *c)
{
    tcp_output(c->pcb);
    c->served = true;
    if (c->answer.keep)
        expect_request(c);
    else
        end(c);
}

// Hands bytes to TCP, if it has sent what it got before: with more of them waiting for the
// client's window, an acknowledgement could have it send them all in one slice. Returns how many it
// took: perhaps none.
static size_t hand_over(struct connection *c, const char *bytes, size_t length, uint8_t how)
{
    const size_t room = c->pcb->unsent == NULL ? tcp_sndbuf(c->pcb) : 0;
    if (length > WRITE_BYTES)
        length = WRITE_BYTES;
    if (length > room)
        length = room;
    if (length == 0 || tcp_write(c->pcb, bytes, (u16_t)length, how) != ERR_OK)
        return 0;
    return length;
}

static bool step_sending(struct connection *c)
{
    size_t taken;
    if (now - c->since > HTTP_STALL_US || now - c->began > HTTP_ANSWER_US) {
        counters.timed_out++;
        abort_now(c);
        return true;
    }
    if (c->sent < c->out.used) {
        taken = hand_over(c, c->out.base + c->sent, c->out.used - c->sent,
                          TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
        c->sent += taken;
    } else if (c->page != NULL) {
        text_init(&c->out, c->buffer, sizeof c->buffer);
        c->sent = 0;
        const uint64_t begin = clock_us();
        do
            write_page(c);
        while (c->page != NULL && clock_us() - begin < PIECES_US &&
               text_room(&c->out) > CHUNK_HEAD + PAGE_PIECE_MAX + CHUNK_TAIL);
        return true;
    } else if (c->left > 0) {
        taken = hand_over(c, c->bytes, c->left, TCP_WRITE_FLAG_MORE);
        c->bytes += taken;
        c->left -= taken;
    } else {
        answered(c);
        return true;
    }
    if (taken > 0)
        tcp_output(c->pcb);
    return taken > 0;
}

static bool step_lingering(struct connection *c)
{
    if (now - c->since < HTTP_LINGER_US)
        return false;
    abort_now(c);
    return true;
}

static bool step(struct connection *c)
{
    switch (c->step) {
    case WAITING:
        return step_waiting(c);
    case SENDING:
        return step_sending(c);
    case LINGERING:
        break;
    }
    return step_lingering(c);
}

bool http_poll(uint64_t now_us)
{
    static unsigned next;
    now = now_us;
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++) {
        struct connection *c = &connections[next++ % HTTP_CONNECTIONS];
        if (c->pcb != NULL && step(c))
            return true;
    }
    return false;
}

struct http_counters http_counters(void)
{
    return counters;
}

unsigned http_open(void)
{
    unsigned open = 0;
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        open += connections[i].pcb != NULL;
    return open;
}
