// SPDX-License-Identifier: BSD-2-Clause
// The shell's commands about cards: led, diag. Made for 80 columns.
#include "net/commands_card.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "kernel/console.h"
#include "kernel/env.h"
#include "kernel/pci_describe.h"
#include "net/find_port.h"
#include "net/supervise.h"

// Bytes that a port says at most. With less room in the console's queue it could lose its end.
enum { ROOM_FOR_PORT = 4096, ROOM_FOR_QUEUE = 176 };

static const struct ports *ports;

void commands_card_init(const struct ports *all_ports)
{
    ports = all_ports;
}

static unsigned port_count(void)
{
    return ports == NULL ? 0 : ports->count;
}

static int find(const char *name)
{
    return find_port(ports == NULL ? NULL : ports->at, port_count(), name);
}

static void blink(struct port *port, bool on)
{
    if (port->state == PORT_ABSENT) {
        console_printf("%s: the card is not in use: see the log\n", port->name);
        return;
    }
    const int error = port->driver->blink == NULL ? -ENOTSUP : port->driver->blink(port, on);
    if (error == -ENOTSUP)
        console_printf("%s: this card has no light that could blink\n", port->name);
    else if (error != 0)
        console_printf("%s: the card does not answer (error %d)\n", port->name, -error);
    else
        console_printf("%s: the light %s\n", port->name, on ? "blinks" : "shows the link again");
}

void command_led(int argc, char **argv)
{
    const bool on = argc == 3 && strcmp(argv[2], "blink") == 0;
    if (argc != 3 || (!on && strcmp(argv[2], "off") != 0)) {
        console_printf("usage: led PORT blink|off\n");
        return;
    }
    const int number = find(argv[1]);
    if (number >= 0)
        blink(ports->at[number], on);
}

static const char *state_text(enum port_state state)
{
    switch (state) {
    case PORT_ABSENT:
        return "absent";
    case PORT_STOPPED:
        return "stopped";
    case PORT_RUNNING:
        return "running";
    case PORT_STOPPING:
        return "stopping";
    case PORT_FAULTED:
        return "faulted";
    }
    return "?";
}

static void show_faults(const struct port *port)
{
    if (port->fault != PORT_OK)
        console_printf("  fault: %s (%#" PRIx32 ")\n", port_fault_name(port->fault),
                       port->fault_value);
    for (unsigned fault = PORT_OK + 1; fault < PORT_FAULT_COUNT; fault++)
        if (port->fault_count[fault] != 0)
            console_printf("  faults so far: %" PRIu32 " %s\n", port->fault_count[fault],
                           port_fault_name((enum port_fault)fault));
}

static void show(const struct port *port)
{
    const uint8_t *mac = port->mac;
    console_printf(
        "  %02x:%02x:%02x:%02x:%02x:%02x, frames up to %u bytes, %u rx and %u tx queues\n", mac[0],
        mac[1], mac[2], mac[3], mac[4], mac[5], port->max_frame, port->rx_queues, port->tx_queues);
    console_printf("  link %s", port->link_up ? "up" : "down");
    if (port->link_mbps != 0)
        console_printf(", %" PRIu32 " Mb/s", port->link_mbps);
    console_printf("\n");
    console_printf("  card missed %" PRIu64 " frames, refused %" PRIu64 "\n", port->card_missed,
                   port->card_errors);
}

static void diagnose(unsigned number)
{
    struct port *port = ports->at[number];
    console_printf("%s: %s, driver %s, %s\n", port->name, ports->device[number],
                   port->driver == NULL ? "none" : port->driver->name, state_text(port->state));
    show_faults(port);
    if (port->env == NULL) {
        console_printf("  no card was opened: the log says why, `pci` what there is\n");
        return;
    }
    show(port);
    pci_describe(port->env->pci);
    if (port->driver->describe != NULL)
        port->driver->describe(port);
}

// Those for which the console has no room now, so that nothing is lost in the middle.
static void name_the_rest(unsigned first)
{
    console_printf("the console is full; ask for the others one by one:\n");
    for (unsigned i = first; i < port_count(); i++)
        console_printf("  diag %s\n", ports->at[i]->name);
}

void command_diag(int argc, char **argv)
{
    if (argc > 1) {
        const int number = find(argv[1]);
        if (number >= 0)
            diagnose((unsigned)number);
        return;
    }
    if (port_count() == 0)
        console_printf("no port is configured\n");
    for (unsigned i = 0; i < port_count(); i++) {
        const unsigned queues = ports->at[i]->rx_queues + ports->at[i]->tx_queues;
        if (console_room() < ROOM_FOR_PORT + queues * ROOM_FOR_QUEUE) {
            name_the_rest(i);
            return;
        }
        diagnose(i);
    }
}
