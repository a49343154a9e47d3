// SPDX-License-Identifier: BSD-2-Clause
// How lwIP is built: no threads, no heap that grows, every pool of a fixed size.
// lwIP 2.2.1, lwip/opt.h names what each option means.
#pragma once

// One thread, the main loop, calls the raw API.
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_NETIF_API       0
#define LWIP_TIMERS          1

// Memory. Payload that is sent comes from the heap, what is received from the pool, which holds a
// full frame in one buffer.
#define MEM_ALIGNMENT           16
#define MEM_SIZE                (64 * 1024)
#define MEMP_NUM_PBUF           32
#define PBUF_POOL_SIZE          32
#define PBUF_POOL_BUFSIZE       1536
#define MEMP_NUM_RAW_PCB        4
#define MEMP_NUM_UDP_PCB        8
#define MEMP_NUM_TCP_PCB        16
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG        128
#define MEMP_NUM_REASSDATA      4
#define MEMP_NUM_FRAG_PBUF      16
#define MEMP_NUM_ARP_QUEUE      16
#define MEMP_OVERFLOW_CHECK     0

// Protocols.
#define LWIP_ETHERNET            1
#define LWIP_ARP                 1
#define ARP_TABLE_SIZE           32
#define LWIP_IPV4                1
#define LWIP_IPV6                1
#define LWIP_ICMP                1
#define LWIP_ICMP6               1
#define LWIP_RAW                 1
#define LWIP_UDP                 1
#define LWIP_TCP                 1
#define LWIP_DHCP                1
#define LWIP_DNS                 0
#define LWIP_IPV6_AUTOCONFIG     1
#define LWIP_IPV6_NUM_ADDRESSES  4
#define IP_FORWARD               0 // forwarding is net/forward.c's, not this stack's
#define LWIP_IPV6_FORWARD        0
#define LWIP_NETIF_HOSTNAME      1
#define LWIP_NETIF_LINK_CALLBACK 1

#define TCP_MSS     1440 // fits IPv6 on a 1,500-byte link
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_WND     (8 * TCP_MSS)

// Checksums are computed and checked here: the cards' offloads belong to forwarded frames.
#define LWIP_CHECKSUM_ON_COPY 1

#define LWIP_STATS             1
#define MEM_STATS              1
#define MEMP_STATS             1
#define LWIP_STATS_DISPLAY     0
#define LWIP_NOASSERT_ON_ERROR 1
