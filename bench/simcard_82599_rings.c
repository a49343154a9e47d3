// SPDX-License-Identifier: BSD-2-Clause
// DMA of the simulated card. Intel 82599 datasheet (331520) 7.1.5 and 7.1.6 (receive descriptors,
// legacy and advanced), 7.2.3.2 (transmit descriptors), 7.2.3.5 (write-back).
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"
#include <string.h>

enum {
    DESCRIPTOR = 16,
    FCS = 4,
    RX_DD = 1 << 0,
    RX_EOP = 1 << 1,
    SRRCTL_ADVANCED = 1, // DESCTYPE
    CMD_EOP = 1 << 0,    // transmit, bits 31:24
    CMD_RS = 1 << 3,
    CMD_DEXT = 1 << 5,
    DTYP_CONTEXT = 2,
};

static uint32_t *reg(struct simcard *card, uint32_t offset)
{
    return &card->registers[offset / 4];
}

static void *reach(struct simcard *card, uint64_t address, size_t bytes)
{
    if (card->reach == NULL)
        return (void *)(uintptr_t)address;
    void *memory = card->reach(card->context, address, bytes);
    if (memory == NULL)
        simcard_violate(card, "DMA to memory that the card was not given", 0, (uint32_t)address);
    return memory;
}

static uint64_t *descriptor_at(struct simcard *card, uint32_t low, uint32_t index)
{
    const uint64_t base = *reg(card, low) | (uint64_t)*reg(card, low + 4) << 32;
    return reach(card, base + (uint64_t)index * DESCRIPTOR, DESCRIPTOR);
}

// ---- Receive

static void write_back(uint64_t *descriptor, unsigned type, unsigned bytes, unsigned status)
{
    if (type == SRRCTL_ADVANCED) {
        descriptor[0] = 0; // no hash, type not recognised
        descriptor[1] = status | (uint64_t)bytes << 32;
    } else {
        // One store: whoever polls sees length and status together.
        __atomic_store_n(&descriptor[1], bytes | (uint64_t)status << 32, __ATOMIC_RELEASE);
    }
}

static bool lose(struct simcard *card, uint32_t counter)
{
    ++*reg(card, counter);
    card->missed++;
    return false;
}

// A frame arrives at queue q.
static bool receive_into(struct simcard *card, unsigned q, const uint8_t *bytes, unsigned length)
{
    const uint32_t srrctl = *reg(card, IXGBE_SRRCTL(q));
    if (!(*reg(card, IXGBE_RXDCTL(q)) & IXGBE_RXDCTL_ENABLE))
        return lose(card, IXGBE_MPC(0));
    const uint32_t slots = *reg(card, IXGBE_RDLEN(q)) / DESCRIPTOR;
    uint32_t *head = reg(card, IXGBE_RDH(q));
    const uint32_t tail = *reg(card, IXGBE_RDT(q));
    const uint32_t free = tail >= *head ? tail - *head : tail + slots - *head;
    const unsigned room = (srrctl & 0x1F) * 1024;
    if ((length + room - 1) / room > free)
        // All queues count in 0: RQSMR is 0. Without DROP_EN it is the packet buffer that runs
        // full.
        return lose(card, srrctl & IXGBE_SRRCTL_DROP_EN ? IXGBE_QPRDC(0) : IXGBE_MPC(0));

    for (unsigned done = 0; done < length;) {
        const unsigned piece = length - done < room ? length - done : room;
        uint64_t *descriptor = descriptor_at(card, IXGBE_RDBAL(q), *head);
        void *buffer = descriptor == NULL ? NULL : reach(card, descriptor[0], piece);
        if (buffer == NULL)
            return false;
        memcpy(buffer, bytes + done, piece);
        done += piece;
        write_back(descriptor, srrctl >> 25 & 7, piece, RX_DD | (done == length ? RX_EOP : 0));
        *head = *head + 1 == slots ? 0 : *head + 1;
    }
    card->received++;
    const uint32_t entry = *reg(card, IXGBE_IVAR(q / 2)) >> 16 * (q & 1) & 0xFF;
    if (entry & 0x80 && (entry & 0x3F) < 16)
        simcard_cause(card, IXGBE_BIT(entry & 0x3F));
    return true;
}

bool simcard_receive(struct simcard *card, const void *frame, unsigned length)
{
    if (!(*reg(card, IXGBE_RXCTRL) & IXGBE_RXCTRL_RXEN))
        return lose(card, IXGBE_MPC(0));
    if (length + FCS > *reg(card, IXGBE_MAXFRS) >> 16)
        return lose(card, IXGBE_ROC);
    return receive_into(card, simcard_rss_queue(card, frame, length), frame, length);
}

// ---- Transmit

static void report(struct simcard *card, unsigned q, uint64_t *descriptor, uint32_t head)
{
    const uint32_t low = *reg(card, IXGBE_TDWBAL(q));
    if (!(low & IXGBE_TDWBAL_ENABLE)) {
        descriptor[1] |= UINT64_C(1) << 32; // DD
        return;
    }
    const uint64_t address = (low & ~UINT32_C(3)) | (uint64_t)*reg(card, IXGBE_TDWBAH(q)) << 32;
    uint32_t *memory = reach(card, address, sizeof *memory);
    if (memory != NULL)
        __atomic_store_n(memory, head, __ATOMIC_RELEASE);
}

// A frame in one piece is shown where it lies; pieces are put together first.
static void send_piece(struct simcard *card, const uint8_t *bytes, unsigned piece, bool last,
                       unsigned *assembled)
{
    const uint8_t *frame = bytes;
    if (*assembled != 0 || !last) {
        if (piece > SIMCARD_FRAME_MAX - *assembled) {
            simcard_violate(card, "7.2.3.2.2: frame longer than 15.5 KB", 0, piece);
            piece = SIMCARD_FRAME_MAX - *assembled;
        }
        memcpy(card->assembled + *assembled, bytes, piece);
        frame = card->assembled;
    }
    *assembled += piece;
    if (!last)
        return;
    if (card->sink != NULL)
        card->sink(card->context, frame, *assembled);
    card->sent++;
    *assembled = 0;
}

static unsigned transmit_queue(struct simcard *card, unsigned q)
{
    uint32_t *head = reg(card, IXGBE_TDH(q));
    const uint32_t tail = *reg(card, IXGBE_TDT(q));
    const uint32_t slots = *reg(card, IXGBE_TDLEN(q)) / DESCRIPTOR;
    const uint64_t before = card->sent;
    unsigned assembled = 0;
    while (*head != tail) {
        uint64_t *descriptor = descriptor_at(card, IXGBE_TDBAL(q), *head);
        if (descriptor == NULL || tail >= slots)
            break;
        const uint64_t command = descriptor[1];
        const unsigned flags = command >> 24 & 0xFF, bytes = command & 0xFFFF;
        const bool advanced = flags & CMD_DEXT;
        const bool context = advanced && (command >> 20 & 0xF) == DTYP_CONTEXT;
        if (!context) {
            const uint8_t *data = reach(card, descriptor[0], bytes);
            if (data == NULL)
                break;
            if (bytes == 0)
                simcard_violate(card, "7.2.3.2.2: empty transmit descriptor", 0, *head);
            send_piece(card, data, bytes, flags & CMD_EOP, &assembled);
        }
        *head = *head + 1 == slots ? 0 : *head + 1;
        if (flags & CMD_RS)
            report(card, q, descriptor, *head);
    }
    return (unsigned)(card->sent - before);
}

unsigned simcard_transmit(struct simcard *card)
{
    unsigned sent = 0;
    if (!(*reg(card, IXGBE_DMATXCTL) & IXGBE_DMATXCTL_TE))
        return 0;
    for (unsigned q = 0; q < SIMCARD_QUEUES; q++) {
        if (*reg(card, IXGBE_TXDCTL(q)) & IXGBE_TXDCTL_ENABLE &&
            *reg(card, IXGBE_TDH(q)) != *reg(card, IXGBE_TDT(q)))
            sent += transmit_queue(card, q);
    }
    return sent;
}

// ---- Lies

void simcard_forge_rx(struct simcard *card, unsigned queue, uint32_t slot, uint16_t length,
                      uint8_t status)
{
    uint64_t *descriptor = descriptor_at(card, IXGBE_RDBAL(queue), slot);
    if (descriptor != NULL)
        descriptor[1] = length | (uint64_t)status << 32;
}

void simcard_forge_head(struct simcard *card, unsigned queue, uint32_t head)
{
    const uint64_t address = (*reg(card, IXGBE_TDWBAL(queue)) & ~UINT32_C(3)) |
                             (uint64_t)*reg(card, IXGBE_TDWBAH(queue)) << 32;
    uint32_t *memory = reach(card, address, sizeof *memory);
    if (memory != NULL)
        *memory = head;
}
