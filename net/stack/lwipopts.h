// SPDX-License-Identifier: BSD-2-Clause
// How lwIP is built: no threads, no heap that grows, every pool of a fixed size.
// lwIP 2.2.1, lwip/opt.h names what each option means.
#pragma once

// One thread, the main loop, calls the raw API. Timers are net/stack/timers.c's: one at a time.
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_NETIF_API       0
#define LWIP_TIMERS          1
#define LWIP_TIMERS_CUSTOM   1

// Memory. Payload that is sent comes from the heap, what is received from the pool, which holds a
// full frame in one buffer.
#define MEM_ALIGNMENT           16
#define MEM_SIZE                (128 * 1024)
#define MEMP_NUM_PBUF           64
#define PBUF_POOL_SIZE          64
#define PBUF_POOL_BUFSIZE       1536
#define MEMP_NUM_RAW_PCB        4
#define MEMP_NUM_UDP_PCB        8
#define MEMP_NUM_TCP_PCB        32
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG        256
#define MEMP_NUM_ND6_QUEUE      16
#define MEMP_OVERFLOW_CHECK     0

// Protocols. Nothing that the box sends or needs is fragmented, so fragments are not reassembled:
// half a datagram would hold memory.
#define LWIP_SINGLE_NETIF                  1
#define LWIP_ETHERNET                      1
#define LWIP_ARP                           1
#define ARP_TABLE_SIZE                     32
#define ARP_QUEUEING                       0 // one waits at each address: nobody takes others' room
#define LWIP_IPV4                          1
#define IP_REASSEMBLY                      0
#define IP_FRAG                            0
#define LWIP_IPV6                          1
#define LWIP_IPV6_REASS                    0
#define LWIP_IPV6_FRAG                     0
#define LWIP_IPV6_MLD                      1
#define LWIP_ND6_NUM_NEIGHBORS             32
#define LWIP_ND6_NUM_DESTINATIONS          32
#define LWIP_IPV6_AUTOCONFIG               1
#define LWIP_IPV6_NUM_ADDRESSES            4
#define LWIP_ICMP                          1
#define LWIP_ICMP6                         1
#define LWIP_RAW                           1
#define LWIP_UDP                           1
#define LWIP_TCP                           1
#define LWIP_DNS                           0
#define LWIP_DHCP                          1
#define LWIP_DHCP_DOES_ACD_CHECK           1
#define DHCP_COARSE_TIMER_SECS             10 // lwIP's minute is too coarse for short leases
#define IP_FORWARD                         0  // forwarding is net/forward.c's, not this stack's
#define LWIP_IPV6_FORWARD                  0
#define LWIP_NETIF_HOSTNAME                1
#define LWIP_NETIF_STATUS_CALLBACK         1
#define LWIP_NETIF_LINK_CALLBACK           1
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1

#define TCP_MSS            1440 // fits IPv6 on a 1,500-byte link
#define TCP_SND_BUF        (16 * TCP_MSS)
#define TCP_SND_QUEUELEN   48
#define TCP_WND            (2 * TCP_MSS) // a request is short: the rest can wait at its sender
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ    0 // what comes out of order comes again
#define TCP_OVERSIZE       TCP_MSS
#define LWIP_TCP_KEEPALIVE 1

// Initial sequence numbers that nobody can foretell who is not at one of the ends (RFC 6528).
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) \
    lwip_port_isn(local_ip, local_port, remote_ip, remote_port)

// Checksums are computed and checked here: the cards' offloads belong to forwarded frames.
#define LWIP_CHECKSUM_ON_COPY 1

#define LWIP_STATS             1
#define LWIP_STATS_LARGE       1
#define MEM_STATS              1
#define MEMP_STATS             1
#define LWIP_STATS_DISPLAY     0
#define LWIP_NOASSERT_ON_ERROR 1
