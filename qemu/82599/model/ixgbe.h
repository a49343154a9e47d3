// SPDX-License-Identifier: GPL-2.0-or-later
//
// The state of one port of the 82599, and what the files of the model offer each other. Everything
// runs under QEMU's big lock.

#ifndef IXGBE_H
#define IXGBE_H

#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qemu/timer.h"

#include "regs.h"

#define TYPE_IXGBE "ixgbe"
OBJECT_DECLARE_SIMPLE_TYPE(Ixgbe, IXGBE)

#define IXGBE_QUEUES   128
#define IXGBE_VECTORS  64
#define IXGBE_CONTEXTS 8
#define EEPROM_WORDS   8192
#define HANDED_OVER    64
#define FRAME_MAX      (16 * 1024) // 15.5 KB is the longest frame, 7.2.1

typedef struct TxContext {
    uint32_t word[4];
    bool valid;
} TxContext;

typedef struct TxQueue {
    TxContext context[IXGBE_CONTEXTS];
    uint8_t *data; // the frame (or TSO message) that is being gathered
    uint32_t length;
    uint32_t first[4];    // its first data descriptor
    uint32_t descriptors; // so many of them so far
    bool legacy;
    bool gathering;
    bool waiting; // the wire took no more; goes on from the callback
} TxQueue;

typedef enum {
    FAULT_NONE,
    FAULT_LENGTH_ZERO,
    FAULT_LENGTH_16K,
    FAULT_LENGTH_WRONG,
    FAULT_WRONG_ADDRESS,
    FAULT_WRONG_SOURCE,
    FAULT_WRONG_HEAD,
    FAULT_DD_BEYOND,
    FAULT_RX_SILENT,
    FAULT_TX_SILENT,
    FAULT_HEAD_WRONG,
    FAULT_RESET_STUCK,
    FAULT_ENABLE_STUCK,
    FAULT_SEMAPHORE_STUCK,
    FAULT_ALL_ONES,
    FAULT_LINK_FLAP,
    FAULT_POWER_STUCK,
    FAULT_LINK_STUCK,
    FAULT_REWRITE,
    FAULT_COUNT
} Fault;

// Receive: what one frame is (parse.c), used for the checksum, RSS and the write-back.
typedef struct FrameInfo {
    bool vlan;
    uint16_t vlan_tag;
    bool ipv4, ipv6, options, fragment, tcp, udp, sctp;
    bool ip_ok, l4_checked, l4_ok;
    uint16_t ip_id;
    uint32_t l3, l4; // offsets
    uint32_t l4_end;
} FrameInfo;

typedef struct Generator Generator;

struct Ixgbe {
    PCIDevice parent_obj;

    NICState *nic;
    NICConf conf;
    MemoryRegion bar, mmio, io, msix;
    uint32_t io_address;

    // Properties
    bool strict;
    bool backpressure;
    char *generator_property;
    char *generator_to_property;
    char *check_property;
    char *sfp_property;
    char *eeprom_property;
    char *link_property;
    uint32_t device_id;
    uint32_t link_delay_ms;
    uint32_t generator_delay_ms;
    uint64_t bar_size;
    bool asleep;
    bool any_sfp;

    uint32_t reg[REGISTER_SPACE / 4];
    int64_t reset_at; // virtual time of the last software reset
    int64_t rx_changed[IXGBE_QUEUES], tx_changed[IXGBE_QUEUES]; // of ENABLE
    bool stopped;                                               // a strict violation ended the run

    // Interrupts (intr.c)
    uint64_t queue_cause; // a bit for each MSI-X vector
    uint64_t queue_mask;
    uint64_t queue_automask;
    uint32_t other_cause; // EICR bits above 15
    uint32_t other_mask;
    uint32_t other_automask;
    uint64_t unsent; // vectors that have a new event since their last message
    int64_t next_allowed[IXGBE_VECTORS];
    QEMUTimer *throttle;
    bool line;

    // Transmit and receive
    TxQueue tx[IXGBE_QUEUES];
    uint8_t *segment; // one frame of a TSO message
    GQueue *fifo;     // the receive packet buffer: frames that found no descriptor
    uint32_t fifo_bytes;
    bool draining;
    bool refused;          // QEMU's network holds frames back until there is room again
    int64_t rxen_at;       // virtual time of RXCTRL.RXEN
    uint32_t wire_pending; // frames that QEMU's network queued; it calls back for each
    uint64_t dma_errors;

    // EEPROM and SFP
    uint16_t eeprom[EEPROM_WORDS];
    struct {
        uint32_t shift, bits;
        uint16_t address;
        uint8_t command, status;
        bool output, clock;
    } spi;
    struct {
        uint8_t page[2][256]; // A0h, A2h
        uint8_t select, pointer, shift, bits;
        uint8_t state;
        bool scl, sda, drive_low, reading;
    } sfp;

    // PHY of an X540 (phy.c)
    bool x540;
    GHashTable *phy; // NULL: there is none
    uint32_t phy_register;

    // Link
    QEMUTimer *link_timer;
    QEMUTimer *flap_timer;
    bool carrier; // negotiation is over
    bool flapped;
    bool link_was_up;
    bool dark; // the laser is off
    int64_t dark_at;

    // Flow control (flow.c)
    struct {
        bool paused; // by the partner
        bool full;   // XOFF was sent, the packet buffer is not yet below the low threshold
        QEMUTimer *pause_timer;
        QEMUTimer *refresh_timer;
    } flow;

    Fault fault;
    uint32_t fault_frames; // frames that it still applies to; 0 = until cleared
    uint64_t fault_argument;
    uint64_t faults_done;
    uint64_t handed_over[HANDED_OVER]; // where the last frames were received into
    uint32_t handed_count;

    Generator *generator;
};

static inline uint32_t *reg_at(Ixgbe *s, uint32_t offset)
{
    return &s->reg[offset / 4];
}

static inline uint32_t rx_base(unsigned int q)
{
    return q < 64 ? RX_QUEUES_LOW + QUEUE_STRIDE * q : RX_QUEUES_HIGH + QUEUE_STRIDE * (q - 64);
}

static inline uint32_t rx_reg(Ixgbe *s, unsigned int q, uint32_t which)
{
    return *reg_at(s, rx_base(q) + which);
}

static inline uint32_t tx_base(unsigned int q)
{
    return TX_QUEUES + QUEUE_STRIDE * q;
}

static inline uint32_t tx_reg(Ixgbe *s, unsigned int q, uint32_t which)
{
    return *reg_at(s, tx_base(q) + which);
}

static inline int64_t ixgbe_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

// table.c: what each register's bits allow.
typedef enum { RW, RO, WO, RC, W1C } RegisterKind;

typedef struct RegisterRule {
    const char *name;
    uint32_t offset;
    uint16_t count;
    uint16_t stride;
    uint32_t reset;
    uint32_t writable; // bits that take what is written
    uint32_t ignored;  // bits that are documented, but keep their own value
    RegisterKind kind;
    const char *section;
} RegisterRule;

const RegisterRule *ixgbe_rule(uint32_t offset); // NULL: none there
void ixgbe_table_init(void);
void ixgbe_table_reset(Ixgbe *s);

// mmio.c
extern const MemoryRegionOps ixgbe_mmio_ops;
extern const MemoryRegionOps ixgbe_io_ops;

// ixgbe.c
void ixgbe_software_reset(Ixgbe *s, bool with_link);

// strict.c: the driver broke a rule. Logged by -d guest_errors; with strict=on it ends QEMU with
// status 82.
#define IXGBE_STRICT_EXIT 82
void ixgbe_violation(Ixgbe *s, const char *section, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ixgbe_check_rx_enable(Ixgbe *s, unsigned int q);
void ixgbe_check_tx_enable(Ixgbe *s, unsigned int q);
void ixgbe_check_delivery(Ixgbe *s, unsigned int q);
void ixgbe_check_tail(Ixgbe *s, bool rx, unsigned int q, uint32_t tail);
void ixgbe_check_write(Ixgbe *s, uint32_t offset, uint32_t value);
void ixgbe_check_access(Ixgbe *s, uint32_t offset, unsigned int size);

// Waits of the datasheet and of this card, in virtual nanoseconds
#define RESET_CLEARS_NS 5000    // CTRL.RST reads 1 so long
#define RESET_QUIET_NS  1000000 // 8.2.3.1.1: no register may be touched before
#define RESET_READY_NS  2000000 // EEC.AUTO_RD and RDRXCTL.DMAIDONE read 0 so long
#define QUEUE_CHANGE_NS 10000   // RXDCTL and TXDCTL.ENABLE read their old value so long

// intr.c
void ixgbe_intr_init(Ixgbe *s);
void ixgbe_intr_reset(Ixgbe *s);
bool ixgbe_intr_read(Ixgbe *s, uint32_t offset, uint32_t *value);
bool ixgbe_intr_write(Ixgbe *s, uint32_t offset, uint32_t value);
void ixgbe_intr_other(Ixgbe *s, uint32_t causes);
void ixgbe_intr_queue(Ixgbe *s, bool rx, unsigned int q);

// dma.c: through the device's own address space, so that an IOMMU applies. False: the access was
// refused.
bool ixgbe_dma_read(Ixgbe *s, uint64_t address, void *to, uint32_t length);
bool ixgbe_dma_write(Ixgbe *s, uint64_t address, const void *from, uint32_t length);
bool ixgbe_dma_write32(Ixgbe *s, uint64_t address, uint32_t value);
bool ixgbe_dma_write64(Ixgbe *s, uint64_t address, uint64_t value);

// rx.c
void ixgbe_rx_init(Ixgbe *s);
void ixgbe_rx_reset(Ixgbe *s);
void ixgbe_rx_finalize(Ixgbe *s);
ssize_t ixgbe_receive(NetClientState *nc, const uint8_t *data, size_t size);
bool ixgbe_rx_wire(Ixgbe *s, const uint8_t *data,
                   uint32_t size); // false: the packet buffer is full
void ixgbe_rx_loopback(Ixgbe *s, const uint8_t *data, uint32_t size);
bool ixgbe_rx_room(Ixgbe *s); // a few frames would go straight to descriptors of queue 0
void ixgbe_rx_drain(Ixgbe *s);

// parse.c, rss.c, filter.c
void ixgbe_parse(const uint8_t *frame, uint32_t size, FrameInfo *info);
uint32_t ixgbe_sum(const uint8_t *data, uint32_t length,
                   uint32_t seed); // ones' complement, not folded
uint16_t ixgbe_fold(uint32_t sum);
bool ixgbe_filter(Ixgbe *s, const uint8_t *frame, const FrameInfo *info);
uint32_t ixgbe_rss(Ixgbe *s, const uint8_t *frame, const FrameInfo *info, unsigned int *type);

// flow.c
void ixgbe_flow_init(Ixgbe *s);
void ixgbe_flow_reset(Ixgbe *s);
void ixgbe_flow_finalize(Ixgbe *s);
bool ixgbe_flow_receive(Ixgbe *s, const uint8_t *frame); // true: a PAUSE frame that ends here
bool ixgbe_flow_paused(Ixgbe *s);
void ixgbe_flow_level(Ixgbe *s); // the packet buffer holds more or less than before

// tx.c, offload.c, wire.c
void ixgbe_tx_init(Ixgbe *s);
void ixgbe_tx_reset(Ixgbe *s);
void ixgbe_tx_finalize(Ixgbe *s);
void ixgbe_tx_run(Ixgbe *s, unsigned int q);
void ixgbe_tx_resume(Ixgbe *s);
bool ixgbe_tx_held(Ixgbe *s); // PAUSE keeps frames from being sent
// Sends the gathered frame of a queue. False: the wire is busy, nothing was sent, call again.
bool ixgbe_offload_send(Ixgbe *s, unsigned int q);
bool ixgbe_wire_ready(Ixgbe *s);
void ixgbe_wire_send(Ixgbe *s, unsigned int q, const uint8_t *frame, uint32_t size);
void ixgbe_wire_control(Ixgbe *s, const uint8_t *frame, uint32_t size); // of the MAC's own

// stats.c
void ixgbe_stats_rx(Ixgbe *s, const uint8_t *frame, uint32_t size);
void ixgbe_stats_rx_queue(Ixgbe *s, unsigned int q, uint32_t size);
void ixgbe_stats_rx_drop(Ixgbe *s, unsigned int q);
void ixgbe_stats_tx(Ixgbe *s, const uint8_t *frame, uint32_t size);
void ixgbe_stats_tx_queue(Ixgbe *s, unsigned int q, uint32_t size);
void ixgbe_count(Ixgbe *s, uint32_t offset);

// eeprom.c, sfp.c, link.c
bool ixgbe_eeprom_init(Ixgbe *s, Error **errp);
void ixgbe_eeprom_auto_read(Ixgbe *s);
uint32_t ixgbe_eerd(Ixgbe *s, uint32_t command);
uint32_t ixgbe_eec_write(Ixgbe *s, uint32_t value);
bool ixgbe_sfp_init(Ixgbe *s, Error **errp);
bool ixgbe_sfp_present(Ixgbe *s);
bool ixgbe_sfp_does(Ixgbe *s, bool gigabit); // that rate
uint32_t ixgbe_i2c_write(Ixgbe *s, uint32_t value);
void ixgbe_phy_init(Ixgbe *s);
void ixgbe_phy_finalize(Ixgbe *s);
uint32_t ixgbe_mdio(Ixgbe *s, uint32_t command);
bool ixgbe_link_init(Ixgbe *s, Error **errp);
void ixgbe_link_restart(Ixgbe *s);
void ixgbe_link_laser(Ixgbe *s); // ESDP changed
bool ixgbe_link_up(Ixgbe *s);
bool ixgbe_link_1g(Ixgbe *s);
void ixgbe_link_update(Ixgbe *s);
void ixgbe_link_set(NetClientState *nc);
uint32_t ixgbe_links(Ixgbe *s);

// faults.c
void ixgbe_fault_handed_over(Ixgbe *s, uint64_t address);
void ixgbe_fault_init(Ixgbe *s);
bool ixgbe_fault_parse(Ixgbe *s, const char *text, Error **errp);
bool ixgbe_fault_take(Ixgbe *s, Fault fault); // true: lie this once
void ixgbe_fault_properties(ObjectClass *class);

// generator.c
bool ixgbe_generator_init(Ixgbe *s, Error **errp);
void ixgbe_generator_finalize(Ixgbe *s);
void ixgbe_generator_kick(Ixgbe *s);
bool ixgbe_generator_check(const uint8_t *frame, uint32_t size); // true: it was a generated frame
void ixgbe_generator_properties(ObjectClass *class);

#endif
