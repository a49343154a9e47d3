// SPDX-License-Identifier: BSD-2-Clause
// GET /api/fdb: the stations that the bridge knows, as JSON. A piece is some buckets of the table,
// whatever is in them; a station that is learned or moves meanwhile may be seen or not.
#include "net/stack/pages.h"

#include <inttypes.h>

enum { STATIONS = 2 }; // in a piece, at most

static const char *port_name(unsigned port)
{
    const struct supervisor *supervisor = page_view()->supervisor;
    return port < supervisor->count ? supervisor->ports[port].port->name : "";
}

// cursor->item: stations so far.
static void write_station(struct page_cursor *cursor, const struct fdb_entry *entry,
                          struct text *out)
{
    const uint64_t address = entry->address;
    text_printf(out, "%s{\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\",", cursor->item++ > 0 ? "," : "",
                (unsigned)address & 0xff, (unsigned)(address >> 8) & 0xff,
                (unsigned)(address >> 16) & 0xff, (unsigned)(address >> 24) & 0xff,
                (unsigned)(address >> 32) & 0xff, (unsigned)(address >> 40) & 0xff);
    if (entry->port == FDB_BOX)
        text_printf(out, "\"box\":true}");
    else
        text_printf(out, "\"port\":\"%s\",\"age_s\":%" PRIu64 "}", port_name(entry->port),
                    entry->age_us / 1000000);
}

// Goes on with the list at cursor->place. Returns whether there is more of it.
static bool write_stations(struct page_cursor *cursor, struct text *out)
{
    struct fdb_entry entry;
    for (unsigned i = 0; i < STATIONS; i++) {
        if (!fdb_next(page_view()->fdb, &cursor->place, &entry))
            return false;
        if (entry.port == FDB_NOWHERE)
            break;
        write_station(cursor, &entry, out);
    }
    return true;
}

bool api_fdb_write(struct page_cursor *cursor, const char *query, struct text *out)
{
    (void)query;
    const struct fdb *fdb = page_view()->fdb;
    if (fdb == NULL) {
        text_printf(out, "{\"capacity\":0,\"entries\":0,\"stations\":[]}\n");
        return false;
    }
    if (cursor->part == 0) {
        text_printf(out, "{\"capacity\":%" PRIu32 ",\"entries\":%" PRIu32 ",\"stations\":[",
                    fdb->capacity, fdb->entries);
        cursor->part = 1;
        return true;
    }
    if (write_stations(cursor, out))
        return true;
    text_printf(out, "]}\n");
    return false;
}
