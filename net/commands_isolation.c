// SPDX-License-Identifier: BSD-2-Clause
// The shell's command about the isolation of the ports. Made for 80 columns.
#include "net/commands_isolation.h"
#include "kernel/console.h"
#include "kernel/env.h"
#include "net/bounce.h"
#include "net/find_port.h"
#include "net/proxy.h"
#include "net/restarts.h"
#include <inttypes.h>
#include <stdio.h>

enum { OUTAGE_TEXT = 40 };

static const struct ports *ports;
static const struct supervisor *supervisor;

void commands_isolation_init(const struct ports *all_ports, const struct supervisor *the_supervisor)
{
    ports = all_ports;
    supervisor = the_supervisor;
}

// For ports at `domain`: what they cost.
static void show_crossings(const struct supervised *s)
{
    const struct proxy *proxy = proxy_of(s->port);
    if (proxy != NULL)
        console_printf("%s: %" PRIu64 " crossings into ring 3, %" PRIu64 " for nothing\n",
                       s->port->name, proxy->crossings, proxy->vain);
}

// What keeps the port from the rest of the box.
static const char *mechanism(const struct port *port)
{
    const bool confined = port->env != NULL && env_confined(port->env);
    if (proxy_of(port) == NULL)
        return confined ? "VT-d" : "-";
    if (domain_by_keys())
        return confined ? "keys, VT-d" : "keys";
    return confined ? "tables, VT-d" : "tables";
}

static void show_port(const struct supervised *s, enum config_isolation level)
{
    const struct restart_record *record = restart_record(s->port);
    char outage[OUTAGE_TEXT] = "-";
    if (record->total != 0 && record->last_step == STEP_PARKED) // it goes on
        snprintf(outage, sizeof outage, "%s", restart_step_name(STEP_PARKED));
    else if (record->total != 0)
        snprintf(outage, sizeof outage, "%" PRIu64 " us, %s", record->last_outage_us,
                 restart_step_name(record->last_step));
    console_printf("%-15s %-8s %-12s %8" PRIu64 "  %-14s %s\n", s->port->name,
                   config_isolation_name(level), mechanism(s->port), record->total,
                   port_fault_name(record->last_cause), outage);
}

void command_isolation(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!box_runs(supervisor))
        return;
    console_printf("%-15s %-8s %-12s %8s  %-14s %s\n", "port", "level", "mechanism", "restarts",
                   "last cause", "last outage");
    for (unsigned i = 0; i < supervisor->count; i++)
        show_port(&supervisor->ports[i], ports->isolation[i]);
    for (unsigned i = 0; i < supervisor->count; i++) {
        const struct port *port = supervisor->ports[i].port;
        if (bounce_on(port))
            console_printf("%s: copies frames before they are looked at: %" PRIu64 " so far\n",
                           port->name, bounce_counted(port).copied);
    }
    for (unsigned i = 0; i < supervisor->count; i++)
        show_crossings(&supervisor->ports[i]);
}
