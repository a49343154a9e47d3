// SPDX-License-Identifier: BSD-2-Clause
// The semaphores. Intel 82599 datasheet (331520) 10.5.4; X540 datasheet (515496) for REGSMP;
// X550 datasheet (333369-009) 11.8.4.1.
//
// There are two gates in front of the register that says who holds what (SW_FW_SYNC): SWSM.SMBI
// keeps the two ports' drivers apart, SWSM.SWESMBI keeps drivers and firmware apart. On the X540
// and later the second gate is SW_FW_SYNC.REGSMP.
#include "drivers/ixgbe/semaphore.h"
#include <errno.h>

enum {
    GATE_US = 100000,      // how long a gate may stay shut before its holder is taken for dead
    RESOURCE_US = 1000000, // nobody holds a resource for longer (10.5.4: "~1 sec")
    ATTEMPT_US = 50,
};

static void leave_gates(struct ixgbe *card)
{
    if (card->mac->regsmp)
        ixgbe_clear(card, card->mac->sw_fw_sync, IXGBE_SYNC_REGSMP);
    // Written, not read and written back: a read would set SMBI.
    ixgbe_write(card, card->mac->swsm, 0);
    ixgbe_flush(card);
}

static bool pass_second_gate(struct ixgbe *card)
{
    if (card->mac->regsmp)
        return (ixgbe_read(card, card->mac->sw_fw_sync) & IXGBE_SYNC_REGSMP) == 0;
    ixgbe_set(card, card->mac->swsm, IXGBE_SWSM_SWESMBI);
    return ixgbe_read(card, card->mac->swsm) & IXGBE_SWSM_SWESMBI;
}

// Reading SMBI as 0 sets it: whoever read the 0 has passed the first gate.
static bool pass_gates(struct ixgbe *card)
{
    if (ixgbe_read(card, card->mac->swsm) & IXGBE_SWSM_SMBI)
        return false;
    if (pass_second_gate(card))
        return true;
    ixgbe_write(card, card->mac->swsm, 0);
    return false;
}

// A boot ROM or an operating system that was switched off may have left a gate shut for good.
// Nobody else drives this card now, so after the time that 10.5.4 grants it is opened by force.
static int gate_shut(struct ixgbe *card, uint64_t since)
{
    struct ixgbe_gate *gate = &card->gate;
    const uint64_t now = env_time_us();
    if (!gate->shut || gate->shut_since < since) // shut anew, or the first look of this caller
        *gate = (struct ixgbe_gate){.shut = true, .shut_since = now};
    if (now - gate->shut_since < GATE_US)
        return -EINPROGRESS;
    env_log(card->env,
            "semaphore was left taken: SWSM %08xh, SW_FW_SYNC %08xh (82599 datasheet, section "
            "10.5.4); %s",
            (unsigned)ixgbe_read(card, card->mac->swsm),
            (unsigned)ixgbe_read(card, card->mac->sw_fw_sync),
            gate->freed ? "giving up" : "freeing it");
    leave_gates(card);
    if (gate->freed)
        return -EBUSY;
    *gate = (struct ixgbe_gate){.shut = true, .shut_since = now, .freed = true};
    return -EINPROGRESS;
}

// Whoever has waited for long enough takes a resource whose bit a driver left behind: no reset
// clears those (X550, 11.8.4.1). What firmware holds stays firmware's.
int ixgbe_try_lock(struct ixgbe *card, uint32_t resource, uint64_t since)
{
    if (!pass_gates(card))
        return gate_shut(card, since);
    card->gate.shut = false;
    // With REGSMP, which is ours and stays set until the gates are left.
    const uint32_t sync = ixgbe_read(card, card->mac->sw_fw_sync);
    const bool late = env_time_us() - since >= RESOURCE_US;
    const bool held = sync & resource;
    const bool free = !(sync & IXGBE_SYNC_FIRMWARE(resource)) && (!held || late);
    if (free)
        ixgbe_write(card, card->mac->sw_fw_sync, sync | resource);
    leave_gates(card);
    if (free && !held)
        return 0;
    if (!late)
        return -EINPROGRESS;
    env_log(card->env,
            "waited %u us for SW_FW_SYNC bit %xh: register is %08xh (82599 datasheet, section "
            "10.5.4); %s",
            (unsigned)RESOURCE_US, (unsigned)resource, (unsigned)(sync & ~IXGBE_SYNC_REGSMP),
            free ? "a driver that is gone left it set, taking it" : "firmware has it, giving up");
    return free ? 0 : -EBUSY;
}

int ixgbe_lock(struct ixgbe *card, uint32_t resource)
{
    const uint64_t since = env_time_us();
    for (;;) {
        const int error = ixgbe_try_lock(card, resource, since);
        if (error != -EINPROGRESS)
            return error;
        ixgbe_delay(ATTEMPT_US);
    }
}

void ixgbe_unlock(struct ixgbe *card, uint32_t resource)
{
    // Freeing must not fail: without the gates the worst is a race with firmware.
    const uint64_t start = env_time_us();
    while (!pass_gates(card) && env_time_us() - start < ATTEMPT_US)
        ;
    ixgbe_clear(card, card->mac->sw_fw_sync, resource);
    leave_gates(card);
}
