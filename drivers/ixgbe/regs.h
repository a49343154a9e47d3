// SPDX-License-Identifier: BSD-2-Clause
// Registers of the Intel 82599 that this driver uses, in the order of their offsets.
//
// Sections are those of the Intel 82599 10 GbE Controller Datasheet (331520). Where only a chapter
// is named, the chapter lists the register. What differs in the X540, X550 and X552/X553 is in
// model.c, not here.
#pragma once
#include <stdint.h>

#define IXGBE_BIT(n) (UINT32_C(1) << (n))

// BAR 0 (8.1): registers in the first 128 KiB.
#define IXGBE_BAR_SIZE 0x20000

// Device Control (8.2.3.1.1)
#define IXGBE_CTRL         0x00000
#define IXGBE_CTRL_GIO_DIS IXGBE_BIT(2) // PCIe master disable
#define IXGBE_CTRL_LRST    IXGBE_BIT(3) // link reset; with RST: a global reset
#define IXGBE_CTRL_RST     IXGBE_BIT(26)

// Device Status (8.2.3.1.2)
#define IXGBE_STATUS             0x00008
#define IXGBE_STATUS_LAN_ID(v)   ((v) >> 2 & 3)
#define IXGBE_STATUS_GIO_ENABLED IXGBE_BIT(19)

// Extended Device Control (8.2.3.1.3)
#define IXGBE_CTRL_EXT          0x00018
#define IXGBE_CTRL_EXT_NS_DIS   IXGBE_BIT(16) // no snoop disabled
#define IXGBE_CTRL_EXT_DRV_LOAD IXGBE_BIT(28) // tells firmware that a driver is here

// Extended SDP Control (8.2.3.1.4): the pins beside the module cage
#define IXGBE_ESDP            0x00020
#define IXGBE_ESDP_SDP3       IXGBE_BIT(3)  // transmitter (laser) off
#define IXGBE_ESDP_SDP5       IXGBE_BIT(5)  // rate select: 10 Gb/s
#define IXGBE_ESDP_SDP5_DRIVE IXGBE_BIT(13) // the pin is an output

// I2C Control (8.2.3.1.5)
#define IXGBE_I2CCTL 0x00028

// LED Control (8.2.3.1.6): a byte for each of four LEDs
#define IXGBE_LEDCTL 0x00200

// Interrupts (8.2.3.5)
#define IXGBE_EICR                    0x00800
#define IXGBE_EICR_LSC                IXGBE_BIT(20) // link status change
#define IXGBE_EIAC                    0x00810
#define IXGBE_EITR(n)                 (0x00820 + 4 * (n)) // n = 0..23: of MSI-X entry n
#define IXGBE_EIMS                    0x00880
#define IXGBE_EIMC                    0x00888
#define IXGBE_EIMC_ALL                UINT32_C(0x7FFFFFFF) // bit 31 is reserved
#define IXGBE_GPIE                    0x00898
#define IXGBE_GPIE_MULTIPLE_MSIX      IXGBE_BIT(4)
#define IXGBE_GPIE_PBA_SUPPORT        IXGBE_BIT(31)
#define IXGBE_IVAR(n)                 (0x00900 + 4 * (n)) // n = 0..63: queues 2n and 2n + 1
#define IXGBE_IVAR_RECEIVE(q, vector) ((IXGBE_BIT(7) | (vector)) << 16 * ((q) & 1))
#define IXGBE_IVAR_MISC               0x00A00
#define IXGBE_IVAR_MISC_OTHER(vector) ((IXGBE_BIT(7) | (vector)) << 8)
#define IXGBE_EIMS_EX(n)              (0x00AA0 + 4 * (n)) // n = 0..1: MSI-X entries 0..63
#define IXGBE_EIMC_EX(n)              (0x00AB0 + 4 * (n))

// Receive queues 0..63 (8.2.3.8). SRRCTL and DCA_RXCTRL also have addresses in another page; these
// are the ones inside the queue's own page.
#define IXGBE_RDBAL(q)            (0x01000 + 0x40 * (q))
#define IXGBE_RDBAH(q)            (0x01004 + 0x40 * (q))
#define IXGBE_RDLEN(q)            (0x01008 + 0x40 * (q))
#define IXGBE_DCA_RXCTRL(q)       (0x0100C + 0x40 * (q)) // 8.2.3.11.1
#define IXGBE_DCA_RXCTRL_RESERVED IXGBE_BIT(12)          // reads 1 after reset, must be 0
#define IXGBE_RDH(q)              (0x01010 + 0x40 * (q))
#define IXGBE_SRRCTL(q)           (0x01014 + 0x40 * (q))
#define IXGBE_SRRCTL_BSIZE_KB(n)  (n)           // receive buffer, KiB, 1..16
#define IXGBE_SRRCTL_DROP_EN      IXGBE_BIT(28) // drop when the ring is empty, do not hold the FIFO
#define IXGBE_RDT(q)              (0x01018 + 0x40 * (q))
#define IXGBE_RXDCTL(q)           (0x01028 + 0x40 * (q))
#define IXGBE_RXDCTL_ENABLE       IXGBE_BIT(25)
#define IXGBE_RXDCTL_VME          IXGBE_BIT(30)          // strip VLAN tags
#define IXGBE_QPRDC(n)            (0x01430 + 0x40 * (n)) // frames dropped, ring empty (8.2.3.23)

// Receive DMA (8.2.3.8.8), receive unit (8.2.3.8.10)
#define IXGBE_RDRXCTL             0x02F00
#define IXGBE_RDRXCTL_CRC_STRIP   IXGBE_BIT(1)
#define IXGBE_RDRXCTL_DMAIDONE    IXGBE_BIT(3)
#define IXGBE_RDRXCTL_RSCFRSTSIZE UINT32_C(0x003E0000)
#define IXGBE_RDRXCTL_RSCACKC     IXGBE_BIT(25)
#define IXGBE_RDRXCTL_FCOE_WRFIX  IXGBE_BIT(26)
#define IXGBE_RXCTRL              0x03000
#define IXGBE_RXCTRL_RXEN         IXGBE_BIT(0)

// Flow control (8.2.3.3)
#define IXGBE_FCTTV(n)    (0x03200 + 4 * (n)) // n = 0..3
#define IXGBE_FCRTL(n)    (0x03220 + 4 * (n)) // n = 0..7; bytes, in steps of 32
#define IXGBE_FCRTL_XONE  IXGBE_BIT(31)       // send XON when the buffer is below
#define IXGBE_FCRTH(n)    (0x03260 + 4 * (n)) // n = 0..7; bytes, in steps of 32
#define IXGBE_FCRTH_FCEN  IXGBE_BIT(31)       // send PAUSE when the buffer is above
#define IXGBE_FCRTV       0x032A0
#define IXGBE_RXPBSIZE(n) (0x03C00 + 4 * (n)) // 8.2.3.8.9: KiB in bits 19:10
#define IXGBE_PB_KB(kb)   ((kb) << 10)
#define IXGBE_FCCFG       0x03D00
#define IXGBE_FCCFG_TFCE  (UINT32_C(1) << 3)  // send PAUSE; 2: priority flow control
#define IXGBE_MPC(n)      (0x03FA0 + 4 * (n)) // frames missed, packet buffer full (8.2.3.23)

// Statistics (8.2.3.23); each is cleared by reading it
#define IXGBE_CRCERRS    0x04000
#define IXGBE_ILLERRC    0x04004
#define IXGBE_ERRBC      0x04008
#define IXGBE_RLEC       0x04040
#define IXGBE_RUC        0x040A4 // runts
#define IXGBE_RFC        0x040A8 // fragments
#define IXGBE_ROC        0x040AC // oversize
#define IXGBE_RJC        0x040B0 // jabber
#define IXGBE_LXOFFRXCNT 0x041A8 // PAUSE frames received

// MAC (8.2.3.22)
#define IXGBE_HLREG0           0x04240
#define IXGBE_HLREG0_TXCRCEN   IXGBE_BIT(0)
#define IXGBE_HLREG0_RXCRCSTRP IXGBE_BIT(1)
#define IXGBE_HLREG0_JUMBOEN   IXGBE_BIT(2)
#define IXGBE_HLREG0_TXPADEN   IXGBE_BIT(10)
#define IXGBE_HLREG0_LPBK      IXGBE_BIT(15)
#define IXGBE_MAXFRS           0x04268 // longest frame with FCS, bytes in bits 31:16
#define IXGBE_MFLCN            0x04294
#define IXGBE_MFLCN_PMCF       IXGBE_BIT(0) // pass MAC control frames
#define IXGBE_MFLCN_DPF        IXGBE_BIT(1) // discard PAUSE frames
#define IXGBE_MFLCN_RPFCE      IXGBE_BIT(2) // obey priority flow control
#define IXGBE_MFLCN_RFCE       IXGBE_BIT(3) // obey PAUSE
#define IXGBE_AUTOC            0x042A0
#define IXGBE_AUTOC_RESTART    IXGBE_BIT(12)
#define IXGBE_AUTOC_LMS        UINT32_C(0x0000E000)
#define IXGBE_AUTOC_LMS_1G_AN  (UINT32_C(2) << 13) // serial 1G, clause 37
#define IXGBE_AUTOC_LMS_10G    (UINT32_C(3) << 13) // serial 10G (SFI)
#define IXGBE_AUTOC_LMS_TOGGLE (UINT32_C(4) << 13)
#define IXGBE_LINKS            0x042A4
#define IXGBE_LINKS_UP         IXGBE_BIT(30)
#define IXGBE_LINKS_SPEED(v)   ((v) >> 28 & 3) // 1: 100 Mb/s, 2: 1 Gb/s, 3: 10 Gb/s
#define IXGBE_LINKS_NON_STD    IXGBE_BIT(27)   // X550 only: 2.5 or 5 Gb/s
#define IXGBE_AUTOC2           0x042A8
#define IXGBE_AUTOC2_DISABLE   UINT32_C(0x70000000) // link held down, by the EEPROM's wish
#define IXGBE_ANLP1            0x042B0
#define IXGBE_ANLP1_AN_STATE   UINT32_C(0x000F0000)

// Transmit scheduler (8.2.3.10)
#define IXGBE_RTTDCS        0x04900
#define IXGBE_RTTDCS_ARBDIS IXGBE_BIT(6)
#define IXGBE_RTTDQSEL      0x04904
#define IXGBE_RTTDT1C       0x04908
#define IXGBE_TXPBTHRESH(n) (0x04950 + 4 * (n)) // 8.2.3.9.16: KiB
#define IXGBE_DMATXCTL      0x04A80             // 8.2.3.9.2
#define IXGBE_DMATXCTL_TE   IXGBE_BIT(0)

// Receive filters (8.2.3.7)
#define IXGBE_FCTRL       0x05080
#define IXGBE_FCTRL_SBP   IXGBE_BIT(1)  // store bad frames
#define IXGBE_FCTRL_MPE   IXGBE_BIT(8)  // multicast promiscuous
#define IXGBE_FCTRL_UPE   IXGBE_BIT(9)  // unicast promiscuous
#define IXGBE_FCTRL_BAM   IXGBE_BIT(10) // accept broadcast
#define IXGBE_VLNCTRL     0x05088
#define IXGBE_VLNCTRL_VFE IXGBE_BIT(30)
#define IXGBE_MCSTCTRL    0x05090
#define IXGBE_MTA(n)      (0x05200 + 4 * (n)) // n = 0..127
#define IXGBE_MRQC        0x05818
#define IXGBE_MRQC_RSS    UINT32_C(1)   // MRQE: RSS over 16 queues, no DCB, no virtualisation
#define IXGBE_MRQC_TCP4   IXGBE_BIT(16) // what the hash is taken over
#define IXGBE_MRQC_IPV4   IXGBE_BIT(17)
#define IXGBE_MRQC_IPV6   IXGBE_BIT(20)
#define IXGBE_MRQC_TCP6   IXGBE_BIT(21)
#define IXGBE_RETA(n)     (0x05C00 + 4 * (n)) // n = 0..31: four entries each
#define IXGBE_RSSRK(n)    (0x05C80 + 4 * (n)) // n = 0..9: the key

// Transmit queues 0..63 (8.2.3.9)
#define IXGBE_TDBAL(q)          (0x06000 + 0x40 * (q))
#define IXGBE_TDBAH(q)          (0x06004 + 0x40 * (q))
#define IXGBE_TDLEN(q)          (0x06008 + 0x40 * (q))
#define IXGBE_DCA_TXCTRL(q)     (0x0600C + 0x40 * (q)) // 8.2.3.11.2
#define IXGBE_DCA_TXCTRL_WB_RO  IXGBE_BIT(11)          // relaxed ordering of the write-back
#define IXGBE_TDH(q)            (0x06010 + 0x40 * (q))
#define IXGBE_TDT(q)            (0x06018 + 0x40 * (q))
#define IXGBE_TXDCTL(q)         (0x06028 + 0x40 * (q))
#define IXGBE_TXDCTL_PTHRESH(n) (n)
#define IXGBE_TXDCTL_HTHRESH(n) ((n) << 8)
#define IXGBE_TXDCTL_ENABLE     IXGBE_BIT(25)
#define IXGBE_TDWBAL(q)         (0x06038 + 0x40 * (q))
#define IXGBE_TDWBAL_ENABLE     IXGBE_BIT(0)
#define IXGBE_TDWBAH(q)         (0x0603C + 0x40 * (q))

// Transmit DMA (8.2.3.9.1, 8.2.3.9.15)
#define IXGBE_DTXMXSZRQ     0x08100
#define IXGBE_DTXMXSZRQ_MAX UINT32_C(0xFFF) // the field is 12 bits wide
#define IXGBE_MTQC          0x08120

// Security block: the valve in front of the receive unit (8.2.3.12.5, 8.2.3.12.6)
#define IXGBE_SECRXCTRL        0x08D00
#define IXGBE_SECRXCTRL_RX_DIS IXGBE_BIT(1)
#define IXGBE_SECRXSTAT        0x08D04
#define IXGBE_SECRXSTAT_RDY    IXGBE_BIT(0)

// Address, VLAN and pool tables (8.2.3.7, 8.2.3.27)
#define IXGBE_VFTA(n)     (0x0A000 + 4 * (n)) // n = 0..127
#define IXGBE_RAL(n)      (0x0A200 + 8 * (n)) // n = 0..127
#define IXGBE_RAH(n)      (0x0A204 + 8 * (n))
#define IXGBE_RAH_AV      IXGBE_BIT(31)
#define IXGBE_MPSAR(n)    (0x0A600 + 4 * (n)) // n = 0..255
#define IXGBE_TXPBSIZE(n) (0x0CC00 + 4 * (n)) // 8.2.3.9.13: KiB in bits 19:10
#define IXGBE_FTQF(n)     (0x0E600 + 4 * (n)) // n = 0..127
#define IXGBE_PFVLVF(n)   (0x0F100 + 4 * (n)) // n = 0..63
#define IXGBE_PFVLVFB(n)  (0x0F200 + 4 * (n)) // n = 0..127
#define IXGBE_PFUTA(n)    (0x0F400 + 4 * (n)) // n = 0..127

// EEPROM (8.2.3.2)
#define IXGBE_EEC           0x10010
#define IXGBE_EEC_PRES      IXGBE_BIT(8)
#define IXGBE_EEC_AUTO_RD   IXGBE_BIT(9)
#define IXGBE_EERD          0x10014
#define IXGBE_EERD_START(w) (UINT32_C(1) | (uint32_t)(w) << 2)
#define IXGBE_EERD_DONE     IXGBE_BIT(1)
#define IXGBE_EERD_DATA(v)  ((uint16_t)((v) >> 16))

// Semaphores between drivers and firmware (8.2.3.4, 10.5.4)
#define IXGBE_SWSM             0x10140
#define IXGBE_SWSM_SMBI        IXGBE_BIT(0) // set by the read that returned 0
#define IXGBE_SWSM_SWESMBI     IXGBE_BIT(1)
#define IXGBE_SW_FW_SYNC       0x10160
#define IXGBE_SYNC_EEPROM      IXGBE_BIT(0)
#define IXGBE_SYNC_PHY(lan)    IXGBE_BIT(1 + (lan))
#define IXGBE_SYNC_MAC_CSR     IXGBE_BIT(3)
#define IXGBE_SYNC_SOFTWARE    UINT32_C(0x1F)
#define IXGBE_SYNC_FIRMWARE(s) ((s) << 5)    // firmware's twin of each software bit
#define IXGBE_SYNC_REGSMP      IXGBE_BIT(31) // X540 and later

// PCIe Control Extended (8.2.3.4.12)
#define IXGBE_GCR_EXT               0x11050
#define IXGBE_GCR_EXT_BUFFERS_CLEAR IXGBE_BIT(30)

// Core Analog Configuration (8.2.3.22.32): takes the module's settings out of the EEPROM
#define IXGBE_CORECTL 0x14F00
