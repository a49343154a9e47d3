// SPDX-License-Identifier: BSD-2-Clause
// A card comes to rest, step by step. Intel 82599 datasheet (331520) 4.6.7.1.2, 4.6.8.1.2,
// 5.2.5.3.2.
//
// What runs out is noted and the next step comes: what is not quiet in the end loses bus mastering.
// A card that does not answer is left at once.
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/receive.h"
#include "drivers/ixgbe/reset.h"
#include "drivers/ixgbe/start.h"
#include "drivers/ixgbe/steps.h"
#include "drivers/ixgbe/transmit.h"
#include <errno.h>

enum {
    // With the limits of receive.c and transmit.c less than PORT_STOP_US.
    MASTER_DISABLE_US = 2000,
};

// What a wait came to: only -EINPROGRESS and -ENODEV are the caller's affair.
static int noted(struct ixgbe *card, int error)
{
    if (error == 0 || error == -EINPROGRESS)
        return error;
    if (card->stop_error == 0 || error == -ENODEV)
        card->stop_error = error;
    return error == -ENODEV ? error : 0;
}

// ---- The steps while the card still reaches memory.

static int stop_receiving(struct ixgbe *card)
{
    ixgbe_mask_interrupts(card);
    ixgbe_receive_disable(card);
    return 0;
}

static int wait_for_receive(struct ixgbe *card)
{
    return noted(card, ixgbe_receive_disabled(card, card->stop.since));
}

static int stop_sending(struct ixgbe *card)
{
    if (!ixgbe_transmit_drained(card, card->stop.since))
        return -EINPROGRESS;
    ixgbe_transmit_disable(card);
    return 0;
}

static int wait_for_transmit(struct ixgbe *card)
{
    return noted(card, ixgbe_transmit_disabled(card, card->stop.since));
}

static int let_forget(struct ixgbe *card)
{
    const uint64_t passed = env_time_us() - card->stop.since;
    if (passed < IXGBE_FORGET_US) {
        card->port->poll_soon_us = (uint32_t)(IXGBE_FORGET_US - passed);
        return -EINPROGRESS;
    }
    ixgbe_receive_close(card);
    ixgbe_transmit_close(card);
    if (card->stop_error == 0)
        ixgbe_master_disable(card);
    return 0;
}

static int wait_for_master(struct ixgbe *card)
{
    if (card->stop_error != 0)
        return 0;
    return noted(card, ixgbe_master_disabled(card, card->stop.since, MASTER_DISABLE_US));
}

static int say_good_bye(struct ixgbe *card)
{
    if (card->stop_error == 0)
        ixgbe_clear(card, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD);
    ixgbe_link_stop(card);
    return 0;
}

static ixgbe_step *const quieten[] = {
    stop_receiving, wait_for_receive, stop_sending, wait_for_transmit,
    let_forget,     wait_for_master,  say_good_bye,
};

// ---- And when it does not any more.

static int settle_transmit(struct ixgbe *card)
{
    ixgbe_transmit_settle(card);
    return 0;
}

static ixgbe_step *const settle[] = {ixgbe_receive_settle, settle_transmit};

void ixgbe_stop_begin(struct ixgbe *card)
{
    card->start = card->stop = (struct ixgbe_steps){0};
    card->stop_error = 0;
    card->stops_running = card->port->state == PORT_RUNNING || card->port->state == PORT_FAULTED;
    // During a reset it is no bus master; start() goes on with that.
    card->settles = card->reset.step != 0;
}

int ixgbe_stop_step(struct ixgbe *card)
{
    if (card->settles)
        return ixgbe_step_on(card, &card->stop, settle, sizeof settle / sizeof settle[0]);
    const int error = ixgbe_step_on(card, &card->stop, quieten, sizeof quieten / sizeof quieten[0]);
    if (error == -EINPROGRESS)
        return error;
    env_bus_master(card->env, false);
    card->settles = true;
    card->port->poll_soon_us = PORT_PAUSE_US;
    return -EINPROGRESS;
}
