// SPDX-License-Identifier: BSD-2-Clause
// The shell's command `fdb`. Made for 80 columns.
#include "net/commands_fdb.h"
#include "kernel/console.h"
#include "kernel/task.h"
#include "net/find_port.h"
#include <inttypes.h>
#include <string.h>

enum { LINES_MAX = 40, MAC_DIGITS = 12 };

static struct bridge *bridge;

void commands_fdb_init(struct bridge *the_bridge)
{
    bridge = the_bridge;
}

static const char *port_name(unsigned port)
{
    return port == FDB_BOX ? "(the box)" : bridge->ports[port]->name;
}

static void show_entry(const struct fdb_entry *entry)
{
    const uint64_t a = entry->address;
    console_printf("  %02x:%02x:%02x:%02x:%02x:%02x  %-15s", (unsigned)a & 0xff,
                   (unsigned)(a >> 8) & 0xff, (unsigned)(a >> 16) & 0xff,
                   (unsigned)(a >> 24) & 0xff, (unsigned)(a >> 32) & 0xff,
                   (unsigned)(a >> 40) & 0xff, port_name(entry->port));
    if (entry->port == FDB_BOX)
        console_printf("  stays\n");
    else
        console_printf("  %6" PRIu64 " s\n", entry->age_us / (1000 * 1000));
}

static void show_summary(void)
{
    const struct fdb *fdb = &bridge->fdb;
    console_printf("%" PRIu32 " of %" PRIu32 " stations\n", fdb->entries, fdb->capacity);
    console_printf("  learned %" PRIu64 ", moved %" PRIu64 ", aged %" PRIu64 ", flushed %" PRIu64
                   "\n",
                   fdb->learned, fdb->moved, fdb->aged, fdb->flushed);
    if (fdb->refused != 0)
        console_printf("  table full: not learned %" PRIu64 " times\n", fdb->refused);
}

// The stations behind a port, or, for FDB_NOWHERE, all of them; LINES_MAX at most.
static void show_table(unsigned port)
{
    const struct fdb *fdb = &bridge->fdb;
    const uint32_t all = port == FDB_NOWHERE ? fdb->entries : fdb->held[port];
    struct fdb_entry entry;
    uint32_t shown = 0;
    for (uint32_t at = 0; shown < all && shown < LINES_MAX && fdb_next(fdb, &at, &entry);) {
        task_breathe();
        if (entry.port == FDB_NOWHERE || (port != FDB_NOWHERE && entry.port != port))
            continue;
        show_entry(&entry);
        shown++;
    }
    if (shown < all)
        console_printf("  and %" PRIu32 " more: fdb ADDRESS finds one\n", all - shown);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

// Six bytes, two digits each, with ':' or '-' between them. False when it is something else.
static bool parse_address(const char *text, uint64_t *address)
{
    *address = 0;
    for (unsigned i = 0; i < MAC_DIGITS; i++) {
        if (i > 0 && i % 2 == 0 && *text != ':' && *text != '-')
            return false;
        text += i > 0 && i % 2 == 0;
        const int value = digit(*text++);
        if (value < 0)
            return false;
        *address |= (uint64_t)value << (8 * (i / 2) + (i % 2 == 0 ? 4 : 0));
    }
    return *text == '\0';
}

static void show_station(uint64_t address, const char *text)
{
    struct fdb_entry entry;
    if (fdb_entry(&bridge->fdb, address, &entry))
        show_entry(&entry);
    else
        console_printf("%s: not known: frames to it are flooded\n", text);
}

// The number of a port of the bridge, or -1 after saying so.
static int find(const char *name)
{
    struct port *ports[NET_PORTS_MAX];
    for (unsigned i = 0; i < bridge->count; i++)
        ports[i] = bridge->ports[bridge->members[i]];
    const int found = find_port(ports, bridge->count, name);
    return found < 0 ? found : bridge->members[found];
}

static void flush(const char *name)
{
    const int port = name == NULL ? FDB_NOWHERE : find(name);
    if (port < 0)
        return;
    console_printf("%" PRIu32 " stations forgotten\n", fdb_flush(&bridge->fdb, (unsigned)port));
}

void command_fdb(int argc, char **argv)
{
    uint64_t address;
    if (bridge == NULL) {
        console_printf("this box is no bridge\n");
        return;
    }
    if (argc > 1 && strcmp(argv[1], "flush") == 0) {
        flush(argv[2]);
    } else if (argc > 1 && parse_address(argv[1], &address)) {
        show_station(address, argv[1]);
    } else if (argc > 1) {
        const int port = find(argv[1]);
        if (port >= 0)
            show_table((unsigned)port);
    } else {
        show_summary();
        show_table(FDB_NOWHERE);
    }
}
