// SPDX-License-Identifier: BSD-2-Clause
// Simulated virtio-net devices under the measuring program.
#include "bench/rig.h"
#include "bench/simcard_virtio.h"
#include "drivers/virtio/virtio_net.h"

static struct simvirtio devices[RIG_PORTS_MAX];

static void open_device(unsigned i, struct env *env, struct port *port)
{
    hosted_open(env, port, &virtio_net_driver);
    simvirtio_open(&devices[i], env->config, (uint8_t *)env->registers,
                   rig.ring_slots != 0 ? rig.ring_slots : SIMVIRTIO_SLOTS);
}

static void started(unsigned i, const struct port *port)
{
    simvirtio_started(&devices[i], rig_queue(port->rx[0]), rig_queue(port->tx[0]));
}

static bool arrive(unsigned i, const uint8_t *frame, unsigned length)
{
    return simvirtio_receive(&devices[i], frame, length);
}

static unsigned send(unsigned i)
{
    unsigned sent = 0, length;
    for (const uint8_t *frame; (frame = simvirtio_send(&devices[i], &length)) != NULL; sent++)
        rig_sent(i, frame, length);
    simvirtio_tick(&devices[i]);
    return sent;
}

static uint64_t doorbells(unsigned i)
{
    return devices[i].doorbells;
}

const struct card_kind cards_virtio = {&virtio_net_driver, open_device, started, arrive, send,
                                       doorbells};
