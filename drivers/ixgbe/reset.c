// SPDX-License-Identifier: BSD-2-Clause
// Reset. Intel 82599 datasheet (331520) 4.2.1.6.1, 4.6.3.1, 4.6.3.2, 5.2.5.3.2.
#include "drivers/ixgbe/reset.h"
#include <errno.h>

enum {
    MASTER_DISABLE_US = 100000,
    PENDING_US = 100000,
    RESET_FIRST_LOOK_US = 1000, // CTRL.RST may not be looked at before (8.2.3.1.1)
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

int ixgbe_master_disable(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS);
    return ixgbe_wait(card, &(struct ixgbe_wait){
                                .offset = IXGBE_STATUS,
                                .mask = IXGBE_STATUS_GIO_ENABLED,
                                .limit_us = MASTER_DISABLE_US,
                                .what = "STATUS.PCIe_Master_Enable to clear",
                                .section = "5.2.5.3.2",
                            });
}

// The PCI Express capability's Device Status register has a bit for requests without an answer.
static bool transactions_pending(const struct ixgbe *card)
{
    enum { DEVICE_STATUS = 0xAA, PENDING = 1 << 5 }; // 9.3.10.6
    return env_config_read(card->env, DEVICE_STATUS, 2) & PENDING;
}

// For a card that would not become quiet: empties its buffers so that the reset finds nothing under
// way. The transmitter is turned inward meanwhile, so that nothing leaves. (5.2.5.3.2)
static void flush_data_path(struct ixgbe *card)
{
    const uint64_t start = env_time_us();
    while (transactions_pending(card) && env_time_us() - start < PENDING_US)
        ;
    if (transactions_pending(card))
        env_log(card->env, "PCI Express transactions are still pending: resetting all the same");

    ixgbe_clear(card, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN);
    ixgbe_set(card, IXGBE_HLREG0, IXGBE_HLREG0_LPBK);
    ixgbe_set(card, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR);
    ixgbe_flush(card);
    ixgbe_delay(BUFFERS_CLEAR_US);
    ixgbe_clear(card, IXGBE_HLREG0, IXGBE_HLREG0_LPBK);
    ixgbe_clear(card, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR);
}

static int reset_once(struct ixgbe *card)
{
    ixgbe_set(card, IXGBE_CTRL, IXGBE_CTRL_LRST | IXGBE_CTRL_RST);
    ixgbe_delay(RESET_FIRST_LOOK_US);
    return ixgbe_wait(card, &(struct ixgbe_wait){
                                .offset = IXGBE_CTRL,
                                .mask = IXGBE_CTRL_RST | IXGBE_CTRL_LRST,
                                .limit_us = RESET_US,
                                .what = "CTRL.RST and CTRL.LRST to clear",
                                .section = "4.2.1.6.1",
                            });
}

int ixgbe_reset(struct ixgbe *card)
{
    ixgbe_mask_interrupts(card);

    int error = ixgbe_master_disable(card);
    if (error == -ENODEV)
        return error;
    if (error) {
        flush_data_path(card);
        error = reset_once(card);
        if (error)
            return error;
        ixgbe_delay(BETWEEN_RESETS_US);
    }
    error = reset_once(card);
    if (error)
        return error;
    ixgbe_delay(RESET_SETTLE_US);
    ixgbe_mask_interrupts(card);

    error = ixgbe_wait(card, &(struct ixgbe_wait){
                                 .offset = card->mac->eec,
                                 .mask = IXGBE_EEC_AUTO_RD,
                                 .value = IXGBE_EEC_AUTO_RD,
                                 .limit_us = AUTO_READ_US,
                                 .what = "EEC.Auto_RD to be set",
                                 .section = "4.6.3",
                             });
    if (error)
        return error;
    return ixgbe_wait(card, &(struct ixgbe_wait){
                                .offset = IXGBE_RDRXCTL,
                                .mask = IXGBE_RDRXCTL_DMAIDONE,
                                .value = IXGBE_RDRXCTL_DMAIDONE,
                                .limit_us = DMA_INIT_US,
                                .what = "RDRXCTL.DMAIDONE to be set",
                                .section = "4.6.3",
                            });
}
