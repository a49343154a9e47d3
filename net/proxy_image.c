// SPDX-License-Identifier: BSD-2-Clause
// What a driver's data path finds in its domain: its queues as start() left them, with pointers
// that hold there; rings and queue registers, the very ones; and, in place of packet memory, a
// range of addresses behind which lies one page that nobody reads. So the same object code that
// writes a header in front of a frame in ring 0 runs here, and reaches no packet. Ring 0 writes
// that header.
#include "net/proxy_image.h"

#include <errno.h>
#include <string.h>

#include "kernel/log.h"
#include "net/proxy.h"

bool proxy_image_plan(struct proxy *proxy)
{
    const struct packet_area *area = proxy->judge->area;
    struct image {
        struct port port;
        struct packet_area area;
    } *image;
    uint64_t address;
    image = domain_memory(proxy->domain, sizeof *image, VM_USER_WRITE, &address);
    const uint64_t nowhere = domain_mirror(proxy->domain, (uint64_t)area->count * area->stride);
    if (image == NULL || nowhere == 0)
        return false;
    proxy->image = &image->port;
    proxy->image_address = address;
    proxy->area_address = address + offsetof(struct image, area);
    proxy->nowhere = nowhere;
    return true;
}

// Finds or makes a place in the domain for one part. False: no memory.
static bool place(struct domain *domain, struct proxy_part *place, const struct queue_part *part)
{
    if (place->address != 0 && place->part.memory == part->memory)
        return true;
    place->part = *part;
    switch (part->kind) {
    case QUEUE_PRIVATE:
        place->copy = domain_memory(domain, part->bytes, VM_USER_WRITE, &place->address);
        return place->copy != NULL;
    case QUEUE_DMA:
        place->address = domain_share(domain, part->memory, part->bytes, VM_USER_WRITE);
        break;
    case QUEUE_REGISTER:
        place->address = domain_share(domain, part->memory, part->bytes, VM_USER_DEVICE);
        break;
    case QUEUE_AREA:
        break;
    }
    return part->kind == QUEUE_AREA || place->address != 0;
}

static int copy_queue(struct proxy *proxy, struct proxy_queue *pq)
{
    struct queue_part parts[QUEUE_PARTS_MAX];
    const unsigned count = proxy->verbs->parts(pq->real, pq->transmit, parts);
    if (count == 0)
        return -ENOTSUP;
    for (unsigned i = 0; i < count; i++) {
        if (!place(proxy->domain, &pq->part[i], &parts[i]))
            return -ENOMEM;
        if (parts[i].kind == QUEUE_PRIVATE)
            memcpy(pq->part[i].copy, (const void *)parts[i].memory, parts[i].bytes);
    }
    uint8_t *copy = pq->part[0].copy;
    for (unsigned i = 1; i < count; i++) {
        const bool is_area = parts[i].kind == QUEUE_AREA;
        const uint64_t address = is_area ? proxy->area_address : pq->part[i].address;
        memcpy(copy + parts[i].pointer, &address, sizeof address);
    }
    pq->image = (struct queue *)copy;
    pq->image_address = pq->part[0].address;
    pq->image->port = (struct port *)proxy->image_address;
    pq->call->queue = (struct queue *)pq->image_address;
    return 0;
}

int proxy_image_make(struct proxy *proxy)
{
    const struct port *port = proxy->port;
    int error = 0;
    domain_restore(proxy->domain);
    for (unsigned i = 0; i < port->rx_queues && error == 0; i++)
        error = copy_queue(proxy, &proxy->rx[i]);
    for (unsigned i = 0; i < port->tx_queues && error == 0; i++)
        error = copy_queue(proxy, &proxy->tx[i]);
    if (error == -ENOMEM)
        log_line("%s: isolation domain: no memory", port->name);
    if (error != 0)
        return error;

    struct packet_area *area = (struct packet_area *)(proxy->image + 1);
    *area = *proxy->judge->area;
    area->base = (uint8_t *)proxy->nowhere;
    *proxy->image = (struct port){
        .area = (const struct packet_area *)proxy->area_address,
        .max_frame = port->max_frame,
        .state = PORT_RUNNING,
    };
    return 0;
}
