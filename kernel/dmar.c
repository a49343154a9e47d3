// SPDX-License-Identifier: BSD-2-Clause
// Reads the DMAR table. Intel VT-d (D51397-018, revision 5.10), 8.1 to 8.4.
#include "kernel/dmar.h"

#include <string.h>

#include "kernel/dmar_tables.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/pci.h"

enum { SLOTS = 32, FUNCTIONS = 8, HOP_BYTES = 2 };

static bool too_many(const char *what, int most)
{
    log_line("DMAR: more than %d %s", most, what);
    return false;
}

static bool too_short(const char *what, size_t bytes, size_t least)
{
    log_line("DMAR: a %s of %zu bytes, expected at least %zu", what, bytes, least);
    return false;
}

// A part that has so many bytes, it says; `left` are there.
static bool wrong_length(const char *what, size_t bytes, size_t least, size_t left)
{
    log_line("DMAR: a %s of %zu bytes, expected at least %zu and at most %zu", what, bytes, least,
             left);
    return false;
}

static bool read_scope(struct dmar *dmar, const uint8_t *at, unsigned length)
{
    const struct acpi_dmar_scope *scope = (const void *)at;
    if (scope->type != DMAR_SCOPE_ENDPOINT && scope->type != DMAR_SCOPE_BRIDGE)
        return true;
    const unsigned hops = (length - (unsigned)sizeof *scope) / HOP_BYTES;
    if (hops == 0 || hops > DMAR_PATH_MAX) {
        log_line("DMAR: a path of %u steps, expected 1 to %d", hops, DMAR_PATH_MAX);
        return false;
    }
    if (dmar->scope_count == DMAR_SCOPES_MAX)
        return too_many("scopes", DMAR_SCOPES_MAX);
    struct dmar_scope *kept = &dmar->scopes[dmar->scope_count];
    *kept = (struct dmar_scope){.type = scope->type, .bus = scope->bus, .hops = (uint8_t)hops};
    for (unsigned i = 0; i < hops; i++) {
        kept->path[i].slot = at[sizeof *scope + i * HOP_BYTES];
        kept->path[i].function = at[sizeof *scope + i * HOP_BYTES + 1];
        if (kept->path[i].slot >= SLOTS || kept->path[i].function >= FUNCTIONS) {
            log_line("DMAR: a path through device %u, function %u, expected at most %d and %d",
                     kept->path[i].slot, kept->path[i].function, SLOTS - 1, FUNCTIONS - 1);
            return false;
        }
    }
    dmar->scope_count++;
    return true;
}

static bool read_scopes(struct dmar *dmar, const uint8_t *at, unsigned length,
                        struct dmar_scopes *scopes)
{
    scopes->first = (uint16_t)dmar->scope_count;
    while (length > 0) {
        const unsigned size = length >= sizeof(struct acpi_dmar_scope) ? at[1] : 0;
        if (size < sizeof(struct acpi_dmar_scope) || size > length)
            return wrong_length("scope", size, sizeof(struct acpi_dmar_scope), length);
        if (!read_scope(dmar, at, size))
            return false;
        at += size;
        length -= size;
    }
    scopes->count = (uint16_t)(dmar->scope_count - scopes->first);
    return true;
}

static bool read_unit(struct dmar *dmar, const uint8_t *at, unsigned length)
{
    struct acpi_dmar_unit unit;
    if (length < sizeof unit)
        return too_short("unit", length, sizeof unit);
    if (dmar->unit_count == DMAR_UNITS_MAX)
        return too_many("units", DMAR_UNITS_MAX);
    memcpy(&unit, at, sizeof unit);
    if (unit.base == 0 || unit.base % PAGE_SIZE != 0) {
        log_line("DMAR: a unit's registers at %#llx, expected at a page, and not the first",
                 (unsigned long long)unit.base);
        return false;
    }
    struct dmar_unit *kept = &dmar->units[dmar->unit_count++];
    *kept = (struct dmar_unit){
        .base = unit.base,
        .segment = unit.segment,
        .all = (unit.flags & DMAR_UNIT_ALL) != 0,
    };
    return read_scopes(dmar, at + sizeof unit, length - (unsigned)sizeof unit, &kept->scopes);
}

static bool read_region(struct dmar *dmar, const uint8_t *at, unsigned length)
{
    struct acpi_dmar_region region;
    if (length < sizeof region)
        return too_short("reserved region", length, sizeof region);
    if (dmar->region_count == DMAR_REGIONS_MAX)
        return too_many("reserved regions", DMAR_REGIONS_MAX);
    memcpy(&region, at, sizeof region);
    // 8.4: the last byte of a page, above the first one.
    if (region.first % PAGE_SIZE != 0 || region.last % PAGE_SIZE != PAGE_SIZE - 1 ||
        region.first > region.last) {
        log_line("DMAR: a reserved region from %#llx to %#llx, expected whole pages",
                 (unsigned long long)region.first, (unsigned long long)region.last);
        return false;
    }
    struct dmar_region *kept = &dmar->regions[dmar->region_count++];
    *kept = (struct dmar_region){
        .first = region.first,
        .last = region.last,
        .segment = region.segment,
    };
    return read_scopes(dmar, at + sizeof region, length - (unsigned)sizeof region, &kept->scopes);
}

bool dmar_parse(struct dmar *dmar, const void *table, size_t length)
{
    struct acpi_dmar head;
    memset(dmar, 0, sizeof *dmar);
    if (length < sizeof head) {
        log_line("DMAR: %zu bytes, expected %zu at least", length, sizeof head);
        return false;
    }
    memcpy(&head, table, sizeof head);
    dmar->address_bits = head.address_width < 64 ? head.address_width + 1u : 64;
    dmar->interrupt_remapping = (head.flags & DMAR_INTERRUPT_REMAPPING) != 0;
    dmar->no_x2apic = (head.flags & DMAR_NO_X2APIC) != 0;

    const uint8_t *at = (const uint8_t *)table + sizeof head;
    size_t left = length - sizeof head;
    while (left > 0) {
        struct acpi_dmar_structure structure = {0, 0};
        if (left >= sizeof structure)
            memcpy(&structure, at, sizeof structure);
        if (structure.length < sizeof structure || structure.length > left)
            return wrong_length("structure", structure.length, sizeof structure, left);
        if (structure.type == DMAR_UNIT && !read_unit(dmar, at, structure.length))
            return false;
        if (structure.type == DMAR_REGION && !read_region(dmar, at, structure.length))
            return false;
        at += structure.length;
        left -= structure.length;
    }
    return true;
}

struct pci_device *dmar_scope_device(const struct dmar_scope *scope, uint16_t segment)
{
    uint8_t bus = scope->bus;
    for (unsigned i = 0;; i++) {
        struct pci_device *device =
            pci_find(segment, bus, scope->path[i].slot, scope->path[i].function);
        if (device == NULL || i + 1u == scope->hops)
            return device;
        if (device->secondary == 0)
            return NULL; // the path goes on, and this is no bridge
        bus = device->secondary;
    }
}

// Whether the scope covers the function: names it, or a bridge that it is behind.
static bool covers(const struct dmar_scope *scope, const struct pci_device *device)
{
    const struct pci_device *named = dmar_scope_device(scope, device->segment);
    if (named == device)
        return true;
    if (named == NULL || scope->type != DMAR_SCOPE_BRIDGE)
        return false;
    for (const struct pci_device *above = device->bridge; above != NULL; above = above->bridge)
        if (above == named)
            return true;
    return false;
}

int dmar_unit_of(const struct dmar *dmar, const struct pci_device *device)
{
    int all = -1;
    for (unsigned i = 0; i < dmar->unit_count; i++) {
        const struct dmar_unit *unit = &dmar->units[i];
        if (unit->segment != device->segment)
            continue;
        for (unsigned k = 0; k < unit->scopes.count; k++)
            if (covers(&dmar->scopes[unit->scopes.first + k], device))
                return (int)i;
        if (unit->all)
            all = (int)i;
    }
    return all;
}
