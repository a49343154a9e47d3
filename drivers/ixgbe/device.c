// SPDX-License-Identifier: BSD-2-Clause
// Waiting for the card, never for ever.
#include "drivers/ixgbe/device.h"
#include <errno.h>

// What a read returns when nobody answers (PCI Express Base Specification, 2.3.2).
#define NOBODY UINT32_MAX

int ixgbe_check(struct ixgbe *card, const struct ixgbe_wait *wait, uint64_t since)
{
    // The time is taken before the register: whoever was interrupted in between looks once more.
    const uint64_t waited = env_time_us() - since;
    const uint32_t value = ixgbe_read(card, wait->offset);
    if (value == NOBODY) {
        if (!card->told_gone)
            env_log(card->env, "waiting for %s: register %05xh reads all ones, the card is gone",
                    wait->what, (unsigned)wait->offset);
        card->told_gone = true;
        return -ENODEV;
    }
    if ((value & wait->mask) == wait->value)
        return 0;
    if (waited <= wait->limit_us)
        return -EINPROGRESS;
    env_log(card->env, "waited %u us for %s: register %05xh is %08xh (82599 datasheet, section %s)",
            (unsigned)wait->limit_us, wait->what, (unsigned)wait->offset, (unsigned)value,
            wait->section);
    return -ETIMEDOUT;
}

int ixgbe_wait(struct ixgbe *card, const struct ixgbe_wait *wait, uint64_t since)
{
    int error;
    do
        error = ixgbe_check(card, wait, since);
    while (error == -EINPROGRESS);
    return error;
}

int ixgbe_check_queues(struct ixgbe *card, struct ixgbe_wait wait, unsigned queues,
                       uint32_t (*offset)(unsigned queue), uint64_t since)
{
    int result = 0;
    for (unsigned i = 0; i < queues; i++) {
        wait.offset = offset(i);
        const int error = ixgbe_check(card, &wait, since);
        if (error == -EINPROGRESS || error == -ENODEV)
            return error;
        if (error)
            result = error;
    }
    return result;
}

void ixgbe_delay(uint32_t microseconds)
{
    const uint64_t start = env_time_us();
    while (env_time_us() - start < microseconds)
        ;
}

bool ixgbe_gone(const struct ixgbe *card)
{
    enum { PCI_VENDOR_ID = 0 };
    return ixgbe_read(card, IXGBE_STATUS) == NOBODY &&
           env_config_read(card->env, PCI_VENDOR_ID, 2) == 0xFFFF;
}
