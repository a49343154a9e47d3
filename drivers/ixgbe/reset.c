// SPDX-License-Identifier: BSD-2-Clause
// Reset. Intel 82599 datasheet (331520) 4.2.1.6.1, 4.6.3.1, 4.6.3.2, 5.2.5.3.2.
#include "drivers/ixgbe/reset.h"
#include <errno.h>

enum {
    MASTER_DISABLE_US = 100000,
    PENDING_US = 100000,
    RESET_FIRST_LOOK_US = 1100, // CTRL.RST may not be looked at for 1 ms (8.2.3.1.1); clocks err
    RESET_US = 50000,
    RESET_SETTLE_US = 10000, // 4.6.3.2
    BUFFERS_CLEAR_US = 20,
    BETWEEN_RESETS_US = 1000, // "more than 1 us"
    AUTO_READ_US = 500000,
    DMA_INIT_US = 500000,
};

void ixgbe_mask_interrupts(struct ixgbe *card)
{
    ixgbe_write(card, IXGBE_EIMC, IXGBE_EIMC_ALL);
    ixgbe_write(card, IXGBE_EIMC_EX(0), UINT32_MAX);
    ixgbe_write(card, IXGBE_EIMC_EX(1), UINT32_MAX);
}

static struct ixgbe_wait master_quiet(uint32_t limit_us)
{
    return (struct ixgbe_wait){
        .offset = IXGBE_STATUS,
        .mask = IXGBE_STATUS_GIO_ENABLED,
        .limit_us = limit_us,
        .what = "STATUS.PCIe_Master_Enable to clear",
        .section = "5.2.5.3.2",
    };
}

void ixgbe_master_disable(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS);
}

int ixgbe_master_disabled(struct ixgbe *card, uint64_t since, uint32_t limit_us)
{
    const struct ixgbe_wait quiet = master_quiet(limit_us);
    return ixgbe_check(card, &quiet, since);
}

// The PCI Express capability's Device Status register has a bit for requests without an answer.
static bool transactions_pending(const struct ixgbe *card)
{
    enum { DEVICE_STATUS = 0xAA, PENDING = 1 << 5 }; // 9.3.10.6
    return env_config_read(card->env, DEVICE_STATUS, 2) & PENDING;
}

// For a card that would not become quiet: empties its buffers so that the reset finds nothing under
// way. The transmitter is turned inward meanwhile, so that nothing leaves. (5.2.5.3.2)
static void begin_flush(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    ixgbe_set(card, IXGBE_HLREG0, IXGBE_HLREG0_LPBK);
    ixgbe_set(card, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR);
    ixgbe_flush(card);
}

static void end_flush(struct ixgbe *card)
{
    ixgbe_clear(card, IXGBE_HLREG0, IXGBE_HLREG0_LPBK);
    ixgbe_clear(card, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR);
}

// ---- The steps. Each returns 0 when the next one may begin.

static int passed(const struct ixgbe *card, uint32_t microseconds)
{
    return env_time_us() - card->reset.since < microseconds ? -EINPROGRESS : 0;
}

static int disable_master(struct ixgbe *card)
{
    ixgbe_mask_interrupts(card);
    ixgbe_master_disable(card);
    return 0;
}

enum { AFTER_FLUSH = 6 }; // the step before the reset that a quiet card gets

static int wait_for_master(struct ixgbe *card)
{
    const int error = ixgbe_master_disabled(card, card->reset.since, MASTER_DISABLE_US);
    if (error == 0)
        card->reset.step = AFTER_FLUSH; // one reset will do
    return error == -ETIMEDOUT ? 0 : error;
}

static int wait_for_transactions(struct ixgbe *card)
{
    const bool pending = transactions_pending(card);
    if (pending && passed(card, PENDING_US) != 0)
        return -EINPROGRESS;
    if (pending)
        env_log(card->env, "PCI Express transactions are still pending: resetting all the same");
    begin_flush(card);
    return 0;
}

static int wait_for_flush(struct ixgbe *card)
{
    if (passed(card, BUFFERS_CLEAR_US) != 0)
        return -EINPROGRESS;
    end_flush(card);
    return 0;
}

static int reset(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_CTRL, IXGBE_CTRL_LRST | IXGBE_CTRL_RST);
    return 0;
}

static int wait_for_reset(struct ixgbe *card)
{
    static const struct ixgbe_wait over = {
        .offset = IXGBE_CTRL,
        .mask = IXGBE_CTRL_RST | IXGBE_CTRL_LRST,
        .limit_us = RESET_FIRST_LOOK_US + RESET_US,
        .what = "CTRL.RST and CTRL.LRST to clear",
        .section = "4.2.1.6.1",
    };
    if (passed(card, RESET_FIRST_LOOK_US) != 0)
        return -EINPROGRESS;
    return ixgbe_check(card, &over, card->reset.since);
}

static int wait_between(struct ixgbe *card)
{
    return passed(card, BETWEEN_RESETS_US);
}

static int settle(struct ixgbe *card)
{
    if (passed(card, RESET_SETTLE_US) != 0)
        return -EINPROGRESS;
    ixgbe_mask_interrupts(card);
    return 0;
}

static int wait_for_eeprom(struct ixgbe *card)
{
    const struct ixgbe_wait loaded = {
        .offset = card->mac->eec,
        .mask = IXGBE_EEC_AUTO_RD,
        .value = IXGBE_EEC_AUTO_RD,
        .limit_us = AUTO_READ_US,
        .what = "EEC.Auto_RD to be set",
        .section = "4.6.3",
    };
    return ixgbe_check(card, &loaded, card->reset.since);
}

static int wait_for_dma(struct ixgbe *card)
{
    static const struct ixgbe_wait ready = {
        .offset = IXGBE_RDRXCTL,
        .mask = IXGBE_RDRXCTL_DMAIDONE,
        .value = IXGBE_RDRXCTL_DMAIDONE,
        .limit_us = DMA_INIT_US,
        .what = "RDRXCTL.DMAIDONE to be set",
        .section = "4.6.3",
    };
    return ixgbe_check(card, &ready, card->reset.since);
}

static int (*const steps[])(struct ixgbe *card) = {
    disable_master,
    wait_for_master,
    wait_for_transactions,
    wait_for_flush,
    reset,
    wait_for_reset, // of a card that is not quiet, to make it so
    [AFTER_FLUSH] = wait_between,
    reset,
    wait_for_reset,
    settle,
    wait_for_eeprom,
    wait_for_dma,
};
enum { STEPS = sizeof steps / sizeof steps[0] };

int ixgbe_reset_step(struct ixgbe *card)
{
    struct ixgbe_reset *at = &card->reset;
    for (;;) {
        const int error = steps[at->step](card);
        if (error == -EINPROGRESS)
            return error;
        at->since = env_time_us();
        if (error || ++at->step == STEPS) {
            at->step = 0;
            return error;
        }
    }
}
