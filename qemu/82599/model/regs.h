// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registers and fields of the Intel 82599 that this model gives a meaning to, in the order of their
// offsets. Registers that are only storage are in table.c. Section numbers are those of the 82599
// datasheet (331520).

#ifndef IXGBE_REGS_H
#define IXGBE_REGS_H

#define REGISTER_SPACE 0x20000u // 8.1

#define BITS(value, shift, width) (((value) >> (shift)) & ((1u << (width)) - 1))

// 8.2.3.1 General control
#define CTRL           0x00000u
#define CTRL_GIO_DIS   (1u << 2)
#define CTRL_LRST      (1u << 3)
#define CTRL_RST       (1u << 26)
#define CTRL_ALIAS     0x00004u
#define STATUS         0x00008u
#define STATUS_LANID   2
#define STATUS_LINKUP  (1u << 7)
#define STATUS_GIO     (1u << 19)
#define CTRL_EXT       0x00018u
#define CTRL_EXT_NSDIS (1u << 16)
#define ESDP           0x00020u
#define ESDP_SDP2      (1u << 2)
#define ESDP_SDP3      (1u << 3)
#define I2CCTL         0x00028u
#define I2CCTL_CLK_IN  (1u << 0)
#define I2CCTL_CLK     (1u << 1)
#define I2CCTL_DATA_IN (1u << 2)
#define I2CCTL_DATA    (1u << 3)
#define LEDCTL         0x00200u

// 8.2.3.5 Interrupts
#define EICR           0x00800u
#define EICR_RTXQ      0x0000ffffu
#define EICR_RX_MISS   (1u << 17)
#define EICR_PCI       (1u << 18)
#define EICR_LSC       (1u << 20)
#define EICR_TCP_TIMER (1u << 30)
#define EICR_OTHER     0x3fff0000u // 29:16, mapped by IVAR_MISC byte 1
#define EICS           0x00808u
#define EIAC           0x00810u
#define EITR           0x00820u // n = 0..23
#define EITR_INTERVAL  3        // 11:3, in units of 2 microseconds
#define EITR_CNT_WDIS  (1u << 31)
#define EIMS           0x00880u
#define EIMC           0x00888u
#define EIAM           0x00890u
#define GPIE           0x00898u
#define GPIE_MSIX      (1u << 4)
#define GPIE_OCD       (1u << 5)
#define GPIE_EIAME     (1u << 30)
#define IVAR           0x00900u
#define IVAR_VALID     0x80u
#define IVAR_ENTRY     0x3fu
#define IVAR_MISC      0x00a00u
#define EICS_EX        0x00a90u // n = 1, 2
#define EIMS_EX        0x00aa0u
#define EIMC_EX        0x00ab0u
#define EIAM_EX        0x00ad0u
#define EITR_HIGH      0x12300u // n = 24..127
#define EITR_LOW_COUNT 24

// 8.2.3.8 Receive DMA: queues 0..63 at 0x1000, 64..127 at 0xd000, 0x40 apart
#define RX_QUEUES_LOW    0x01000u
#define RX_QUEUES_HIGH   0x0d000u
#define QUEUE_STRIDE     0x40u
#define RDBAL            0x00u
#define RDBAH            0x04u
#define RDLEN            0x08u
#define DCA_RXCTRL       0x0cu
#define DCA_RXCTRL_BIT12 (1u << 12)
#define RDH              0x10u
#define SRRCTL           0x14u
#define SRRCTL_BSIZE     0  // 4:0, kilobytes
#define SRRCTL_TYPE      25 // 27:25
#define SRRCTL_DROP_EN   (1u << 28)
#define RDT              0x18u
#define RXDCTL           0x28u
#define RXDCTL_ENABLE    (1u << 25)
#define RXDCTL_SWFLSH    (1u << 26)
#define RXDCTL_VME       (1u << 30)
#define SRRCTL_ALIAS     0x02100u // n = 0..15
#define DCA_RX_ALIAS     0x02200u // n = 0..15
#define QPRC             0x01030u // n = 0..15, 0x40 apart
#define QBRC_L           0x01034u
#define QBRC_H           0x01038u
#define QPRDC            0x01430u
#define RQSMR            0x02300u

#define RDRXCTL             0x02f00u
#define RDRXCTL_CRCSTRIP    (1u << 1)
#define RDRXCTL_DMAIDONE    (1u << 3)
#define RDRXCTL_RSCFRSTSIZE 0x003e0000u
#define RDRXCTL_RSCACKC     (1u << 25)
#define RDRXCTL_FCOE_WRFIX  (1u << 26)
#define RXCTRL              0x03000u
#define RXCTRL_RXEN         (1u << 0)
#define FCTTV               0x03200u // n = 0..3
#define FCRTL               0x03220u // n = 0..7
#define FCRTL_XONE          (1u << 31)
#define FCRTH               0x03260u // n = 0..7
#define FCRTH_FCEN          (1u << 31)
#define FLOW_THRESHOLD      0x0007ffe0u // of FCRTL and FCRTH: bytes
#define FCRTV               0x032a0u
#define FCCFG               0x03d00u
#define FCCFG_TFCE          (1u << 3) // TFCE = 01: link flow control
#define RXPBSIZE            0x03c00u
#define RXMPC               0x03fa0u
#define LXONTXC             0x03f60u
#define LXOFFTXC            0x03f68u

// 8.2.3.23 Statistics
#define CRCERRS  0x04000u
#define PRC64    0x0405cu
#define GPRC     0x04074u
#define BPRC     0x04078u
#define MPRC     0x0407cu
#define GPTC     0x04080u
#define GORCL    0x04088u
#define GORCH    0x0408cu
#define GOTCL    0x04090u
#define GOTCH    0x04094u
#define ROC      0x040acu
#define TORL     0x040c0u
#define TORH     0x040c4u
#define TPR      0x040d0u
#define TPT      0x040d4u
#define PTC64    0x040d8u
#define MPTC     0x040f0u
#define BPTC     0x040f4u
#define XEC      0x04120u
#define RXNFGPC  0x041b0u
#define RXNFGBCL 0x041b4u
#define RXNFGBCH 0x041b8u
#define RXDGPC   0x02f50u
#define RXDGBCL  0x02f54u
#define RXDGBCH  0x02f58u
#define TXDGPC   0x087a0u
#define TXDGBCL  0x087a4u
#define TXDGBCH  0x087a8u
#define LXOFFRXC 0x041a8u
#define LXONRXC  0x041a4u

// 8.2.3.22 MAC
#define HLREG0           0x04240u
#define HLREG0_TXCRCEN   (1u << 0)
#define HLREG0_RXCRCSTRP (1u << 1)
#define HLREG0_JUMBOEN   (1u << 2)
#define HLREG0_TXPADEN   (1u << 10)
#define HLREG0_LPBK      (1u << 15)
#define MSCA             0x0425cu
#define MSCA_DEVICE      16
#define MSCA_PORT        21
#define MSCA_OPERATION   26
#define MSCA_ADDRESS     0
#define MSCA_WRITE       1
#define MSCA_COMMAND     (1u << 30)
#define MSRWD            0x04260u
#define MAXFRS           0x04268u
#define MFLCN            0x04294u
#define MFLCN_DPF        (1u << 1)
#define MFLCN_RFCE       (1u << 3)
#define AUTOC            0x042a0u
#define AUTOC_FLU        (1u << 0)
#define AUTOC_RESTART_AN (1u << 12)
#define AUTOC_LMS        13 // 15:13
#define LMS_1G_NO_AN     0
#define LMS_10G_PARALLEL 1
#define LMS_1G_AN        2
#define LMS_10G_SERIAL   3
#define LINKS            0x042a4u
#define LINKS_STATUS     (1u << 7)
#define LINKS_SPEED_1G   (2u << 28)
#define LINKS_SPEED_10G  (3u << 28)
#define LINKS_UP         (1u << 30)
#define AUTOC2           0x042a8u
#define ANLP1            0x042b0u

// 8.2.3.10 DCB, 8.2.3.9 Transmit
#define RTTDCS            0x04900u
#define RTTDCS_ARBDIS     (1u << 6)
#define DMATXCTL          0x04a80u
#define DMATXCTL_TE       (1u << 0)
#define DTXTCPFLGL        0x04a88u
#define DTXTCPFLGH        0x04a8cu
#define TX_QUEUES         0x06000u
#define TDBAL             0x00u
#define TDBAH             0x04u
#define TDLEN             0x08u
#define DCA_TXCTRL        0x0cu
#define TDH               0x10u
#define TDT               0x18u
#define TXDCTL            0x28u
#define TXDCTL_PTHRESH    0
#define TXDCTL_HTHRESH    8
#define TXDCTL_WTHRESH    16
#define TXDCTL_ENABLE     (1u << 25)
#define TXDCTL_SWFLSH     (1u << 26)
#define TDWBAL            0x38u
#define TDWBAL_HEAD_WB_EN (1u << 0)
#define TDWBAH            0x3cu
#define QPTC              0x06030u // n = 0..15, 0x40 apart
#define MTQC              0x08120u
#define TQSM              0x08600u
#define QPTC_ALIAS        0x08680u
#define QBTC_L            0x08700u // n = 0..15, 8 apart
#define QBTC_H            0x08704u

// 8.2.3.7 Receive
#define RXCSUM        0x05000u
#define RXCSUM_PCSD   (1u << 13)
#define RFCTL         0x05008u
#define FCTRL         0x05080u
#define FCTRL_MPE     (1u << 8)
#define FCTRL_UPE     (1u << 9)
#define FCTRL_BAM     (1u << 10)
#define VLNCTRL       0x05088u
#define VLNCTRL_VFE   (1u << 30)
#define MCSTCTRL      0x05090u
#define MCSTCTRL_MFE  (1u << 2)
#define MTA           0x05200u
#define RAL_ALIAS     0x05400u // n = 0..15
#define PSRTYPE_ALIAS 0x05480u
#define MRQC_ALIAS    0x05818u
#define RETA_ALIAS    0x05c00u
#define RSSRK_ALIAS   0x05c80u
#define VFTA          0x0a000u
#define RAL           0x0a200u // n = 0..127, 8 apart
#define RAH           0x0a204u
#define RAH_AV        (1u << 31)
#define TFCS          0x0ce00u
#define TFCS_TXOFF    (1u << 0)
#define PSRTYPE       0x0ea00u
#define RETA          0x0eb00u
#define RSSRK         0x0eb80u
#define MRQC          0x0ec80u
#define MRQC_MRQE     0 // 3:0
#define MRQC_TCPIPV4  (1u << 16)
#define MRQC_IPV4     (1u << 17)
#define MRQC_IPV6     (1u << 20)
#define MRQC_TCPIPV6  (1u << 21)
#define MRQC_UDPIPV4  (1u << 22)
#define MRQC_UDPIPV6  (1u << 23)
#define FDIRCTRL      0x0ee00u
#define PFUTA         0x0f400u

// 8.2.3.12 Security
#define SECTXCTRL        0x08800u
#define SECTXCTRL_TX_DIS (1u << 1)
#define SECTXSTAT        0x08804u
#define SECRXCTRL        0x08d00u
#define SECRXCTRL_RX_DIS (1u << 1)
#define SECRXSTAT        0x08d04u
#define SEC_READY        (1u << 0)

// 8.2.3.2 EEPROM, 8.2.3.4 PCIe and semaphores
#define EEC           0x10010u
#define EEC_SK        (1u << 0)
#define EEC_CS        (1u << 1)
#define EEC_DI        (1u << 2)
#define EEC_DO        (1u << 3)
#define EEC_REQ       (1u << 6)
#define EEC_GNT       (1u << 7)
#define EEC_PRES      (1u << 8)
#define EEC_AUTO_RD   (1u << 9)
#define EERD          0x10014u
#define EERD_START    (1u << 0)
#define EERD_DONE     (1u << 1)
#define SWSM          0x10140u
#define SWSM_SMBI     (1u << 0)
#define SWSM_SWESMBI  (1u << 1)
#define FWSM          0x10148u
#define SW_FW_SYNC    0x10160u
#define SW_FW_PHY     0x6u
#define SW_FW_REGSMP  (1u << 31) // X540
#define SW_FW_MAC_CSR (1u << 3)
#define GCR_EXT       0x11050u
#define CORECTL       0x14f00u

#endif
