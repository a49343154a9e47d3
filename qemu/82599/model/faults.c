// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lying card. fault=NAME[:COUNT[:ARGUMENT]] at the command line or by qom-set while it runs;
// COUNT frames are lied about (0 or none: until another fault is set), ARGUMENT is an address for
// the wrong- ones. "none" makes the card honest again.
//
// `rewrite` is done at once, when it is set: COUNT (1 to 64, without one 64) of the buffers that the
// card received into last are written to once more, although the driver has had them long ago.

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qapi/error.h"
#include "qemu/cutils.h"

static const char *const names[FAULT_COUNT] = {
    [FAULT_NONE] = "none",
    [FAULT_LENGTH_ZERO] = "length-0",            // DD with length 0
    [FAULT_LENGTH_16K] = "length-16k",           // DD with length 16,384
    [FAULT_LENGTH_WRONG] = "length-wrong",       // 64 bytes more than were written
    [FAULT_WRONG_ADDRESS] = "wrong-address",     // the frame is written to ARGUMENT instead
    [FAULT_WRONG_SOURCE] = "wrong-source",       // sends what is at ARGUMENT instead
    [FAULT_WRONG_HEAD] = "wrong-head",           // writes the transmit head to ARGUMENT instead
    [FAULT_DD_BEYOND] = "dd-beyond-tail",        // also completes a descriptor it does not own
    [FAULT_RX_SILENT] = "rx-silent",             // uses no receive descriptor any more
    [FAULT_TX_SILENT] = "tx-silent",             // sends nothing any more
    [FAULT_HEAD_WRONG] = "head-wrong",           // head write-back outside the ring
    [FAULT_RESET_STUCK] = "reset-stuck",         // CTRL.RST never clears
    [FAULT_ENABLE_STUCK] = "enable-stuck",       // RXDCTL and TXDCTL.ENABLE never read 1
    [FAULT_SEMAPHORE_STUCK] = "semaphore-stuck", // SWSM.SMBI always reads 1
    [FAULT_ALL_ONES] = "all-ones",               // removed: every read is all ones, no DMA
    [FAULT_LINK_FLAP] = "link-flap",             // down and up again every 100 ms
    [FAULT_POWER_STUCK] = "power-stuck",         // writes do not change PMCSR
    [FAULT_LINK_STUCK] = "link-stuck",           // down until the laser was off for 75 ms
    [FAULT_REWRITE] = "rewrite",                 // writes to buffers that it handed over
};

#define FLAP_NS   (50 * SCALE_MS)
#define REWRITTEN 60 // bytes of each buffer

static void flap(void *opaque)
{
    Ixgbe *s = opaque;

    s->flapped = s->fault == FAULT_LINK_FLAP && !s->flapped;
    ixgbe_link_update(s);
    if (s->fault == FAULT_LINK_FLAP) {
        timer_mod(s->flap_timer, ixgbe_now() + FLAP_NS);
    }
}

void ixgbe_fault_handed_over(Ixgbe *s, uint64_t address)
{
    s->handed_over[s->handed_count++ % HANDED_OVER] = address;
}

static void rewrite(Ixgbe *s)
{
    uint8_t other[REWRITTEN];
    uint32_t most = MIN(s->handed_count, HANDED_OVER);
    uint32_t count = s->fault_frames == 0 ? most : MIN(s->fault_frames, most);

    memset(other, 0xee, sizeof(other));
    for (uint32_t i = 1; i <= count; i++) {
        ixgbe_dma_write(s, s->handed_over[(s->handed_count - i) % HANDED_OVER], other,
                        sizeof(other));
        s->faults_done++;
    }
    s->fault = FAULT_NONE;
}

bool ixgbe_fault_parse(Ixgbe *s, const char *text, Error **errp)
{
    g_auto(GStrv) part = g_strsplit(text, ":", 3);
    uint64_t count = 0, argument = 0;
    int fault = 0;

    while (fault < FAULT_COUNT && g_strcmp0(part[0], names[fault]) != 0) {
        fault++;
    }
    if (fault == FAULT_COUNT) {
        error_setg(errp, "fault=%s: no such fault", text);
        return false;
    }
    if (part[1] != NULL && (qemu_strtou64(part[1], NULL, 0, &count) != 0 || count > UINT32_MAX)) {
        error_setg(errp, "fault=%s: bad count", text);
        return false;
    }
    if (part[1] != NULL && part[2] != NULL && qemu_strtou64(part[2], NULL, 0, &argument) != 0) {
        error_setg(errp, "fault=%s: bad argument", text);
        return false;
    }
    s->fault = fault;
    s->fault_frames = count;
    s->fault_argument = argument;
    if (fault == FAULT_REWRITE) {
        rewrite(s);
    }
    if (s->nic != NULL) { // already running
        flap(s);
        ixgbe_rx_drain(s);
        ixgbe_tx_resume(s);
    }
    return true;
}

bool ixgbe_fault_take(Ixgbe *s, Fault fault)
{
    if (s->fault != fault) {
        return false;
    }
    s->faults_done++;
    if (s->fault_frames != 0 && --s->fault_frames == 0) {
        s->fault = FAULT_NONE;
    }
    return true;
}

static char *get_fault(Object *object, Error **errp)
{
    return g_strdup(names[IXGBE(object)->fault]);
}

static void set_fault(Object *object, const char *value, Error **errp)
{
    ixgbe_fault_parse(IXGBE(object), value, errp);
}

void ixgbe_fault_init(Ixgbe *s)
{
    s->flap_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, flap, s);
    if (s->fault == FAULT_LINK_FLAP) {
        timer_mod(s->flap_timer, ixgbe_now() + FLAP_NS);
    }
}

void ixgbe_fault_properties(ObjectClass *class)
{
    object_class_property_add_str(class, "fault", get_fault, set_fault);
    object_class_property_set_description(class, "fault", "NAME[:COUNT[:ARGUMENT]], or none");
}
