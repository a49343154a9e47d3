// SPDX-License-Identifier: BSD-2-Clause
// The box's one network interface. Ethernet without FCS, one frame at a time, copied both ways.
// ARP RFC 826, IPv4 RFC 791, DHCP RFC 2131, ND RFC 4861, SLAAC RFC 4862: by lwIP 2.2.1.
#include "net/stack/interface.h"

#include <stdio.h>
#include <string.h>

#include "kernel/log.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"

enum { MTU = 1500, ADDRESSES_TEXT = 200 };

static struct netif interface;
static struct local *local;
static const struct port *port;
static uint64_t discarded;
static char shown[ADDRESSES_TEXT]; // the addresses that the log has

static err_t output(struct netif *netif, struct pbuf *p)
{
    static uint8_t frame[LOCAL_FRAME_MAX];
    (void)netif;
    const unsigned length = pbuf_copy_partial(p, frame, sizeof frame, 0);
    if (length < p->tot_len || length < FRAME_MIN)
        return ERR_BUF;
    return local_send(local, frame, length) ? ERR_OK : ERR_IF;
}

static void ear(const uint8_t *group, enum netif_mac_filter_action action)
{
    if (action == NETIF_ADD_MAC_FILTER)
        local_join(local, group);
    else
        local_leave(local, group);
}

// IPv6 group addresses: RFC 2464, section 7.
static err_t ear_ipv6(struct netif *netif, const ip6_addr_t *group,
                      enum netif_mac_filter_action action)
{
    (void)netif;
    const uint8_t *bytes = (const uint8_t *)group->addr;
    const uint8_t mac[6] = {0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]};
    ear(mac, action);
    return ERR_OK;
}

static err_t init(struct netif *netif)
{
    netif->name[0] = 'b';
    netif->name[1] = 'w';
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = output;
    netif->mld_mac_filter = ear_ipv6;
    netif->mtu = MTU;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, port->mac, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    return ERR_OK;
}

// --- addresses ---------------------------------------------------------------------------------

static unsigned prefix_length(const ip4_addr_t *mask)
{
    return (unsigned)__builtin_popcount(mask->addr);
}

// RFC 5952, 4.3: lower case.
static const char *ipv6_text(const ip6_addr_t *address)
{
    static char text[IP6ADDR_STRLEN_MAX];
    ip6addr_ntoa_r(address, text, sizeof text);
    for (char *c = text; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c + ('a' - 'A'));
    return text;
}

const char *interface_addresses(char *text, unsigned size)
{
    unsigned used = 0;
    text[0] = '\0';
    if (!ip4_addr_isany_val(*netif_ip4_addr(&interface)))
        used = (unsigned)snprintf(text, size, "%s/%u", ip4addr_ntoa(netif_ip4_addr(&interface)),
                                  prefix_length(netif_ip4_netmask(&interface)));
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES && used < size; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&interface, i)))
            used += (unsigned)snprintf(text + used, size - used, "%s%s", used > 0 ? " " : "",
                                       ipv6_text(netif_ip6_addr(&interface, i)));
    return text;
}

// lwIP calls it whenever something about the addresses may have changed.
static void addresses_changed(struct netif *netif)
{
    char text[ADDRESSES_TEXT];
    (void)netif;
    interface_addresses(text, sizeof text);
    if (strcmp(text, shown) == 0)
        return;
    strcpy(shown, text);
    log_line("manage: %s: %s", port->name, text[0] != '\0' ? text : "no address");
}

static void set_ipv4(const struct config_manage *manage)
{
    if (manage->how == CONFIG_ADDRESS_DHCP) {
        const err_t error = dhcp_start(&interface);
        LWIP_ASSERT("there is memory for DHCP at boot", error == ERR_OK);
        (void)error;
    }
    if (manage->how != CONFIG_ADDRESS_STATIC)
        return;
    const uint8_t *a = manage->address, *g = manage->gateway;
    const ip4_addr_t mask = {.addr = lwip_htonl(~(UINT32_MAX >> manage->prefix))};
    ip4_addr_t address, gateway;
    IP4_ADDR(&address, a[0], a[1], a[2], a[3]);
    IP4_ADDR(&gateway, g[0], g[1], g[2], g[3]);
    netif_set_addr(&interface, &address, &mask, &gateway);
}

void interface_start(const struct config *config, struct local *the_local,
                     const struct port *the_port)
{
    const struct config_manage *manage = &config->manage;
    static char hostname[CONFIG_HOSTNAME_MAX];
    local = the_local;
    port = the_port;
    strcpy(hostname, manage->hostname);
    netif_add_noaddr(&interface, NULL, init, ethernet_input);
    netif_set_hostname(&interface, hostname);
    netif_set_default(&interface);
    netif_set_status_callback(&interface, addresses_changed);
    if (manage->ipv6) {
        static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1}; // lwIP takes that for granted
        local_join(local, all_nodes);
        netif_create_ip6_linklocal_address(&interface, 1);
        interface.ip6_autoconfig_enabled = 1;
    }
    netif_set_up(&interface);
    set_ipv4(manage);
}

// --- frames ------------------------------------------------------------------------------------

void interface_follow_link(void)
{
    const bool up = local->linked(local);
    if (up && !netif_is_link_up(&interface))
        netif_set_link_up(&interface);
    else if (!up && netif_is_link_up(&interface))
        netif_set_link_down(&interface);
}

bool interface_input(void)
{
    const struct local_frame *frame = local_next(local);
    if (frame == NULL)
        return false;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, frame->length, PBUF_POOL);
    if (p != NULL)
        pbuf_take(p, frame->data, frame->length);
    local_done(local);
    if (p == NULL)
        discarded++;
    else if (interface.input(p, &interface) != ERR_OK)
        pbuf_free(p);
    return true;
}

uint64_t interface_discarded(void)
{
    return discarded;
}
