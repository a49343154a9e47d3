// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fields of transmit descriptors as four little-endian words. 82599 datasheet 331520,
// sections 7.2.3.2.2 (legacy), 7.2.3.2.3 (context) and 7.2.3.2.4 (data).

#ifndef IXGBE_TX_DESC_H
#define IXGBE_TX_DESC_H

#include "regs.h"

// Word 2 of legacy and data descriptors
#define TX_LENGTH(d)    BITS((d)[2], 0, 16)
#define TX_CSO(d)       BITS((d)[2], 16, 8) // legacy: where the checksum goes
#define TX_TYPE(d)      BITS((d)[2], 20, 4) // advanced
#define TX_EOP          (1u << 24)
#define TX_IFCS         (1u << 25)
#define TX_IC           (1u << 26) // legacy: insert a checksum
#define TX_RS           (1u << 27)
#define TX_DEXT         (1u << 29)
#define TX_VLE          (1u << 30)
#define TX_TSE          (1u << 31)
#define TX_TYPE_CONTEXT 2
#define TX_TYPE_DATA    3

// Word 3
#define TX_DD         (1u << 0)
#define TX_IDX(d)     BITS((d)[3], 4, 3)
#define TX_IXSM       (1u << 8)
#define TX_TXSM       (1u << 9)
#define TX_PAYLEN(d)  BITS((d)[3], 14, 18)
#define TX_CSS(d)     BITS((d)[3], 8, 8) // legacy: where the sum starts
#define TX_VLAN(d)    ((d)[3] >> 16)     // legacy
#define TX_ADDRESS(d) (((uint64_t)(d)[1] << 32) | (d)[0])

// Context descriptor
#define CONTEXT_IPLEN(c)  BITS((c)[0], 0, 9)
#define CONTEXT_MACLEN(c) BITS((c)[0], 9, 7)
#define CONTEXT_VLAN(c)   ((c)[0] >> 16)
#define CONTEXT_IPV4      (1u << 10) // word 2
#define CONTEXT_L4T(c)    BITS((c)[2], 11, 2)
#define L4T_UDP           0
#define L4T_TCP           1
#define L4T_SCTP          2
#define CONTEXT_L4LEN(c)  BITS((c)[3], 8, 8)
#define CONTEXT_MSS(c)    ((c)[3] >> 16)

#endif
