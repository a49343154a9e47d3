// SPDX-License-Identifier: BSD-2-Clause
// One ping at a time. The shell calls step() every millisecond; answers come by lwIP's raw API.
#include "net/stack/ping.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/number.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/netif.h"
#include "lwip/raw.h"

enum {
    COUNT_DEFAULT = 4,
    COUNT_MAX = 100,
    INTERVAL_US = 1000 * 1000, // between two requests, and the wait for the last answer
    DATA_BYTES = 56,
    CONTROL_C = 0x03,
};

static struct {
    struct raw_pcb *pcb;
    ip_addr_t to;
    uint16_t id, wanted, sent, received;
    uint64_t sent_at;          // us, of request number `sent`
    bool answered;             // that request
    uint64_t least, most, sum; // us, of the round trips
} ping;

static uint8_t on_answer(void *argument, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    struct icmp_echo_hdr echo; // ICMPv6 has the same layout: RFC 4443, 4.1
    (void)argument, (void)pcb;
    const uint8_t reply = IP_IS_V6(&ping.to) ? ICMP6_TYPE_EREP : ICMP_ER;
    if (pbuf_copy_partial(p, &echo, sizeof echo, ip_current_header_tot_len()) < sizeof echo ||
        echo.type != reply || echo.id != lwip_htons(ping.id) || !ip_addr_cmp(from, &ping.to))
        return 0;
    if (echo.seqno == lwip_htons(ping.sent) && !ping.answered) {
        const uint64_t us = clock_us() - ping.sent_at;
        ping.answered = true;
        ping.received++;
        ping.sum += us;
        ping.least = us < ping.least ? us : ping.least;
        ping.most = us > ping.most ? us : ping.most;
        console_printf("answer %u after %" PRIu64 ".%03" PRIu64 " ms\n", ping.sent, us / 1000,
                       us % 1000);
    }
    pbuf_free(p);
    return 1;
}

static err_t send_request(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_IP, sizeof(struct icmp_echo_hdr) + DATA_BYTES, PBUF_RAM);
    if (p == NULL)
        return ERR_MEM;
    struct icmp_echo_hdr *echo = p->payload;
    memset(echo, 0x5a, p->len);
    const bool v6 = IP_IS_V6(&ping.to);
    ICMPH_TYPE_SET(echo, v6 ? ICMP6_TYPE_EREQ : ICMP_ECHO);
    ICMPH_CODE_SET(echo, 0);
    echo->chksum = 0;
    echo->id = lwip_htons(ping.id);
    echo->seqno = lwip_htons(ping.sent);
    if (!v6) // that of ICMPv6 covers addresses too, and is lwIP's
        echo->chksum = inet_chksum(echo, p->len);
    const err_t error = raw_sendto(ping.pcb, p, &ping.to);
    pbuf_free(p);
    return error;
}

static void finish(void)
{
    raw_remove(ping.pcb);
    ping.pcb = NULL;
    console_printf("%u sent, %u answered", ping.sent, ping.received);
    if (ping.received > 0)
        console_printf("; least %" PRIu64 " us, mean %" PRIu64 " us, most %" PRIu64 " us",
                       ping.least, ping.sum / ping.received, ping.most);
    console_printf("\n");
}

// Returns whether there is more to do.
static bool step(void)
{
    const bool stop = console_getc() == CONTROL_C;
    const uint64_t now = clock_us();
    const bool last = ping.sent == ping.wanted, over = now - ping.sent_at >= INTERVAL_US;
    if (ping.sent > 0 && over && !ping.answered)
        console_printf("answer %u did not come\n", ping.sent);
    if (stop || (last && (ping.answered || over))) {
        finish();
        return false;
    }
    if (ping.sent > 0 && !over)
        return true;
    ping.sent++;
    ping.answered = false;
    ping.sent_at = now;
    if (send_request() != ERR_OK)
        console_printf("request %u: there is no way to this address\n", ping.sent);
    return true;
}

static bool begin(const char *address, unsigned long count)
{
    memset(&ping, 0, sizeof ping);
    if (!ipaddr_aton(address, &ping.to)) {
        console_printf("ping: address \"%s\", expected A.B.C.D or an IPv6 address\n", address);
        return false;
    }
    const bool v6 = IP_IS_V6(&ping.to);
    ping.pcb =
        raw_new_ip_type(v6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4, v6 ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP);
    if (ping.pcb == NULL) {
        console_printf("ping: no memory\n");
        return false;
    }
    ping.pcb->chksum_reqd = v6; // RFC 3542, 3.1
    ping.pcb->chksum_offset = 2;
    raw_bind(ping.pcb, v6 ? IP6_ADDR_ANY : IP4_ADDR_ANY);
    raw_recv(ping.pcb, on_answer, NULL);
    ping.id = (uint16_t)lwip_port_random();
    ping.wanted = (uint16_t)count;
    ping.least = UINT64_MAX;
    return true;
}

void command_ping(int argc, char **argv)
{
    uint64_t count = COUNT_DEFAULT;
    if (argc < 2 || argc > 3 || (argc == 3 && !number_parse(argv[2], 1, COUNT_MAX, &count)))
        console_printf("usage: ping ADDRESS [COUNT], COUNT from 1 to %d\n", COUNT_MAX);
    else if (netif_default == NULL)
        console_printf("the box has no address: see [manage] in the configuration\n");
    else if (begin(argv[1], count))
        shell_go_on(step);
}
