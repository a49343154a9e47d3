// SPDX-License-Identifier: BSD-2-Clause
// A walk over the terms of AML, as far as names and devices are concerned. ACPI 6.4, 20.2 (the
// grammar), 20.3 (opcodes). What is looked for is what QEMU writes (docs/specs/acpi_pci_hotplug.rst
// and hw/i386/acpi-build.c, versions 7.2 and 10.0):
//
//     OperationRegion (PCST, SystemIO, 0x0cc0, 8)         where the registers are
//     Scope (\_SB.PCI0) {                                 the root bus
//         Name (BSEL, 0)                                  its selector, if its cards can leave
//         Device (S18) { Name (_ADR, 0x30000)             a bridge in slot 3 of it,
//             Name (BSEL, 1) } }                          and the selector of the bus behind it
//
// Methods, fields and conditions are passed over as the packages that they are.
#include "kernel/aml_hotplug.h"

#include <stdbool.h>
#include <string.h>

enum {
    NESTING_MAX = 16,

    ALIAS = 0x06,
    NAME = 0x08,
    SCOPE = 0x10,
    BUFFER = 0x11,
    PACKAGE = 0x12,
    VAR_PACKAGE = 0x13,
    METHOD = 0x14,
    EXTERNAL = 0x15,
    EXTENDED = 0x5b,
    IF = 0xa0,
    ELSE = 0xa1,
    WHILE = 0xa2,
    // behind EXTENDED
    MUTEX = 0x01,
    EVENT = 0x02,
    REGION = 0x80,
    FIELD = 0x81,
    DEVICE = 0x82,
    PROCESSOR = 0x83,
    POWER_RESOURCE = 0x84,
    THERMAL_ZONE = 0x85,
    INDEX_FIELD = 0x86,
    BANK_FIELD = 0x87,

    ZERO = 0x00,
    ONE = 0x01,
    BYTE = 0x0a,
    WORD = 0x0b,
    DWORD = 0x0c,
    STRING = 0x0d,
    QWORD = 0x0e,
    ONES = 0xff,

    ROOT_CHARACTER = 0x5c,
    PARENT_CHARACTER = 0x5e,
    DUAL_NAME = 0x2e,
    MULTI_NAME = 0x2f,
    SEGMENT = 4, // bytes of a name

    SPACE_IO = 1,
};

// What is left to read; `broken` when that is not AML as we know it.
struct reader {
    const uint8_t *at, *end;
    bool broken;
};

// Where in the name space a term list stands.
enum where {
    ELSEWHERE,
    ROOT,
    SYSTEM_BUS, // \_SB
    BUS,        // \_SB.PCI0, or a bridge on it or below: `bus` says which
};

struct place {
    enum where where;
    struct aml_bus bus;
};

static size_t left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

static bool need(struct reader *r, size_t bytes)
{
    if (left(r) < bytes)
        r->broken = true;
    return !r->broken;
}

static uint64_t little_endian(struct reader *r, unsigned bytes)
{
    uint64_t value = 0;
    if (!need(r, bytes))
        return 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)r->at[i] << 8 * i;
    r->at += bytes;
    return value;
}

// 20.2.4. Moves behind the package; what is in it can be read from the result.
static struct reader package(struct reader *r)
{
    const uint8_t *const begin = r->at;
    const unsigned lead = (unsigned)little_endian(r, 1), more = lead >> 6;
    size_t length = lead & 0x3f;
    if (more > 0)
        length = (lead & 0x0f) | (size_t)little_endian(r, more) << 4;
    struct reader inside = {r->at, r->at, r->broken};
    if (r->broken || length < 1 + more || length - (1 + more) > left(r)) {
        r->broken = inside.broken = true;
        return inside;
    }
    r->at = inside.end = begin + length;
    return inside;
}

// 20.2.2. A name as it is written: from where, and the names in it.
struct name {
    bool root;
    unsigned parents, segments;
    const uint8_t *first;
};

static struct name name_string(struct reader *r)
{
    struct name name = {0};
    while (left(r) > 0 && (*r->at == ROOT_CHARACTER || *r->at == PARENT_CHARACTER)) {
        name.root |= *r->at == ROOT_CHARACTER;
        name.parents += *r->at == PARENT_CHARACTER;
        r->at++;
    }
    if (!need(r, 1))
        return name;
    name.segments = 1;
    if (*r->at == ZERO || *r->at == DUAL_NAME || *r->at == MULTI_NAME) {
        const unsigned prefix = (unsigned)little_endian(r, 1);
        name.segments = prefix == ZERO        ? 0
                        : prefix == DUAL_NAME ? 2
                                              : (unsigned)little_endian(r, 1);
    }
    if (!need(r, (size_t)name.segments * SEGMENT))
        name.segments = 0;
    name.first = r->at;
    r->at += (size_t)name.segments * SEGMENT;
    return name;
}

static bool is(const struct name *name, unsigned segment, const char *text)
{
    return segment < name->segments &&
           memcmp(name->first + (size_t)segment * SEGMENT, text, SEGMENT) == 0;
}

// A name of one segment, relative to where it stands.
static bool is_just(const struct name *name, const char *text)
{
    return !name->root && name->parents == 0 && name->segments == 1 && is(name, 0, text);
}

// 20.2.3: an integer; or another constant object, which is passed over. Returns whether it was one.
static bool constant(struct reader *r, uint64_t *value)
{
    const unsigned op = (unsigned)little_endian(r, 1);
    switch (op) {
    case ZERO:
    case ONE:
        *value = op;
        return true;
    case BYTE:
    case WORD:
    case DWORD:
    case QWORD:
        *value = little_endian(r, op == BYTE ? 1 : op == WORD ? 2 : op == DWORD ? 4 : 8);
        return !r->broken;
    case ONES:
        return false;
    case STRING:
        while (need(r, 1) && *r->at++ != 0)
            ;
        return false;
    case BUFFER:
    case PACKAGE:
    case VAR_PACKAGE:
        package(r);
        return false;
    default:
        r->broken = true;
        return false;
    }
}

static void keep_bus(struct aml_hotplug *found, const struct place *place, uint64_t selector)
{
    if (place->where != BUS || found->bus_count == AML_BUSES_MAX || selector > UINT32_MAX)
        return;
    struct aml_bus *bus = &found->buses[found->bus_count++];
    *bus = place->bus;
    bus->selector = (uint32_t)selector;
}

static void read_name(struct reader *r, const struct place *place, struct aml_hotplug *found)
{
    const struct name name = name_string(r);
    uint64_t value = 0;
    if (!r->broken && constant(r, &value) && is_just(&name, "BSEL"))
        keep_bus(found, place, value);
}

static void read_region(struct reader *r, struct aml_hotplug *found)
{
    const struct name name = name_string(r);
    const unsigned space = (unsigned)little_endian(r, 1);
    uint64_t port = 0, length = 0;
    if (!constant(r, &port) || !constant(r, &length))
        r->broken = true; // computed at run time
    else if (is_just(&name, "PCST") && space == SPACE_IO && port != 0 && port <= UINT16_MAX)
        found->registers = (uint16_t)port;
}

// Where a Scope leads. A bridge is only ever found from within its bus.
static struct place enter_scope(struct reader *r, const struct place *from)
{
    const struct name name = name_string(r);
    struct place to = {.where = ELSEWHERE};
    if (r->broken || name.parents > 0)
        return to;
    const enum where begin = name.root ? ROOT : from->where;
    const bool system = begin == ROOT && is(&name, 0, "_SB_");
    if (name.segments == 0)
        to.where = begin == ROOT ? ROOT : ELSEWHERE;
    else if (name.segments == 1 && system)
        to.where = SYSTEM_BUS;
    else if ((name.segments == 2 && system && is(&name, 1, "PCI0")) ||
             (name.segments == 1 && begin == SYSTEM_BUS && is(&name, 0, "PCI0")))
        to.where = BUS;
    return to;
}

// What stands in a Device: a bus, if it is one behind a bridge on a bus that we know, or the root.
static struct place enter_device(struct reader *r, const struct place *from)
{
    const struct name name = name_string(r);
    struct place to = {.where = ELSEWHERE};
    if (from->where == SYSTEM_BUS && is_just(&name, "PCI0"))
        to.where = BUS;
    if (from->where != BUS || from->bus.bridge_count == AML_BRIDGES_MAX || left(r) == 0 ||
        *r->at != NAME)
        return to;
    struct reader look = *r; // its address comes first (6.1.1)
    look.at++;
    const struct name first = name_string(&look);
    uint64_t address = 0;
    if (look.broken || !is_just(&first, "_ADR") || !constant(&look, &address))
        return to;
    const uint64_t slot = address >> 16, function = address & 0xffff;
    if (slot > 31 || function > 7)
        return to;
    to = *from;
    to.bus.bridges[to.bus.bridge_count].slot = (uint8_t)slot;
    to.bus.bridges[to.bus.bridge_count++].function = (uint8_t)function;
    return to;
}

// Recursion ends at NESTING_MAX.
// NOLINTNEXTLINE(misc-no-recursion)
static void read_terms(struct reader r, struct place place, struct aml_hotplug *found,
                       unsigned depth)
{
    while (!r.broken && left(&r) > 0) {
        unsigned op = (unsigned)little_endian(&r, 1);
        if (op == EXTENDED)
            op = op << 8 | (unsigned)little_endian(&r, 1);
        switch (op) {
        case SCOPE:
        case EXTENDED << 8 | DEVICE: {
            struct reader inside = package(&r);
            const struct place to =
                op == SCOPE ? enter_scope(&inside, &place) : enter_device(&inside, &place);
            if (!inside.broken && depth < NESTING_MAX)
                read_terms(inside, to, found, depth + 1);
            break;
        }
        case NAME:
            read_name(&r, &place, found);
            break;
        case EXTENDED << 8 | REGION:
            read_region(&r, found);
            break;
        case ALIAS:
            name_string(&r);
            name_string(&r);
            break;
        case EXTERNAL:
            name_string(&r);
            little_endian(&r, 2);
            break;
        case EXTENDED << 8 | MUTEX:
            name_string(&r);
            little_endian(&r, 1);
            break;
        case EXTENDED << 8 | EVENT:
            name_string(&r);
            break;
        case METHOD:
        case IF:
        case ELSE:
        case WHILE:
        case EXTENDED << 8 | FIELD:
        case EXTENDED << 8 | PROCESSOR:
        case EXTENDED << 8 | POWER_RESOURCE:
        case EXTENDED << 8 | THERMAL_ZONE:
        case EXTENDED << 8 | INDEX_FIELD:
        case EXTENDED << 8 | BANK_FIELD:
            package(&r);
            break;
        default:
            return;
        }
    }
}

void aml_find_hotplug(const uint8_t *aml, size_t length, struct aml_hotplug *found)
{
    *found = (struct aml_hotplug){0};
    read_terms((struct reader){.at = aml, .end = aml + length}, (struct place){.where = ROOT},
               found, 0);
}
