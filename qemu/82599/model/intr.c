// SPDX-License-Identifier: GPL-2.0-or-later
//
// Interrupts: causes, masks, auto-clear and auto-mask, throttling, and how they leave as MSI-X, MSI
// or INTx. 82599 datasheet 331520, sections 7.3 and 8.2.3.5.
//
// Queue causes are kept as one bit for each MSI-X vector (64); the low 16 of them are EICR's RTxQ
// bits. Without GPIE.Multiple_MSIX only those 16 exist. Every event marks its vectors as unsent;
// sending takes the mark away, so a cause that stays set does not repeat its message.

#include "qemu/osdep.h"

#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "ixgbe.h"

static bool multiple_vectors(Ixgbe *s)
{
    return (*reg_at(s, GPIE) & GPIE_MSIX) != 0;
}

// The vector that an IVAR byte names; false when its valid bit is clear.
static bool ivar_vector(uint32_t reg, unsigned int byte, unsigned int *vector)
{
    uint32_t entry = (reg >> (8 * byte)) & 0xff;

    *vector = entry & IVAR_ENTRY;
    return (entry & IVAR_VALID) != 0;
}

static uint64_t vectors_of_other(Ixgbe *s)
{
    unsigned int vector;
    uint64_t vectors = 0;

    if ((s->other_cause & s->other_mask & EICR_OTHER) &&
        ivar_vector(*reg_at(s, IVAR_MISC), 1, &vector)) {
        vectors |= 1ull << vector;
    }
    if ((s->other_cause & s->other_mask & EICR_TCP_TIMER) &&
        ivar_vector(*reg_at(s, IVAR_MISC), 0, &vector)) {
        vectors |= 1ull << vector;
    }
    return vectors;
}

static uint32_t interval_ns(Ixgbe *s, unsigned int vector)
{
    uint32_t at =
        vector < EITR_LOW_COUNT ? EITR + 4 * vector : EITR_HIGH + 4 * (vector - EITR_LOW_COUNT);

    return BITS(*reg_at(s, at), EITR_INTERVAL, 9) * 2000;
}

static void send_vector(Ixgbe *s, unsigned int vector)
{
    uint64_t bit = 1ull << vector;
    uint64_t autoclear = *reg_at(s, EIAC) & EICR_RTXQ;

    // With more than 16 vectors EIAC's 16 bits stand for the first ones; the others always
    // auto-clear (7.3.1.4).
    s->queue_cause &= ~(bit & (autoclear | ~(uint64_t)EICR_RTXQ));
    if (*reg_at(s, GPIE) & GPIE_EIAME) {
        s->queue_mask &= ~(bit & s->queue_automask);
    }
    msix_notify(&s->parent_obj, vector);
}

static void update_msix(Ixgbe *s)
{
    int64_t now = ixgbe_now(), wake = INT64_MAX;
    uint64_t other = vectors_of_other(s);
    uint64_t ready = s->unsent & (other | (s->queue_cause & s->queue_mask));

    while (ready != 0) {
        unsigned int vector = ctz64(ready);

        ready &= ready - 1;
        if (now < s->next_allowed[vector]) {
            wake = MIN(wake, s->next_allowed[vector]);
            continue;
        }
        s->next_allowed[vector] = now + interval_ns(s, vector);
        s->unsent &= ~(1ull << vector);
        send_vector(s, vector);
    }
    if (wake != INT64_MAX) {
        timer_mod(s->throttle, wake);
    }
}

// INTx follows the level of the causes; MSI sends one message for each rise of it. EITR[0]
// throttles both (7.3.2.1).
static void update_single(Ixgbe *s)
{
    int64_t now = ixgbe_now();
    bool active =
        (s->queue_cause & s->queue_mask & EICR_RTXQ) != 0 || (s->other_cause & s->other_mask) != 0;

    if (active && !s->line && now < s->next_allowed[0]) {
        timer_mod(s->throttle, s->next_allowed[0]);
        return;
    }
    if (active && !s->line) {
        s->next_allowed[0] = now + interval_ns(s, 0);
        if (msix_enabled(&s->parent_obj)) {
            msix_notify(&s->parent_obj, 0);
        } else if (msi_enabled(&s->parent_obj)) {
            msi_notify(&s->parent_obj, 0);
        }
    }
    s->line = active;
    if (!msix_enabled(&s->parent_obj) && !msi_enabled(&s->parent_obj)) {
        pci_set_irq(&s->parent_obj, active);
    }
}

static void update(Ixgbe *s)
{
    if (multiple_vectors(s) && msix_enabled(&s->parent_obj)) {
        update_msix(s);
    } else {
        update_single(s);
    }
}

static void throttle_over(void *opaque)
{
    update(opaque);
}

static void event(Ixgbe *s, uint64_t queue, uint32_t other)
{
    s->queue_cause |= queue;
    s->other_cause |= other;
    s->unsent |= queue;
    if (other != 0) {
        s->unsent |= vectors_of_other(s);
    }
    update(s);
}

void ixgbe_intr_other(Ixgbe *s, uint32_t causes)
{
    event(s, 0, causes);
}

// IVAR n holds four bytes: receive and transmit of queue 2n, then of queue 2n + 1 (7.3.4.2).
void ixgbe_intr_queue(Ixgbe *s, bool rx, unsigned int q)
{
    unsigned int vector;

    if (ivar_vector(*reg_at(s, IVAR + 4 * (q / 2)), 2 * (q & 1) + (rx ? 0 : 1), &vector)) {
        event(s, 1ull << vector, 0);
    }
}

static void set_masks(Ixgbe *s, uint64_t queue, uint32_t other)
{
    uint64_t fresh = queue & ~s->queue_mask;

    s->queue_mask |= queue;
    s->other_mask |= other;
    // A cause that came while it was masked is sent now.
    s->unsent |= s->queue_cause & fresh;
    if (other != 0) {
        s->unsent |= vectors_of_other(s);
    }
    update(s);
}

static void clear_masks(Ixgbe *s, uint64_t queue, uint32_t other)
{
    s->queue_mask &= ~queue;
    s->other_mask &= ~other;
    update(s);
}

static void clear_causes(Ixgbe *s, uint32_t queue, uint32_t other)
{
    s->queue_cause &= ~(uint64_t)queue;
    s->other_cause &= ~other;
    if (!multiple_vectors(s)) { // 7.3.1.5: outside MSI-X, EIAM acts when EICR is read or written
        s->queue_mask &= ~(s->queue_automask & EICR_RTXQ);
        s->other_mask &= ~s->other_automask;
    }
    update(s);
}

static uint32_t pending(Ixgbe *s)
{
    return (uint32_t)(s->queue_cause & EICR_RTXQ) | s->other_cause;
}

// 7.3.1.1: reading clears, except that with GPIE.OCD only the other causes are cleared.
static uint32_t eicr_read(Ixgbe *s)
{
    uint32_t value = pending(s);

    clear_causes(s, (*reg_at(s, GPIE) & GPIE_OCD) ? 0 : EICR_RTXQ, ~EICR_RTXQ);
    return value;
}

static uint32_t half(uint64_t bits, uint32_t offset, uint32_t base)
{
    return bits >> (8 * (offset - base));
}

bool ixgbe_intr_read(Ixgbe *s, uint32_t offset, uint32_t *value)
{
    switch (offset) {
    case EICR:
        *value = eicr_read(s);
        return true;
    case EICS:
        *value = pending(s);
        return true;
    case EIMS:
        *value = (uint32_t)(s->queue_mask & EICR_RTXQ) | s->other_mask;
        return true;
    case EIAM:
        *value = (uint32_t)(s->queue_automask & EICR_RTXQ) | s->other_automask;
        return true;
    case EIMS_EX:
    case EIMS_EX + 4:
        *value = half(s->queue_mask, offset, EIMS_EX);
        return true;
    case EIAM_EX:
    case EIAM_EX + 4:
        *value = half(s->queue_automask, offset, EIAM_EX);
        return true;
    }
    return false;
}

bool ixgbe_intr_write(Ixgbe *s, uint32_t offset, uint32_t value)
{
    uint32_t queue = value & EICR_RTXQ, other = value & 0x7fff0000;
    uint64_t high;

    switch (offset) {
    case EICR:
        clear_causes(s, queue, other);
        return true;
    case EICS:
        event(s, queue, other);
        return true;
    case EIMS:
        set_masks(s, queue, other);
        return true;
    case EIMC:
        clear_masks(s, queue, other);
        return true;
    case EIAM:
        s->queue_automask = (s->queue_automask & ~(uint64_t)EICR_RTXQ) | queue;
        s->other_automask = other;
        return true;
    case EICS_EX:
    case EICS_EX + 4:
        event(s, (uint64_t)value << (8 * (offset - EICS_EX)), 0);
        return true;
    case EIMS_EX:
    case EIMS_EX + 4:
        set_masks(s, (uint64_t)value << (8 * (offset - EIMS_EX)), 0);
        return true;
    case EIMC_EX:
    case EIMC_EX + 4:
        clear_masks(s, (uint64_t)value << (8 * (offset - EIMC_EX)), 0);
        return true;
    case EIAM_EX:
    case EIAM_EX + 4:
        high = 0xffffffffull << (8 * (offset - EIAM_EX));
        s->queue_automask =
            (s->queue_automask & ~high) | (((uint64_t)value << (8 * (offset - EIAM_EX))) & high);
        return true;
    }
    return false;
}

void ixgbe_intr_init(Ixgbe *s)
{
    s->throttle = timer_new_ns(QEMU_CLOCK_VIRTUAL, throttle_over, s);
}

void ixgbe_intr_reset(Ixgbe *s)
{
    timer_del(s->throttle);
    s->queue_cause = s->queue_mask = s->queue_automask = 0;
    s->other_cause = s->other_mask = s->other_automask = 0;
    s->unsent = 0;
    memset(s->next_allowed, 0, sizeof(s->next_allowed));
    s->line = false;
    if (s->parent_obj.config != NULL && !msix_enabled(&s->parent_obj) &&
        !msi_enabled(&s->parent_obj)) {
        pci_set_irq(&s->parent_obj, 0);
    }
}
