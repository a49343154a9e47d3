// SPDX-License-Identifier: BSD-2-Clause
// One session at a time. Who has given the password cannot be pushed out; who has not can: by the
// next one who comes.
#include "net/stack/console_tcp.h"

#include <string.h>

#include "kernel/config.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "lwip/tcp.h"
#include "net/stack/telnet.h"

enum {
    OUT_BYTES = 8192, // a power of two: what is shown and not sent yet
    WRITE_BYTES = 1024,
    TYPE_BYTES = 64, // typed, in one step
    END_OF_SESSION = 0x04,
};

enum stage { PASSWORD, JUDGING, OPEN, REFUSED };

static struct {
    struct tcp_pcb *pcb; // NULL: there is no session
    enum stage stage;
    unsigned tries;
    uint64_t since; // us: the connection, or the last key
    struct telnet telnet;
    struct pbuf *in;
    bool fin;
    char typed[CONFIG_PASSWORD_MAX];
    size_t length; // of what was typed, CONFIG_PASSWORD_MAX: too much
    char out[OUT_BYTES];
    uint32_t put, taken; // free-running
    bool cut;            // something did not fit
} session;

static const char *secret;
static uint64_t judge_at, now; // us

static void show(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const bool newline = text[i] == '\n';
        if (OUT_BYTES - (session.put - session.taken) < 2) {
            session.cut = true;
            return;
        }
        if (newline)
            session.out[session.put++ % OUT_BYTES] = '\r';
        session.out[session.put++ % OUT_BYTES] = text[i];
    }
}

static void say(const char *text)
{
    show(text, strlen(text));
}

static void leave(void)
{
    if (session.stage == OPEN) {
        console_attach(NULL);
        log_line("console: the session over TCP has ended");
    }
    if (session.in != NULL)
        pbuf_free(session.in);
    session.in = NULL;
    session.pcb = NULL;
}

// Without waiting for the other side.
static void hang_up(void)
{
    struct tcp_pcb *pcb = session.pcb;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    leave();
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void on_error(void *argument, err_t error)
{
    (void)argument, (void)error;
    leave();
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)argument, (void)pcb, (void)error;
    if (p == NULL)
        session.fin = true;
    else if (session.in != NULL)
        return ERR_MEM; // lwIP keeps it and brings it again
    else
        session.in = p;
    return ERR_OK;
}

static err_t on_connection(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (pcb == NULL || error != ERR_OK)
        return ERR_VAL;
    if (session.pcb != NULL && session.stage == OPEN) {
        static const char text[] = "Another session is open.\r\n";
        tcp_write(pcb, text, sizeof text - 1, 0);
        if (tcp_close(pcb) == ERR_OK)
            return ERR_OK;
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    if (session.pcb != NULL)
        hang_up();
    memset(&session, 0, sizeof session);
    session.pcb = pcb;
    session.since = now;
    tcp_nagle_disable(pcb);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
    say(TELNET_HELLO "Barewire\nPassword: ");
    return ERR_OK;
}

void console_tcp_start(uint16_t port, const char *password)
{
    secret = password;
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    LWIP_ASSERT("the pools have room at boot", pcb != NULL);
    err_t error = tcp_bind(pcb, IP_ANY_TYPE, port);
    LWIP_ASSERT("nothing else listens there", error == ERR_OK);
    pcb = tcp_listen_with_backlog_and_err(pcb, 2, &error);
    LWIP_ASSERT("the pools have room at boot", pcb != NULL);
    tcp_accept(pcb, on_connection);
}

// --- the password ------------------------------------------------------------------------------

// Takes as long for a wrong password as for the right one, wherever it is wrong.
static bool right(void)
{
    char typed[CONFIG_PASSWORD_MAX] = "", wanted[CONFIG_PASSWORD_MAX] = "";
    volatile uint8_t differs = session.length >= CONFIG_PASSWORD_MAX;
    memcpy(typed, session.typed, sizeof typed);
    // The rest of it is zero. NOLINTNEXTLINE(bugprone-not-null-terminated-result)
    memcpy(wanted, secret, strlen(secret));
    for (size_t i = 0; i < sizeof typed; i++)
        differs = differs | (uint8_t)(typed[i] ^ wanted[i]);
    return differs == 0;
}

static void judge(void)
{
    judge_at = now + CONSOLE_JUDGE_US;
    const bool good = right();
    memset(session.typed, 0, sizeof session.typed);
    session.length = 0;
    say("\n");
    if (good) {
        session.stage = OPEN;
        session.since = now;
        log_line("console: a session over TCP from %s", ipaddr_ntoa(&session.pcb->remote_ip));
        console_attach(show);
        console_type('\r'); // for a prompt
        return;
    }
    log_line("console: a wrong password from %s", ipaddr_ntoa(&session.pcb->remote_ip));
    session.stage = ++session.tries < CONSOLE_TRIES ? PASSWORD : REFUSED;
    say(session.stage == PASSWORD ? "Wrong. Password: " : "Wrong.\n");
}

static void password_key(int key)
{
    if (key == '\r' || key == '\n') {
        if (session.length > 0)
            session.stage = JUDGING;
    } else if (key == 0x7f || key == '\b') {
        session.length = 0;
        memset(session.typed, 0, sizeof session.typed);
    } else if (key >= ' ' && session.length < CONFIG_PASSWORD_MAX) {
        session.typed[session.length++] = (char)key;
    }
}

// --- the session -------------------------------------------------------------------------------

// Takes what was typed, as far as the console has room for it.
static bool step_input(void)
{
    if (session.in == NULL || session.stage == JUDGING)
        return false;
    const uint8_t *bytes = session.in->payload;
    unsigned used = 0;
    while (used < session.in->len && used < TYPE_BYTES && session.stage != JUDGING) {
        if (session.stage == OPEN && !console_can_type())
            break;
        const int key = telnet_take(&session.telnet, bytes[used++]);
        if (key == END_OF_SESSION)
            session.fin = true;
        else if (session.stage == OPEN && key > 0) // telnet sends CR NUL for CR: RFC 854
            console_type((char)key);
        else if (session.stage == PASSWORD && key > 0)
            password_key(key);
    }
    if (used == 0)
        return false;
    if (session.stage == OPEN)
        session.since = now;
    session.in = pbuf_free_header(session.in, (u16_t)used);
    tcp_recved(session.pcb, (u16_t)used);
    return true;
}

// Sends what was shown.
static bool step_output(void)
{
    const uint32_t waiting = session.put - session.taken, start = session.taken % OUT_BYTES;
    uint32_t length = waiting < OUT_BYTES - start ? waiting : OUT_BYTES - start;
    const uint32_t room = tcp_sndbuf(session.pcb);
    length = length < WRITE_BYTES ? length : WRITE_BYTES;
    length = length < room ? length : room;
    if (length == 0 ||
        tcp_write(session.pcb, session.out + start, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return false;
    session.taken += length;
    tcp_output(session.pcb);
    if (session.cut && session.put == session.taken) {
        session.cut = false;
        say("\n[some text was lost]\n");
    }
    return true;
}

bool console_tcp_poll(uint64_t now_us)
{
    now = now_us;
    if (session.pcb == NULL)
        return false;
    const uint64_t most = session.stage == OPEN ? CONSOLE_IDLE_US : CONSOLE_LOGIN_US;
    if (session.stage == JUDGING && now >= judge_at) {
        judge();
        return true;
    }
    if (step_input() || step_output())
        return true;
    const bool told = session.stage == REFUSED && session.put == session.taken;
    if (told || (session.fin && session.in == NULL) || now - session.since > most) {
        hang_up();
        return true;
    }
    return false;
}

bool console_tcp_open(void)
{
    return session.pcb != NULL;
}
