// SPDX-License-Identifier: BSD-2-Clause
// The 82599 driver on a simulated card: what its tests share.
#include "tests/driver/sim_ixgbe.h"
#include "tests/driver/port_calls.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t config_read(void *context, unsigned offset, unsigned width)
{
    struct sim *sim = context;
    uint32_t value = 0;
    if (sim->card.gone)
        return UINT32_MAX >> (32 - 8 * width);
    memcpy(&value, sim->pci + offset, width);
    return value;
}

static void watch(struct sim *sim, uint64_t offset)
{
    const bool inside =
        (offset >= 0x1000 && offset < 0x2000) || (offset >= 0x6000 && offset < 0x8000);
    if (sim->data_path && !inside)
        sim->off_pages++;
}

static uint64_t bar_read(void *context, unsigned bar, uint64_t offset, unsigned width)
{
    struct sim *sim = context;
    assert_int_equal(bar, 0);
    assert_int_equal(width, 4);
    watch(sim, offset);
    return simcard_read(&sim->card, (uint32_t)offset);
}

static void bar_write(void *context, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    struct sim *sim = context;
    assert_int_equal(bar, 0);
    assert_int_equal(width, 4);
    watch(sim, offset);
    simcard_write(&sim->card, (uint32_t)offset, (uint32_t)value);
}

static void tick(void *context)
{
    simcard_tick(&((struct sim *)context)->card);
}

static void *reach(void *context, uint64_t address, size_t bytes)
{
    return host_dma(&((struct sim *)context)->env, address, bytes);
}

static void sink(void *context, const uint8_t *frame, unsigned length)
{
    struct sim *sim = context;
    if (sim->sent_count == SIM_SENT_MAX)
        return;
    sim->sent[sim->sent_count].length = length;
    memcpy(sim->sent[sim->sent_count].bytes, frame, length < 64 ? length : 64);
    sim->sent_count++;
}

static const struct host_card type = {
    .config_read = config_read, .bar_read = bar_read, .bar_write = bar_write, .tick = tick};

void sim_open(struct sim *sim)
{
    memset(sim, 0, sizeof *sim);
    host_open(&sim->env, &type, sim);
    host_clock_step(1);
    sim->capacity = SIM_CAPACITY;
    sim->env.bar_size[0] = SIMCARD_BAR_SIZE;
    sim->env.vectors = 1;
    simcard_open(&sim->card, sim->registers);
    sim->card.reach = reach;
    sim->card.sink = sink;
    sim->card.context = sim;
    const uint8_t ids[] = {0x86, 0x80, 0xFB, 0x10};
    memcpy(sim->pci, ids, sizeof ids);
    sim->port = (struct port){.name = "sim", .driver = &ixgbe_driver, .env = &sim->env};
}

void sim_close(struct sim *sim)
{
    host_close(&sim->env);
    free(sim->area.base);
}

int sim_setup(void **state)
{
    sim_open(*state);
    return 0;
}

int sim_teardown(void **state)
{
    sim_close(*state);
    return 0;
}

void sim_assert_rules_kept(const struct sim *sim)
{
    assert_string_equal(sim->card.violation, "");
}

void sim_assert_logged(const struct sim *sim, const char *text)
{
    if (!host_logged(&sim->env, text))
        fail_msg("\"%s\" is not in the log:\n%s", text, sim->env.log);
}

void sim_arrive(struct sim *sim, unsigned count)
{
    const uint8_t bytes[60] = {0};
    while (count-- > 0)
        assert_true(simcard_receive(&sim->card, bytes, sizeof bytes));
}

void sim_deal_buffers(struct sim *sim)
{
    struct port *port = &sim->port;
    const uint32_t stride = FRAME_HEADROOM + sim->capacity;
    uint32_t count = 0;
    for (unsigned i = 0; i < port->rx_queues; i++)
        count += port->rx[i]->slots;
    for (unsigned i = 0; i < port->tx_queues; i++)
        count += port->tx[i]->slots;
    sim->area = (struct packet_area){
        .base = malloc((size_t)count * stride),
        .stride = stride,
        .count = count,
        .capacity = sim->capacity,
    };
    assert_non_null(sim->area.base);
    sim->area.dma = host_share(&sim->env, sim->area.base, (size_t)count * stride);
    port->area = &sim->area;
    uint32_t next = 0;
    for (unsigned i = 0; i < port->rx_queues; i++)
        for (uint32_t slot = 0; slot < port->rx[i]->slots; slot++)
            port->rx[i]->buffer_of[slot] = next++;
    for (unsigned i = 0; i < port->tx_queues; i++)
        for (uint32_t slot = 0; slot < port->tx[i]->slots; slot++)
            port->tx[i]->buffer_of[slot] = next++;
}

void sim_poll(struct sim *sim, unsigned times)
{
    while (times-- > 0) {
        const uint64_t before = env_time_us();
        ixgbe_driver.poll(&sim->port);
        sim->longest_poll =
            env_time_us() - before > sim->longest_poll ? env_time_us() - before : sim->longest_poll;
    }
}

// The box's clock while somebody else has the processor.
static void others_work(void)
{
    for (unsigned i = 0; i < 100; i++)
        env_time_us();
}

int sim_start(struct sim *sim)
{
    const uint64_t began = env_time_us();
    for (;;) {
        const uint64_t before = env_time_us();
        const int error = ixgbe_driver.start(&sim->port);
        assert_in_range(env_time_us() - before, 0, CALL_US);
        if (error != 0)
            assert_int_equal(sim->port.state, PORT_STOPPED);
        if (error != -EINPROGRESS)
            return error;
        assert_in_range(env_time_us() - began, 0, 3000000);
        others_work();
    }
}

void sim_stop(struct sim *sim)
{
    const uint64_t began = env_time_us();
    for (int error = -EINPROGRESS; error != 0;) {
        const uint64_t before = env_time_us();
        error = ixgbe_driver.stop(&sim->port);
        assert_in_range(env_time_us() - before, 0, CALL_US);
        assert_true(error == 0 || error == -EINPROGRESS);
        assert_int_equal(sim->port.state, error == 0 ? PORT_STOPPED : PORT_STOPPING);
    }
    assert_in_range(env_time_us() - began, 0, PORT_STOP_US);
    assert_int_equal(sim->port.state, PORT_STOPPED);
    assert_false(sim->env.bus_master);
}

void sim_run(struct sim *sim, unsigned tx_queues, uint32_t ring_slots)
{
    sim->port.ring_slots = ring_slots;
    if (ixgbe_driver.probe(&sim->port) != 0)
        fail_msg("probe: %s", sim->env.log);
    sim->port.tx_queues = (uint16_t)tx_queues;
    sim_deal_buffers(sim);
    if (sim_start(sim) != 0)
        fail_msg("start: %s", sim->env.log);
    for (unsigned i = 0; i < SIM_LINK_POLLS && !sim->port.link_up; i++)
        sim_poll(sim, 1);
    assert_true(sim->port.link_up);
}

bool sim_conserved(const struct sim *sim)
{
    const struct port *port = &sim->port;
    bool *seen = calloc(sim->area.count, sizeof *seen);
    uint32_t found = 0;
    bool whole = seen != NULL;
    const unsigned receive = port->rx_queues;
    for (unsigned i = 0; whole && i < receive + port->tx_queues; i++) {
        const struct queue *queue = i < receive ? port->rx[i] : port->tx[i - receive];
        for (uint32_t slot = 0; whole && slot < queue->slots; slot++) {
            const uint32_t buffer = queue->buffer_of[slot];
            whole = buffer < sim->area.count && !seen[buffer];
            if (whole)
                seen[buffer] = true;
            found++;
        }
    }
    free(seen);
    return whole && found == sim->area.count;
}

unsigned sim_forward(struct sim *sim, unsigned tx, unsigned burst)
{
    struct frame frames[BURST_MAX];
    const unsigned received = ixgbe_driver.receive(sim->port.rx[0], frames, burst);
    // What is no frame goes behind the rest and is not sent.
    unsigned good = 0;
    for (unsigned i = 0; i < received; i++) {
        const struct frame frame = frames[i];
        if (!frame_valid(&sim->area, &frame))
            continue;
        frames[i] = frames[good];
        frames[good++] = frame;
    }
    const unsigned sent = ixgbe_driver.transmit(sim->port.tx[tx], frames, good);
    ixgbe_driver.refill(sim->port.rx[0], frames, received);
    return sent;
}

uint16_t sim_some_length(uint16_t longest)
{
    const uint16_t edges[] = {0,    1,    13,    14,    15,   60, longest, (uint16_t)(longest + 1),
                              2048, 2049, 32767, 32768, 65535};
    return rand() % 8 == 0 ? edges[rand() % 13] : (uint16_t)(14 + rand() % (longest - 13));
}

uint8_t sim_some_status(void)
{
    enum { DD = 1, EOP = 2 };
    return rand() % 16 == 0 ? (uint8_t)(rand() | DD) : DD | EOP | (uint8_t)(rand() & 0xF0);
}
