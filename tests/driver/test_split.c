// SPDX-License-Identifier: BSD-2-Clause
// A split ring by itself: where its parts lie, and its bookkeeping under every order of use.
// links: drivers/virtio/split.c drivers/virtio/burst_receive.c
// links: drivers/virtio/burst_relay.c drivers/virtio/burst_steer.c drivers/virtio/burst_transmit.c
// links: drivers/virtio/order.c
// links: tests/driver/env_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants those first
#include "drivers/virtio/split.h"
#include "tests/driver/env_host.h"
#include <cmocka.h>
#include <string.h>

static struct env env;
static struct port port;
static struct packet_area area;
static struct queue *queue; // the ring under test,
static struct split *split; // and what it is made of
static unsigned doorbells;

static uint64_t no_read(void *card, unsigned bar, uint64_t offset, unsigned width)
{
    (void)card, (void)bar, (void)offset, (void)width;
    return 0;
}

static void count_doorbell(void *card, unsigned bar, uint64_t offset, unsigned width,
                           uint64_t value)
{
    (void)card, (void)bar, (void)offset;
    assert_int_equal(width, 2);
    assert_int_equal(value, 7);
    doorbells++;
}

static const struct host_card card = {.bar_read = no_read, .bar_write = count_doorbell};

static void open_ring_among(uint32_t slots, uint32_t buffers)
{
    host_open(&env, &card, NULL);
    env.bar_size[0] = 4096;
    area = (struct packet_area){.stride = 2112, .count = buffers, .capacity = 1984};
    area.base = aligned_alloc(64, (size_t)area.stride * buffers);
    area.dma = host_share(&env, area.base, (size_t)area.stride * buffers);
    port = (struct port){.env = &env, .area = &area, .max_frame = 1522, .state = PORT_RUNNING};
    const struct ring_plan plan = {.slots = slots, .entries = slots, .number = 7};
    queue = split_format.allocate(&port, &plan);
    assert_non_null(queue);
    split = (struct split *)queue;
    for (uint32_t i = 0; i < slots; i++)
        queue->buffer_of[i] = i;
    split_format.reset(queue);
    uint64_t size;
    split->doorbell = env_map_bar(&env, 0, &size);
    doorbells = 0;
}

static void open_ring(uint32_t slots)
{
    open_ring_among(slots, slots);
}

static void close_ring(void)
{
    free(area.base);
    host_close(&env);
}

// The device's side: one element at its index.
static void use(uint32_t id, uint32_t length)
{
    struct split_used *used = (struct split_used *)(uintptr_t)split->used;
    used->ring[used->index % queue->slots] = (struct split_used_element){id, length};
    used->index++;
}

static void parts_lie_where_the_device_looks(void **state)
{
    (void)state;
    for (uint32_t slots = 1; slots <= RING_SLOTS_MAX; slots *= 2) {
        open_ring(slots);
        env.bus_master = true;
        struct virtio_ring_addresses at = split_format.addresses(queue);
        assert_ptr_equal(host_dma(&env, at.descriptors, 16 * slots), split->descriptors);
        assert_ptr_equal(host_dma(&env, at.driver, 4 + 2 * slots), split->available);
        assert_ptr_equal(host_dma(&env, at.device, 4 + 8 * slots), split->used);
        // 2.7: alignment; and no line that both sides write.
        assert_int_equal(at.descriptors % 16, 0);
        assert_int_equal(at.driver % 2, 0);
        assert_int_equal(at.device % 4, 0);
        assert_true(at.driver >= at.descriptors + 16 * slots);
        assert_true(at.device / 64 > (at.driver + 4 + 2 * slots - 1) / 64);
        // Elements are loaded in one piece.
        assert_int_equal((uintptr_t)split->used->ring % 8, 0);
        close_ring();
    }
}

static void filled_ring_offers_every_buffer(void **state)
{
    (void)state;
    open_ring(64);
    queue->buffer_of[3] = 40;
    queue->buffer_of[40] = 3;
    split_format.fill(queue);
    bool offered[64] = {false};
    assert_int_equal(split->available->index, 64);
    assert_int_equal(split->available->flags, 1);
    for (unsigned i = 0; i < 64; i++) {
        uint16_t id = split->available->ring[i];
        assert_true(id < 64 && !offered[id]);
        offered[id] = true;
        const struct split_descriptor *descriptor = &split->descriptors[id];
        assert_int_equal(descriptor->address,
                         area.dma + (uint64_t)queue->buffer_of[id] * 2112 + 64 - 12);
        assert_int_equal(descriptor->length, 12 + 1984);
        assert_int_equal(descriptor->flags, 2);
    }
    assert_int_equal(doorbells, 0);
    close_ring();
}

// The permutation stays one, and says what the device holds, whichever order it uses them in.
static void any_order_keeps_the_books(void **state)
{
    (void)state;
    enum { SLOTS = 16 };
    open_ring(SLOTS);
    split_format.fill(queue);
    uint32_t random = 1;
    bool held[SLOTS];
    uint16_t told = SLOTS;
    memset(held, true, sizeof held);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned count = 0;
        struct frame frames[SLOTS];
        for (unsigned tries = (random >> 20) % SLOTS; tries > 0; tries--) {
            random = random * 1664525u + 1013904223u;
            uint32_t id = random >> 24 & (SLOTS - 1);
            if (!held[id])
                continue;
            held[id] = false;
            use(id, 12 + 60 + id);
            count++;
        }
        random = random * 1664525u + 1013904223u;
        // A burst ends at the ring's end.
        unsigned got = split_receive(queue, frames, SLOTS);
        if (got < count)
            got += split_receive(queue, frames + got, SLOTS - got);
        assert_int_equal(got, count);
        for (uint32_t i = 0, seen = 0; i < SLOTS;
             i++) { // held ones are exactly those in the window
            uint32_t place = (split->place[i] - split->used_seen) % SLOTS;
            assert_int_equal(split->order[split->place[i]], i);
            assert_int_equal(place < split->offered - split->used_seen, held[i]);
            assert_false(seen >> split->place[i] & 1);
            seen |= 1u << split->place[i];
        }
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(queue->buffer_of[frames[i].length - 60], frames[i].buffer);
        split_refill(queue, frames, count);
        for (; told != split->available->index; told++)
            held[split->available->ring[told % SLOTS]] = true;
        unsigned withheld = 0;
        for (unsigned i = 0; i < SLOTS; i++)
            withheld += !held[i];
        assert_int_equal(withheld, split->made_available - split->offered);
        assert_true(withheld < SLOTS / 8);
    }
    assert_int_equal(port.state, PORT_RUNNING);
    close_ring();
}

// In order up to the third element, and again from the fifth on; lengths that cannot be on both
// sides.
static void order_may_be_lost_within_a_burst(void **state)
{
    (void)state;
    static const uint32_t ids[] = {0, 1, 3, 2, 4, 5};
    static const uint32_t lengths[] = {12 + 60, 12 + 14, 12 + 1984, 12 + 13, 12 + 1985, 12 + 61};
    static const uint16_t frame_lengths[] = {60, 14, 1984, 0, 0, 61};
    open_ring(8);
    split_format.fill(queue);
    for (unsigned i = 0; i < 6; i++)
        use(ids[i], lengths[i]);
    struct frame frames[8];
    assert_int_equal(split_receive(queue, frames, 8), 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(frames[i].buffer, ids[i]);
        assert_int_equal(frames[i].offset, 64);
        assert_int_equal(frames[i].length, frame_lengths[i]);
    }
    split_refill(queue, frames, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(split->available->ring[i], ids[i]);
    assert_int_equal(split->available->index, 8 + 6);
    assert_int_equal(port.state, PORT_RUNNING);
    close_ring();
}

static void a_burst_ends_at_the_end_of_the_ring(void **state)
{
    (void)state;
    open_ring(8);
    split_format.fill(queue);
    struct frame frames[8];
    for (uint32_t id = 0; id < 6; id++)
        use(id, 12 + 60);
    assert_int_equal(split_receive(queue, frames, 4), 4); // no more than asked for
    split_refill(queue, frames, 4);
    assert_int_equal(split_receive(queue, frames, 8), 2);
    split_refill(queue, frames, 2);
    for (uint32_t id = 6; id < 6 + 5; id++)
        use(id % 8, 12 + 60);
    assert_int_equal(split_receive(queue, frames, 8), 2);
    split_refill(queue, frames, 2);
    assert_int_equal(split_receive(queue, frames, 8), 3);
    assert_int_equal(frames[0].buffer, 0);
    split_refill(queue, frames, 3);
    assert_int_equal(split_receive(queue, frames, 8), 0);
    assert_int_equal(port.state, PORT_RUNNING);
    close_ring();
}

// Frames are sent across the ring's end, and the device gives them back across it.
static void transmission_crosses_the_end_of_the_ring(void **state)
{
    (void)state;
    open_ring_among(8, 256);
    env.bus_master = true;
    struct frame frames[8];
    uint32_t spare = 100; // buffers that the ring does not have yet
    for (unsigned round = 0; round < 20; round++) {
        unsigned count = 5;
        for (unsigned i = 0; i < count; i++) {
            uint16_t offset = i % 2 == 0 ? 64 : 200;
            frames[i] = (struct frame){spare + i, offset, (uint16_t)(60 + i)};
            memset(area.base + (size_t)(spare + i) * area.stride, 0xff, area.stride);
        }
        uint16_t first = split->available->index;
        assert_int_equal(split_transmit(queue, frames, count), count);
        for (unsigned i = 0; i < count; i++) {
            uint16_t at = (uint16_t)(first + i) % 8, id = split->available->ring[at];
            const struct split_descriptor *descriptor = &split->descriptors[id];
            const uint8_t *sent = host_dma(&env, descriptor->address, 1);
            uint32_t offset = i % 2 == 0 ? 64 : 200;
            assert_ptr_equal(sent, area.base + (size_t)(spare + i) * area.stride + offset - 12);
            for (unsigned byte = 0; byte < 12; byte++)
                assert_int_equal(sent[byte], 0);
            assert_int_equal(sent[-1], 0xff);
            assert_int_equal(sent[12], 0xff);
            assert_int_equal(descriptor->length, 12 + 60 + i);
            assert_int_equal(descriptor->flags, 0);
            assert_int_equal(queue->buffer_of[id], spare + i);
            assert_true(frames[i].buffer < 8 || frames[i].buffer >= 100);
        }
        for (unsigned i = 0; i < count; i++)
            use(split->available->ring[(uint16_t)(first + i) % 8], 0);
        spare += count;
    }
    assert_true(split->in_order);
    assert_int_equal(port.state, PORT_RUNNING);
    close_ring();
}

static void a_doorbell_only_when_wanted(void **state)
{
    (void)state;
    open_ring(4);
    split_format.fill(queue);
    split_format.notify(queue);
    assert_int_equal(doorbells, 1);
    struct split_used *used = (struct split_used *)(uintptr_t)split->used;
    used->flags = 1;
    split_format.notify(queue);
    assert_int_equal(doorbells, 1);
    used->flags = 0xfffe; // other bits are reserved
    split_format.notify(queue);
    assert_int_equal(doorbells, 2);
    close_ring();
}

static void a_dead_port_is_not_told(void **state)
{
    (void)state;
    open_ring(4);
    split_format.fill(queue);
    struct frame frames[4];
    use(0, 12 + 60);
    use(9, 12 + 60);
    assert_int_equal(split_receive(queue, frames, 4), 1);
    assert_int_equal(port.state, PORT_FAULTED);
    uint16_t index = split->available->index;
    frames[0].buffer = 2; // an exchange has taken place
    split_refill(queue, frames, 1);
    assert_int_equal(split->available->index, index);
    assert_int_equal(doorbells, 0);
    assert_int_equal(queue->buffer_of[0], 2); // but the buffer has its slot
    close_ring();
}

static void memory_may_run_out(void **state)
{
    (void)state;
    for (unsigned allowed = 0; allowed < 5; allowed++) {
        host_open(&env, &card, NULL);
        env.allocations_allowed = allowed;
        port = (struct port){.env = &env};
        assert_null(split_format.allocate(&port, &(struct ring_plan){.slots = 64, .entries = 64}));
        host_close(&env);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_lie_where_the_device_looks),
        cmocka_unit_test(filled_ring_offers_every_buffer),
        cmocka_unit_test(any_order_keeps_the_books),
        cmocka_unit_test(order_may_be_lost_within_a_burst),
        cmocka_unit_test(a_burst_ends_at_the_end_of_the_ring),
        cmocka_unit_test(transmission_crosses_the_end_of_the_ring),
        cmocka_unit_test(a_doorbell_only_when_wanted),
        cmocka_unit_test(a_dead_port_is_not_told),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
