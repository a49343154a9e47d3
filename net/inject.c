// SPDX-License-Identifier: BSD-2-Clause
// Makes a driver's data path do something wrong: in its domain, or, for comparison, in ring 0.
//
// In a domain the proxy passes the fault on with a call. For a port whose driver runs in ring 0 the
// same functions of drivers/domain/ are called there, for one burst: what they then do to the box
// is what isolation is for.
#include "net/inject.h"

#include <string.h>

#include "drivers/domain.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/env.h"
#include "kernel/iommu_interrupt.h"
#include "kernel/number.h"
#include "kernel/vm.h"
#include "net/capture.h"
#include "net/deed.h"
#include "net/find_port.h"
#include "net/proxy.h"

#define WRPKRU_RET 0xc3ef010full

static const struct buffers *buffers;
static struct forwarder *forwarder;

static const char *const names[] = {
#define F(id, name, where) [FAULT_NUMBER_##id] = (name),
    DOMAIN_FAULTS(F)
#undef F
};
static const uint16_t faults[] = {
#define F(id, name, where) [FAULT_NUMBER_##id] = FAULT_##id,
    DOMAIN_FAULTS(F)
#undef F
};

void inject_init(const struct buffers *all, struct forwarder *the_forwarder)
{
    buffers = all;
    forwarder = the_forwarder;
}

// --- in ring 0 ---

static struct {
    struct port *port;
    struct port_driver driver; // what port->driver points to meanwhile
    const struct port_driver *real;
    struct domain_call call;
    struct domain_answer answer;
    struct deed deed;
    unsigned times;
} open_door;

static void begin(struct queue *queue, unsigned count)
{
    open_door.deed.queue = queue;
    deed_before(&open_door.deed);
    open_door.call.answer = &open_door.answer;
    open_door.call.queue = queue;
    open_door.call.generation++;
    open_door.call.count = count;
}

// What is in the registers that a fault changes and nobody restores.
static struct gate_left registers_now(void)
{
    struct gate_left now = {0};
    __asm__ volatile("pushfq\n\t"
                     "popq %0\n\t"
                     "stmxcsr %1"
                     : "=&r"(now.rflags), "=m"(now.mxcsr));
    return now;
}

// The port has its driver back.
static void close_the_door(void)
{
    open_door.times = 0;
    port_use(open_door.port, open_door.real);
}

static void end(const struct gate_left *left)
{
    deed_after(&open_door.deed, left);
    if (--open_door.times == 0)
        close_the_door();
}

bool inject_armed(const struct port *port)
{
    return port->driver == &open_door.driver;
}

// A fault waits until its port runs.
static unsigned open_receive(struct queue *queue, struct frame *frames, unsigned max)
{
    if (queue->port->state != PORT_RUNNING)
        return 0;
    begin(queue, max);
    open_door.call.frames = open_door.answer.received;
    const unsigned count = (unsigned)domain_receive(&open_door.call);
    const struct gate_left left = registers_now();
    const bool waits = domain_fault_waits(open_door.call.fault, 0, count);
    const unsigned kept = count < BURST_MAX ? count : BURST_MAX;
    memcpy(frames, open_door.answer.received, kept * sizeof *frames);
    if (!waits)
        end(&left);
    return count;
}

// The caller's own array is what a driver in ring 0 was given, and can change at any time.
static void open_refill(struct queue *queue, const struct frame *frames, unsigned count)
{
    if (count < 2) {
        open_door.real->refill(queue, frames, count);
        return;
    }
    begin(queue, count);
    ((struct frame *)frames)[1] = frames[0];
    open_door.real->refill(queue, frames, count);
    const struct gate_left left = registers_now();
    end(&left);
}

static unsigned open_transmit(struct queue *queue, struct frame *frames, unsigned count)
{
    begin(queue, count);
    open_door.call.frames = open_door.answer.sent;
    memcpy(open_door.answer.sent, frames, count * sizeof *frames);
    const unsigned sent = (unsigned)domain_transmit(&open_door.call);
    const struct gate_left left = registers_now();
    for (unsigned i = 0; i < sent && i < count; i++)
        frames[i].buffer = open_door.answer.sent[i].buffer;
    if (!domain_fault_waits(open_door.call.fault, 0, sent))
        end(&left);
    return sent;
}

static bool open_the_door(struct port *port, const struct proxy_fault *fault)
{
    if (open_door.times != 0 && open_door.port->removed)
        close_the_door(); // what waits there waits for ever
    if (open_door.times != 0) {
        console_printf("one fault at a time in ring 0\n");
        return false;
    }
    if (capture_on(port)) {
        console_printf("%s: a capture is on: end it first, with any key\n", port->name);
        return false;
    }
    const struct port_driver *real = port->driver;
    open_door.port = port;
    open_door.real = real;
    open_door.driver = *real;
    open_door.driver.exchange = NULL;
    open_door.driver.put = NULL;
    open_door.driver.relay = NULL;
    open_door.driver.steer = NULL;
    open_door.driver.enqueue = NULL;
    open_door.times = fault->times;
    open_door.call.receive = real->receive;
    open_door.call.refill = real->refill;
    open_door.call.room = real->room;
    open_door.call.transmit = real->transmit;
    open_door.call.misdeed = real->domain != NULL ? real->domain->misdeed : NULL;
    open_door.call.fault = fault->fault;
    open_door.call.target = fault->target;
    open_door.deed = (struct deed){
        .port = port->name,
        .fault = fault->name,
        .verbs = real->domain,
        .transmit = domain_fault_on_transmit(fault->fault),
        .answer = &open_door.answer,
        .place = fault->place,
    };
    if (fault->fault == FAULT_ENTRY_CHANGED)
        open_door.driver.refill = open_refill;
    else if (domain_fault_on_transmit(fault->fault))
        open_door.driver.transmit = open_transmit;
    else
        open_door.driver.receive = open_receive;
    port_use(port, &open_door.driver);
    return true;
}

// --- the commands ---

// A port of another pair, or the last one: what a fault attacks.
static unsigned victim(unsigned number)
{
    return number + 2 < buffers->port_count ? number + 2 : (number + 2) % buffers->port_count;
}

// The queue structure that the victim's driver works on, as the attacker would address it.
static uint64_t drivers_data(const struct port *attacker, const struct port *other)
{
    const struct proxy *proxy = proxy_of(other);
    if (proxy != NULL && proxy_of(attacker) != NULL)
        return proxy->rx[0].image_address;
    return (uint64_t)other->rx[0];
}

// Of the driver itself, in a domain or not; NULL: it cannot be in one.
static const struct domain_verbs *verbs_of(const struct port *port)
{
    const struct proxy *proxy = proxy_of(port);
    return proxy != NULL ? proxy->verbs : port->driver->domain;
}

// Whether the target is an address, in ring 0, that the fault writes to.
static bool is_written(enum domain_fault fault)
{
    return fault == FAULT_STORE_PACKET || fault == FAULT_STORE_MSIX ||
           fault == FAULT_STORE_FORWARDER;
}

static uint64_t target_of(enum domain_fault fault, unsigned number)
{
    const unsigned other = victim(number);
    const struct walk walk = {.port = other};
    switch (fault) {
    case FAULT_STORE_FORWARDER:
    case FAULT_LOAD_FORWARDER:
        return (uint64_t)&forwarder->lanes[0].rx;
    case FAULT_STORE_DRIVER:
        return drivers_data(buffers->ports[number], buffers->ports[other]);
    case FAULT_LOAD_PACKET:
    case FAULT_STORE_PACKET:
        return (uint64_t)packet_data(
            &buffers->area, buffers->range[walk_group(buffers, &walk)].first, FRAME_HEADROOM);
    case FAULT_STORE_CONTROL:
        return (uint64_t)verbs_of(buffers->ports[number])->control(buffers->ports[number]);
    case FAULT_STORE_MSIX:
        return (uint64_t)buffers->ports[number]->env->msix.table;
    case FAULT_EXEC_WRPKRU:
        return WRPKRU_RET;
    case FAULT_JUMP_WRPKRU:
        return (uint64_t)gate_wrpkru;
    case FAULT_JUMP_KERNEL:
        return (uint64_t)clock_us;
    case FAULT_FOREIGN:
    case FAULT_SENT_FOREIGN:
        return buffers->range[walk_group(buffers, &walk)].first;
    case FAULT_DMA_FORWARDER:
        return vm_translate(&forwarder->lanes[0].rx);
    case FAULT_DMA_BUFFERS:
        return packet_dma(&buffers->area, buffers->range[walk_group(buffers, &walk)].first,
                          FRAME_HEADROOM);
    case FAULT_DMA_INTERRUPT:
        return interrupt_latest();
    case FAULT_DMA_HEAD:
        return vm_translate((const void *)clock_us) & ~15ull;
    default:
        return 0;
    }
}

static enum domain_fault fault_named(const char *name)
{
    for (unsigned i = 1; i < FAULT_NUMBERS; i++)
        if (strcmp(names[i], name) == 0)
            return faults[i];
    return FAULT_NONE;
}

static void list_faults(void)
{
    console_printf("usage: inject PORT FAULT [TIMES]; faults:");
    for (unsigned i = 1; i < FAULT_NUMBERS; i++)
        console_printf("%s%s", i % 6 == 1 ? "\n  " : " ", names[i]);
    console_printf("\n");
}

void command_inject(int argc, char **argv)
{
    if (!box_runs(buffers))
        return;
    const enum domain_fault which = argc >= 3 ? fault_named(argv[2]) : FAULT_NONE;
    uint64_t times = 1;
    if (which == FAULT_NONE || argc > 4 ||
        (argc == 4 && !number_parse(argv[3], 1, UINT32_MAX, &times))) {
        list_faults();
        return;
    }
    const int number = find_port(buffers->ports, buffers->port_count, argv[1]);
    if (number < 0)
        return;
    struct port *port = buffers->ports[number];
    if (port->state != PORT_RUNNING) {
        console_printf("%s: does not run\n", argv[1]);
        return;
    }
    if (domain_fault_by_ring(which) && verbs_of(port) == NULL) {
        console_printf("%s: its driver knows no such fault\n", argv[1]);
        return;
    }
    struct proxy_fault fault = {
        .fault = which,
        .times = (unsigned)times,
        .target = target_of(which, (unsigned)number),
        .name = names[which & ((1u << FAULT_WHERE_SHIFT) - 1)],
    };
    if (is_written(which))
        fault.place = (const volatile uint32_t *)fault.target;
    struct proxy *proxy = proxy_of(port);
    if (proxy != NULL)
        proxy->fault = fault;
    else if (!open_the_door(port, &fault))
        return;
    console_printf("%s: %s armed\n", argv[1], argv[2]);
}

void command_kill(int argc, char **argv)
{
    if (!box_runs(buffers))
        return;
    if (argc != 2) {
        console_printf("usage: kill PORT\n");
        return;
    }
    const int number = find_port(buffers->ports, buffers->port_count, argv[1]);
    if (number < 0)
        return;
    struct port *port = buffers->ports[number];
    struct proxy *proxy = proxy_of(port);
    if (port->state == PORT_RUNNING && proxy != NULL)
        proxy->kill = PORT_FAULT_KILLED;
    else if (port->state == PORT_RUNNING)
        port_fail(port, PORT_FAULT_KILLED, 0);
    else
        console_printf("%s: does not run\n", argv[1]);
}
