// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every register of the card that exists in this model: reset value, the bits that a write changes,
// the documented bits that it does not. What is in neither of the two is reserved and must be
// written as it reads after reset. 82599 datasheet 331520, section 8.2.3; where an entry
// says 8.2.2, the register is known from the summary table there and is storage only.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/error-report.h"

#define ALL 0xffffffffu
#define ONE(name, offset, reset, writable, ignored, kind, section) \
    {name, offset, 1, 4, reset, writable, ignored, kind, section}
#define MANY(name, offset, count, stride, reset, writable, ignored, kind, section) \
    {name, offset, count, stride, reset, writable, ignored, kind, section}
#define STORAGE(name, offset, count) MANY(name, offset, count, 4, 0, ALL, 0, RW, "8.2.2")
#define COUNTER(name, offset, count) MANY(name, offset, count, 4, 0, 0, ALL, RC, "8.2.3.23")

#define RX_QUEUE(name, which, reset, writable, ignored, kind, section)                    \
    MANY(name, RX_QUEUES_LOW + which, 64, 0x40, reset, writable, ignored, kind, section), \
        MANY(name, RX_QUEUES_HIGH + which, 64, 0x40, reset, writable, ignored, kind, section)
#define TX_QUEUE(name, which, reset, writable, ignored, kind, section) \
    MANY(name, TX_QUEUES + which, 128, 0x40, reset, writable, ignored, kind, section)

static const RegisterRule table[] = {
    ONE("CTRL", CTRL, 0, 0x0400000c, 0, RW, "8.2.3.1.1"),
    ONE("STATUS", STATUS, 0x00080000, 0, ALL, RO, "8.2.3.1.2"),
    ONE("CTRL_EXT", CTRL_EXT, 0, 0x14034000, 0, RW, "8.2.3.1.3"),
    ONE("ESDP", ESDP, 0, 0xfcffffff, 0, RW, "8.2.3.1.4"),
    ONE("I2CCTL", I2CCTL, 0x0000000f, 0x0000000a, 0x00000005, RW, "8.2.3.1.5"),
    ONE("LEDCTL", LEDCTL, 0x05040100, 0xcfcfcfef, 0, RW, "8.2.3.1.6"),

    // intr.c keeps the causes and masks; these entries say which bits exist.
    ONE("EICR", EICR, 0, 0x7fffffff, ALL, W1C, "8.2.3.5.1"),
    ONE("EICS", EICS, 0, 0x7fffffff, 0, RW, "8.2.3.5.2"),
    ONE("EIAC", EIAC, 0, 0x4000ffff, 0, RW, "8.2.3.5.5"),
    MANY("EITR", EITR, EITR_LOW_COUNT, 4, 0, 0x0fff8ff8, EITR_CNT_WDIS, RW, "8.2.3.5.12"),
    MANY("EITR", EITR_HIGH, 104, 4, 0, 0x0fff8ff8, EITR_CNT_WDIS, RW, "8.2.3.5.12"),
    ONE("EIMS", EIMS, 0, 0x7fffffff, 0, RW, "8.2.3.5.3"),
    ONE("EIMC", EIMC, 0, 0x7fffffff, 0, WO, "8.2.3.5.4"),
    ONE("EIAM", EIAM, 0, 0x7fffffff, 0, RW, "8.2.3.5.6"),
    STORAGE("EITRSEL", 0x00894, 1),
    ONE("GPIE", GPIE, 0, 0xc000ffff, 0, RW, "8.2.3.5.18"),
    MANY("IVAR", IVAR, 64, 4, 0, 0xbfbfbfbf, 0, RW, "8.2.3.5.16"),
    ONE("IVAR_MISC", IVAR_MISC, 0x8000, 0x0000bfbf, 0, RW, "8.2.3.5.17"),
    MANY("EICS_EX", EICS_EX, 2, 4, 0, ALL, 0, WO, "8.2.3.5.7"),
    MANY("EIMS_EX", EIMS_EX, 2, 4, 0, ALL, 0, RW, "8.2.3.5.8"),
    MANY("EIMC_EX", EIMC_EX, 2, 4, 0, ALL, 0, WO, "8.2.3.5.9"),
    MANY("EIAM_EX", EIAM_EX, 2, 4, 0, ALL, 0, RW, "8.2.3.5.10"),

    // Base and length are 128-byte aligned: the low bits are reported by strict.c and not kept.
    RX_QUEUE("RDBAL", RDBAL, 0, 0xffffff80, 0x7f, RW, "8.2.3.8.1"),
    RX_QUEUE("RDBAH", RDBAH, 0, ALL, 0, RW, "8.2.3.8.2"),
    RX_QUEUE("RDLEN", RDLEN, 0, 0x000fff80, 0x7f, RW, "8.2.3.8.3"),
    RX_QUEUE("DCA_RXCTRL", DCA_RXCTRL, 0xb200, 0xff00b2e0, 0, RW, "8.2.3.11.1"),
    RX_QUEUE("RDH", RDH, 0, 0xffff, 0, RW, "8.2.3.8.4"),
    RX_QUEUE("SRRCTL", SRRCTL, 0x00000402, 0x1fc03f1f, 0, RW, "8.2.3.8.7"),
    RX_QUEUE("RDT", RDT, 0, 0xffff, 0, RW, "8.2.3.8.5"),
    RX_QUEUE("RXDCTL", RXDCTL, 0, 0x467f4000, 0, RW, "8.2.3.8.6"),
    RX_QUEUE("RSCCTL", 0x2c, 0, 0xd, 0, RW, "8.2.3.8.13"),
    MANY("QPRC", QPRC, 16, 0x40, 0, 0, ALL, RC, "8.2.3.23"),
    MANY("QBRC_L", QBRC_L, 16, 0x40, 0, 0, ALL, RC, "8.2.3.23"),
    MANY("QBRC_H", QBRC_H, 16, 0x40, 0, 0, ALL, RC, "8.2.3.23"),
    MANY("QPRDC", QPRDC, 16, 0x40, 0, 0, ALL, RC, "8.2.3.23"),
    STORAGE("RTRPT4C", 0x02140, 8),
    MANY("RQSMR", RQSMR, 32, 4, 0, 0x0f0f0f0f, 0, RW, "8.2.3.23"),
    STORAGE("FCPTRL", 0x02410, 3),
    COUNTER("FCOERPDC", 0x0241c, 1),
    STORAGE("FCDMARW", 0x02420, 1),
    COUNTER("FCLAST", 0x02424, 3),
    STORAGE("RTRPCS", 0x02430, 1),
    ONE("RDRXCTL", RDRXCTL, 0x00108800, 0x063e0002, RDRXCTL_DMAIDONE, RW, "8.2.3.8.8"),
    STORAGE("PFQDE", 0x02f04, 1),
    STORAGE("RXDSTATCTRL", 0x02f40, 1),
    COUNTER("RXDGPC", RXDGPC, 12),
    ONE("RXCTRL", RXCTRL, 0, RXCTRL_RXEN, 0, RW, "8.2.3.8.10"),
    STORAGE("PFCTOP", 0x03008, 1),
    STORAGE("RTRUP2TC", 0x03020, 1),
    ONE("RSCDBU", 0x03028, 0, 0x80, ~0x80u, RW, "8.2.3.8.12"),
    MANY("FCTTV", FCTTV, 4, 4, 0, ALL, 0, RW, "8.2.3.3.2"),
    // Bit 4 of the thresholds is outside the field, but Linux's register test finds it on the card.
    MANY("FCRTL", FCRTL, 8, 4, 0, 0x8007fff0, 0, RW, "8.2.3.3.3"),
    MANY("FCRTH", FCRTH, 8, 4, 0, 0x8007fff0, 0, RW, "8.2.3.3.4"),
    ONE("FCRTV", FCRTV, 0, 0xffff, 0, RW, "8.2.3.3.5"),
    COUNTER("PXON2OFFCNT", 0x03240, 8),
    ONE("RXPBSIZE", RXPBSIZE, 0x80000, 0x000ffc00, 0, RW, "8.2.3.8.9"),
    MANY("RXPBSIZE", RXPBSIZE + 4, 7, 4, 0, 0x000ffc00, 0, RW, "8.2.3.8.9"),
    ONE("FCCFG", FCCFG, 0, 0x18, 0, RW, "8.2.3.3.7"),
    COUNTER("PXONTXC", 0x03f00, 16),
    COUNTER("LXONTXC", LXONTXC, 1),
    COUNTER("LXOFFTXC", LXOFFTXC, 1),
    COUNTER("RXMPC", RXMPC, 8),

    COUNTER("CRCERRS", CRCERRS, 3),
    COUNTER("MSPDC", 0x04010, 1),
    COUNTER("MLFC", 0x04034, 2),
    COUNTER("RLEC", 0x04040, 1),
    COUNTER("PRC", PRC64, 6),
    COUNTER("GPRC", GPRC, 4),
    COUNTER("GORC", GORCL, 4),
    COUNTER("RUC", 0x040a4, 6),
    COUNTER("TOR", TORL, 2),
    COUNTER("TPR", TPR, 10),
    COUNTER("XEC", XEC, 1),
    COUNTER("PXONRXCNT", 0x04140, 16),
    COUNTER("LXONRXCNT", LXONRXC, 2),
    COUNTER("RXNFGPC", RXNFGPC, 3),
    STORAGE("PCS1GCFIG", 0x04200, 1),
    ONE("PCS1GLCTL", 0x04208, 0x02040000, 0x02040061, ALL, RW, "8.2.3.22"),
    ONE("PCS1GLSTA", 0x0420c, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("PCS1GANA", 0x04218, 0x1a0, 0xb1a0, 0, RW, "8.2.3.22"),
    ONE("PCS1GANLP", 0x0421c, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("PCS1GANNP", 0x04220, 0, 0xffff, 0, RW, "8.2.3.22"),
    ONE("PCS1GANLPNP", 0x04224, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("HLREG0", HLREG0, 0x08012c0b, 0x18f38407, 0, RW, "8.2.3.22.8"),
    ONE("HLREG1", 0x04244, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("PAP", 0x04248, 0xffff, 0xffff, 0, RW, "8.2.3.22"),
    ONE("MACA", 0x0424c, 0, ALL, 0, RW, "8.2.3.22"),
    // An 82599 of this model has no PHY on MDIO: the command ends at once and all ones are read.
    ONE("MSCA", MSCA, 0, 0x7fffffff, 0, RW, "8.2.3.22"),
    ONE("MSRWD", MSRWD, 0xffff0000, 0xffff, 0xffff0000, RW, "8.2.3.22"),
    ONE("MAXFRS", MAXFRS, 0x05ee0000, 0xffff0000, 0, RW, "8.2.3.22.13"),
    ONE("PCSS1", 0x04288, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("PCSS2", 0x0428c, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("XPCSS", 0x04290, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("MFLCN", MFLCN, 0, 0xfff, 0, RW, "8.2.3.22.34"),
    STORAGE("SERDESC", 0x04298, 1),
    STORAGE("MACS", 0x0429c, 1),
    ONE("AUTOC", AUTOC, 0xc19c6284, ALL, 0, RW, "8.2.3.22.19"),
    ONE("LINKS", LINKS, 0, 0, ALL, RO, "8.2.3.22.20"),
    ONE("AUTOC2", AUTOC2, 0x00020000, ALL, 0, RW, "8.2.3.22"),
    STORAGE("AUTOC3", 0x042ac, 1),
    ONE("ANLP1", ANLP1, 0x00010000, 0, ALL, RO, "8.2.3.22.23"),
    ONE("ANLP2", 0x042b4, 0, 0, ALL, RO, "8.2.3.22"),
    ONE("MMNGC", 0x042d0, 0, 0, ALL, RO, "8.2.3.22"),
    STORAGE("ANLPNP", 0x042d4, 2),
    ONE("LINKS2", 0x04324, 0, 0, ALL, RO, "8.2.2"),
    STORAGE("MACC", 0x04330, 1),
    STORAGE("ATLASCTL", 0x04800, 1),

    // RTTDCS: 23:22 are the reset value's bypass bits, 31 and 19:17 are status.
    ONE("RTTDCS", RTTDCS, 0x00c00000, 0x00c00053, 0x800e0000, RW, "8.2.3.10.2"),
    ONE("RTTDQSEL", 0x04904, 0, 0x7f, 0, RW, "8.2.3.10.13"),
    STORAGE("RTTDT1C", 0x04908, 2),
    STORAGE("RTTDT2C", 0x04910, 16),
    ONE("TXPBTHRESH", 0x04950, 0x96, 0x3ff, 0, RW, "8.2.3.9.16"),
    MANY("TXPBTHRESH", 0x04954, 7, 4, 0, 0x3ff, 0, RW, "8.2.3.9.16"),
    STORAGE("RTTBCNRM", 0x04980, 1),
    ONE("RTTBCNRC", 0x04984, 0, 0x80ffffff, 0, RW, "8.2.3.10.16"),
    ONE("DMATXCTL", DMATXCTL, 0x81000004, 0xffff0009, 0, RW, "8.2.3.9.2"),
    ONE("DTXTCPFLGL", DTXTCPFLGL, 0x0ff60ff6, 0x0fff0fff, 0, RW, "8.2.3.9.3"),
    ONE("DTXTCPFLGH", DTXTCPFLGH, 0x00000f7f, 0x00000fff, 0, RW, "8.2.3.9.4"),
    STORAGE("PFMAILBOX", 0x04b00, 64),

    ONE("RXCSUM", RXCSUM, 0, 0x3000, 0, RW, "8.2.3.7.5"),
    ONE("RFCTL", RFCTL, 0, 0x47e0, 0, RW, "8.2.3.7.6"),
    ONE("FCTRL", FCTRL, 0, 0x702, 0, RW, "8.2.3.7.1"),
    ONE("VLNCTRL", VLNCTRL, 0x8100, 0x7000ffff, 0, RW, "8.2.3.7.2"),
    ONE("MCSTCTRL", MCSTCTRL, 0, 0x7, 0, RW, "8.2.3.7.3"),
    STORAGE("FCRXCTRL", 0x05100, 1),
    COUNTER("FCCRC", 0x05118, 1),
    STORAGE("RXMTRL", 0x05120, 1),
    MANY("ETQF", 0x05128, 8, 4, 0, ALL, 0, RW, "8.2.3.7.21"),
    STORAGE("TSYNCRXCTL", 0x05188, 1),
    STORAGE("RXSATRL", 0x051a0, 3),
    STORAGE("PFVTCTL", 0x051b0, 1),
    STORAGE("PFVFRE", 0x051e0, 4),
    MANY("MTA", MTA, 128, 4, 0, ALL, 0, RW, "8.2.3.7.7"),
    STORAGE("WUC", 0x05800, 1),
    STORAGE("WUFC", 0x05808, 1),
    STORAGE("WUS", 0x05810, 1),
    ONE("MANC", 0x05820, 0, 0, ALL, RO, "8.2.2"),
    STORAGE("IPAV", 0x05838, 1),

    TX_QUEUE("TDBAL", TDBAL, 0, 0xffffff80, 0x7f, RW, "8.2.3.9.5"),
    TX_QUEUE("TDBAH", TDBAH, 0, ALL, 0, RW, "8.2.3.9.6"),
    TX_QUEUE("TDLEN", TDLEN, 0, 0x000fff80, 0x7f, RW, "8.2.3.9.7"),
    TX_QUEUE("DCA_TXCTRL", DCA_TXCTRL, 0x2a00, 0xff002a20, 0, RW, "8.2.3.11.2"),
    TX_QUEUE("TDH", TDH, 0, 0xffff, 0, RW, "8.2.3.9.8"),
    TX_QUEUE("TDT", TDT, 0, 0xffff, 0, RW, "8.2.3.9.9"),
    TX_QUEUE("TXDCTL", TXDCTL, 0, 0x067f7f7f, 0, RW, "8.2.3.9.10"),
    TX_QUEUE("TDWBAL", TDWBAL, 0, 0xfffffffd, 0, RW, "8.2.3.9.11"),
    TX_QUEUE("TDWBAH", TDWBAH, 0, ALL, 0, RW, "8.2.3.9.12"),
    MANY("QPTC", QPTC, 16, 0x40, 0, 0, ALL, RC, "8.2.3.23"),
    ONE("DTXMXSZRQ", 0x08100, 0x10, 0xfff, 0, RW, "8.2.3.9.1"),
    STORAGE("PFVFTE", 0x08110, 2),
    ONE("MTQC", MTQC, 0, 0xf, 0, RW, "8.2.3.9.15"),
    STORAGE("VMVIR", 0x08000, 64),
    STORAGE("PFVFSPOOF", 0x08200, 8),
    ONE("PFDTXGSWC", 0x08220, 0, 1, 0, RW, "8.2.3.27.11"),
    MANY("TQSM", TQSM, 32, 4, 0, 0x0f0f0f0f, 0, RW, "8.2.3.23"),
    MANY("QBTC", QBTC_L, 32, 4, 0, 0, ALL, RC, "8.2.3.23"),
    COUNTER("SSVPC", 0x08780, 1),
    COUNTER("FCOEPTC", 0x08784, 2),
    COUNTER("TXDGPC", TXDGPC, 3),
    ONE("SECTXCTRL", SECTXCTRL, 1, 0x7, 0, RW, "8.2.3.12.1"),
    ONE("SECTXSTAT", SECTXSTAT, SEC_READY, 0, ALL, RO, "8.2.3.12.2"),
    ONE("SECTXBUFFAF", 0x08808, 0x250, ALL, 0, RW, "8.2.3.12.3"),
    ONE("SECTXMINIFG", 0x08810, 0x1001, ALL, 0, RW, "8.2.3.12.4"),
    STORAGE("IPSTX", 0x08900, 6),
    STORAGE("LSECTX", 0x08a00, 15),
    COUNTER("LSECTXUT", 0x08a3c, 5),
    STORAGE("TSYNCTXCTL", 0x08c00, 3),
    STORAGE("SYSTIM", 0x08c0c, 16),
    ONE("SECRXCTRL", SECRXCTRL, 1, 0x3, 0, RW, "8.2.3.12.5"),
    ONE("SECRXSTAT", SECRXSTAT, 0, 0, ALL, RO, "8.2.3.12.6"),
    STORAGE("IPSRX", 0x08e00, 13),
    STORAGE("LSECRX", 0x08f00, 16),
    COUNTER("LSECRXUT", 0x08f40, 17),

    STORAGE("FHFT", 0x09000, 512),
    MANY("VFTA", VFTA, 128, 4, 0, ALL, 0, RW, "8.2.3.7.11"),
    MANY("RAL", RAL, 128, 8, 0, ALL, 0, RW, "8.2.3.7.8"),
    MANY("RAH", RAH, 128, 8, 0, 0x8000ffff, 0, RW, "8.2.3.7.9"),
    MANY("MPSAR", 0x0a600, 256, 4, 0, ALL, 0, RW, "8.2.3.7.10"),
    STORAGE("RTTUP2TC", 0x0c800, 1),
    ONE("TXPBSIZE", 0x0cc00, 0x28000, 0x000ffc00, 0, RW, "8.2.3.9.13"),
    MANY("TXPBSIZE", 0x0cc04, 7, 4, 0, 0x000ffc00, 0, RW, "8.2.3.9.13"),
    STORAGE("RTTPCS", 0x0cd00, 1),
    STORAGE("RTTPT2C", 0x0cd20, 16),
    ONE("TFCS", TFCS, 0, 0, ALL, RO, "8.2.3.3.6"),
    COUNTER("MNGPTC", 0x0cf90, 1),
    STORAGE("SAQF", 0x0e000, 128),
    STORAGE("DAQF", 0x0e200, 128),
    STORAGE("SDPQF", 0x0e400, 128),
    MANY("FTQF", 0x0e600, 128, 4, 0, ALL, 0, RW, "8.2.3.7.19"),
    STORAGE("L34TIMIR", 0x0e800, 128),
    MANY("PSRTYPE", PSRTYPE, 64, 4, 0, ALL, 0, RW, "8.2.3.7.4"),
    MANY("RETA", RETA, 32, 4, 0, 0x0f0f0f0f, 0, RW, "8.2.3.7.15"),
    MANY("RSSRK", RSSRK, 10, 4, 0, ALL, 0, RW, "8.2.3.7.14"),
    MANY("ETQS", 0x0ec00, 8, 4, 0, ALL, 0, RW, "8.2.3.7.22"),
    STORAGE("SYNQF", 0x0ec30, 1),
    ONE("RQTC", 0x0ec70, 0, 0x77777777, 0, RW, "8.2.3.7.13"),
    ONE("MRQC", MRQC, 0, 0xffff000f, 0, RW, "8.2.3.7.12"),
    ONE("LLITHRESH", 0x0ec90, 0x14000000, ALL, 0, RW, "8.2.3.5.14"),
    STORAGE("FCRECTL", 0x0ed00, 1),
    STORAGE("FCRETA", 0x0ed10, 8),
    // The flow director's tables are always ready; no filter is matched.
    ONE("FDIRCTRL", FDIRCTRL, 0x8, ~0x8u, 0x8, RW, "8.2.2"),
    STORAGE("FDIR", 0x0ee0c, 19),
    COUNTER("FDIRMATCH", 0x0ee58, 2),
    STORAGE("FDIRHKEY", 0x0ee68, 3),
    MANY("PFVML2FLT", 0x0f000, 64, 4, 0, ALL, 0, RW, "8.2.3.27.14"),
    MANY("PFVLVF", 0x0f100, 64, 4, 0, 0x80000fff, 0, RW, "8.2.3.27.15"),
    MANY("PFVLVFB", 0x0f200, 128, 4, 0, ALL, 0, RW, "8.2.3.27.16"),
    MANY("PFUTA", PFUTA, 128, 4, 0, ALL, 0, RW, "8.2.3.27.17"),
    STORAGE("MRCTL", 0x0f600, 4),
    STORAGE("VMRVLAN", 0x0f610, 8),
    STORAGE("VMRVM", 0x0f630, 16),

    // Presence, auto-read and the grant are computed; the serial lines and the request are the
    // driver's.
    ONE("EEC", EEC, 0x2030, 0x00000077, 0x003fffff, RW, "8.2.3.2.1"),
    ONE("EERD", EERD, 0, 0x0000fffd, 0xffff0002, RW, "8.2.3.2.2"),
    STORAGE("FLA", 0x1001c, 1),
    // CFG_DONE of both ports
    ONE("EEMNGCTL", 0x10110, 0x000c0000, 0, ALL, RO, "8.2.2"),
    ONE("SWSM", SWSM, 0, 0x3, 0, RW, "8.2.3.4.9"),
    ONE("FWSM", FWSM, 0x00008040, 0, ALL, RO, "8.2.3.4.10"),
    ONE("FACTPS", 0x10150, 0, 0, ALL, RO, "8.2.2"),
    ONE("SW_FW_SYNC", SW_FW_SYNC, 0, 0x1f, 0x3e0, RW, "8.2.3.4.11"),
    STORAGE("GRC", 0x10200, 1),
    STORAGE("GCR", 0x11000, 1),
    STORAGE("GSCL", 0x11010, 12),
    ONE("GCR_EXT", GCR_EXT, 0, ALL, 0, RW, "8.2.3.4.12"),
    ONE("MREVID", 0x11064, 1, 0, ALL, RO, "8.2.2"),
    ONE("DCA_ID", 0x11070, 0, 0, ALL, RO, "8.2.3.11.3"),
    ONE("DCA_CTRL", 0x11074, 1, 0x1f, 0, RW, "8.2.3.11.4"),
    STORAGE("PBACL", 0x110c0, 8),
    STORAGE("CIAA", 0x11088, 2),
    STORAGE("RSCINT", 0x12000, 128),
    STORAGE("PFMBMEM", 0x13000, 1024),
    STORAGE("CORECTL", CORECTL, 1),
    STORAGE("FLEX_MNG", 0x15800, 448),
    ONE("HICR", 0x15f00, 0, 0, ALL, RO, "8.2.2"),
    ONE("FWSTS", 0x15f0c, 0, ALL, 0, RW, "8.2.2"),
};

static uint8_t entry_of[REGISTER_SPACE / 4]; // index into table + 1
QEMU_BUILD_BUG_ON(ARRAY_SIZE(table) >= 255);

void ixgbe_table_init(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
        for (unsigned int n = 0; n < table[i].count; n++) {
            uint32_t at = table[i].offset + n * table[i].stride;
            if (at >= REGISTER_SPACE || entry_of[at / 4] != 0) {
                error_report("ixgbe: %s[%u] at %05x collides with %s", table[i].name, n, at,
                             at < REGISTER_SPACE ? table[entry_of[at / 4] - 1].name : "the end");
                abort();
            }
            entry_of[at / 4] = i + 1;
        }
    }
}

const RegisterRule *ixgbe_rule(uint32_t offset)
{
    if (offset >= REGISTER_SPACE || entry_of[offset / 4] == 0) {
        return NULL;
    }
    return &table[entry_of[offset / 4] - 1];
}

void ixgbe_table_reset(Ixgbe *s)
{
    memset(s->reg, 0, sizeof(s->reg));
    for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
        for (unsigned int n = 0; n < table[i].count; n++) {
            *reg_at(s, table[i].offset + n * table[i].stride) = table[i].reset;
        }
    }
}
