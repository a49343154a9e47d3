// SPDX-License-Identifier: BSD-2-Clause
// Simulated 82599s under the measuring program.
#include "bench/rig.h"
#include "drivers/ixgbe/ixgbe.h"
#include "drivers/ixgbe/ring.h"

static unsigned numbers[RIG_PORTS_MAX];

static void sink(void *context, const uint8_t *frame, unsigned length)
{
    rig_sent(*(const unsigned *)context, frame, length);
}

static void open_card(unsigned i, struct env *env, struct port *port)
{
    numbers[i] = i;
    hosted_open(env, port, &ixgbe_driver);
    env->card.sink = sink;
    env->card.context = &numbers[i];
}

static void started(unsigned i, const struct port *port)
{
    (void)i;
    if (rig.path->narrow)
        ((struct ixgbe_rx *)rig_queue(port->rx[0]))->wide = false;
}

static bool arrive(unsigned i, const uint8_t *frame, unsigned length)
{
    return simcard_receive(&rig.envs[i].card, frame, length);
}

static unsigned send(unsigned i)
{
    const unsigned sent = simcard_transmit(&rig.envs[i].card);
    simcard_tick(&rig.envs[i].card); // looks at the tails
    return sent;
}

static uint64_t doorbells(unsigned i)
{
    return rig.envs[i].card.writes;
}

const struct card_kind cards_82599 = {&ixgbe_driver, open_card, started, arrive, send, doorbells};
