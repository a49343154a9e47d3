// SPDX-License-Identifier: BSD-2-Clause
// The filtering database: learning, ageing, forgetting.
#include "net/fdb.h"

enum {
    UNITS_PER_AGEING = 256,
    SWEEPS_PER_AGEING = 64,
    SECOND_US = 1000 * 1000,
    CLEAN_EVERY_US = 1000,
};
_Static_assert(FDB_TIME_MASK >= 4 * UNITS_PER_AGEING, "an old stamp is not taken for a new one");

// A power of two, and room for four times the capacity.
static uint32_t bucket_count(uint32_t capacity)
{
    uint32_t count = 1;
    while (count * FDB_BUCKET_SLOTS < 4 * capacity)
        count *= 2;
    return count;
}

static uint32_t buckets_of(const struct fdb *fdb)
{
    return (uint32_t)1 << (64 - fdb->shift);
}

// A factor that moves every bit of an address far up, however little chance there was in the
// number.
static uint64_t spread(uint64_t random)
{
    return (random ^ 0x9e3779b97f4a7c15) | 1; // 2^64 divided by the golden ratio
}

size_t fdb_bytes(uint32_t capacity)
{
    return bucket_count(capacity) * sizeof(struct fdb_bucket);
}

static void give_code(struct fdb *fdb, unsigned port, unsigned code)
{
    fdb->port_of[code] = (uint8_t)port;
    fdb->stamp[port] = (uint16_t)(code << FDB_CODE_SHIFT);
}

void fdb_init(struct fdb *fdb, void *memory, uint32_t capacity, uint32_t ageing,
              const uint64_t random[3], uint64_t now)
{
    const uint32_t buckets = bucket_count(capacity);
    const uint64_t ageing_us = (uint64_t)ageing * SECOND_US;
    const uint64_t bucket_us = ageing_us / SWEEPS_PER_AGEING / buckets;
    *fdb = (struct fdb){
        .buckets = memory,
        .seeds = {random[0], spread(random[1]), spread(random[2])},
        .shift = 64 - (unsigned)__builtin_ctz(buckets),
        .capacity = capacity,
        .unit_us = ageing_us / UNITS_PER_AGEING,
        .unit_began_us = now,
        .bucket_us = bucket_us > 0 ? bucket_us : 1,
        .swept_us = now,
    };
    for (uint32_t i = 0; i < buckets; i++)
        fdb->buckets[i] = (struct fdb_bucket){{0}};
    for (unsigned code = 0; code < FDB_CODES; code++)
        fdb->port_of[code] = FDB_NOWHERE;
    for (unsigned port = 0; port <= FDB_BOX; port++)
        give_code(fdb, port, port + 1);
}

// --- learning ---

// The last eighth of the table is not for a port that holds half of it already: whoever makes up
// addresses behind one port leaves the others room to learn.
static bool may_learn(const struct fdb *fdb, unsigned port)
{
    return fdb->entries < fdb->capacity && (fdb->entries < fdb->capacity - fdb->capacity / 8 ||
                                            fdb->held[port] < fdb->capacity / 2);
}

// What is in the slot is forgotten, and now gone.
static void forgotten_gone(struct fdb *fdb, uint64_t entry)
{
    fdb->remains[(entry >> FDB_CODE_SHIFT) % FDB_CODES]--;
    fdb->remain--;
}

// A slot that is empty, or whose entry is forgotten.
static uint64_t *empty_slot(const struct fdb *fdb, uint64_t address)
{
    uint64_t *slots = fdb_slots(fdb, address);
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS; i++)
        if (fdb_port(fdb, slots[i]) == FDB_NOWHERE)
            return &slots[i];
    return NULL;
}

// Into a slot that is empty, or whose entry is forgotten.
static void enter(struct fdb *fdb, uint64_t *slot, uint64_t address, unsigned port)
{
    if (*slot != 0)
        forgotten_gone(fdb, *slot);
    *slot = fdb_fresh(fdb, address, port);
    fdb->entries++;
    fdb->held[port]++;
    fdb->version++;
}

enum fdb_learned fdb_learn_new(struct fdb *fdb, uint64_t address, unsigned port)
{
    uint64_t *slot = fdb_find(fdb, address);
    const unsigned was = slot == NULL ? FDB_NOWHERE : fdb_port(fdb, *slot);
    if (was == FDB_NOWHERE) {
        if (!may_learn(fdb, port) || (slot == NULL && (slot = empty_slot(fdb, address)) == NULL)) {
            fdb->refused++;
            return FDB_REFUSED;
        }
        enter(fdb, slot, address, port);
        fdb->learned++;
        return FDB_LEARNED;
    }
    if (was == FDB_BOX)
        return FDB_OWN;
    *slot = fdb_fresh(fdb, address, port);
    if (was == port)
        return FDB_KNOWN;
    fdb->held[was]--;
    fdb->held[port]++;
    fdb->moved++;
    fdb->version++;
    return FDB_MOVED;
}

bool fdb_add_own(struct fdb *fdb, uint64_t address)
{
    uint64_t *slot = fdb_find(fdb, address);
    if (slot == NULL && (slot = empty_slot(fdb, address)) == NULL)
        return false;
    if (fdb_port(fdb, *slot) != FDB_NOWHERE) {
        fdb->held[fdb_port(fdb, *slot)]--;
        fdb->entries--;
        *slot = 0;
    }
    enter(fdb, slot, address, FDB_BOX);
    return true;
}

// --- forgetting ---

// Empties a slot. The last entry of the bucket takes its place, so that those in use stay in front.
static void clear_slot(uint64_t *slots, unsigned i)
{
    unsigned last = i;
    while (last + 1 < FDB_BUCKET_SLOTS && slots[last + 1] != 0)
        last++;
    slots[i] = slots[last];
    slots[last] = 0;
}

static bool too_old(const struct fdb *fdb, uint64_t entry)
{
    return ((fdb->now - entry) & FDB_TIME_MASK) > UNITS_PER_AGEING;
}

static void sweep_bucket(struct fdb *fdb, uint64_t *slots)
{
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS && slots[i] != 0;) {
        const unsigned port = fdb_port(fdb, slots[i]);
        if (port == FDB_NOWHERE || port == FDB_BOX || !too_old(fdb, slots[i])) {
            i++;
            continue;
        }
        clear_slot(slots, i);
        fdb->held[port]--;
        fdb->entries--;
        fdb->version++;
        fdb->aged++;
    }
}

static void clean_bucket(struct fdb *fdb, uint64_t *slots)
{
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS && slots[i] != 0;) {
        if (fdb_port(fdb, slots[i]) != FDB_NOWHERE) {
            i++;
            continue;
        }
        forgotten_gone(fdb, slots[i]);
        clear_slot(slots, i);
    }
}

// Sweeps up entries that are forgotten. A code that none of them carries any more can be used
// again: then what had to wait for one is forgotten too.
static void clean(struct fdb *fdb, uint64_t now)
{
    fdb->cleaned_us = now;
    for (unsigned i = 0; i < FDB_CLEAN_MAX && fdb->remain > 0; i++) {
        clean_bucket(fdb, fdb->buckets[fdb->cleaned].slots);
        fdb->cleaned = (fdb->cleaned + 1) & (buckets_of(fdb) - 1);
    }
    const unsigned later = fdb->flush_later;
    for (unsigned port = 0; later >> port != 0; port++)
        if (later >> port & 1)
            fdb_flush(fdb, port);
}

void fdb_age(struct fdb *fdb, uint64_t now)
{
    const uint64_t units = (now - fdb->unit_began_us) / fdb->unit_us;
    if (units > 0) {
        fdb->unit_began_us += units * fdb->unit_us;
        fdb->now = (fdb->now + units) & FDB_TIME_MASK;
        fdb->version++;
    }
    uint64_t due = (now - fdb->swept_us) / fdb->bucket_us;
    if (due > FDB_SWEEP_MAX) {
        due = FDB_SWEEP_MAX;
        fdb->swept_us = now; // what is late stays late
    } else {
        fdb->swept_us += due * fdb->bucket_us;
    }
    for (; due > 0; due--) {
        sweep_bucket(fdb, fdb->buckets[fdb->sweep].slots);
        fdb->sweep = (fdb->sweep + 1) & (buckets_of(fdb) - 1);
    }
    if (fdb->remain > 0)
        clean(fdb, now);
}

uint64_t fdb_deadline(const struct fdb *fdb)
{
    if (fdb->remain > 0)
        return fdb->cleaned_us + CLEAN_EVERY_US;
    if (fdb->entries == fdb->held[FDB_BOX])
        return UINT64_MAX;
    return fdb->swept_us + FDB_SWEEP_MAX * fdb->bucket_us;
}

// A code that no entry carries; 0: there is none.
static unsigned free_code(const struct fdb *fdb)
{
    for (unsigned code = 1; code < FDB_CODES; code++)
        if (fdb->port_of[code] == FDB_NOWHERE && fdb->remains[code] == 0)
            return code;
    return 0;
}

static uint32_t flush_port(struct fdb *fdb, unsigned port)
{
    const uint32_t flushed = fdb->held[port];
    fdb->flush_later &= (uint16_t)~(1u << port);
    if (flushed == 0)
        return 0;
    const unsigned code = free_code(fdb), old = fdb->stamp[port] >> FDB_CODE_SHIFT;
    if (code == 0) {
        fdb->flush_later |= (uint16_t)(1u << port);
        return 0;
    }
    fdb->port_of[old] = FDB_NOWHERE;
    give_code(fdb, port, code);
    fdb->remains[old] = flushed;
    fdb->remain += flushed;
    fdb->entries -= flushed;
    fdb->held[port] = 0;
    fdb->flushed += flushed;
    fdb->version++;
    return flushed;
}

uint32_t fdb_flush(struct fdb *fdb, unsigned port)
{
    if (port != FDB_NOWHERE)
        return flush_port(fdb, port);
    uint32_t flushed = 0;
    for (port = 0; port < FDB_PORTS_MAX; port++)
        flushed += flush_port(fdb, port);
    return flushed;
}

static struct fdb_entry described(const struct fdb *fdb, uint64_t entry)
{
    return (struct fdb_entry){
        .address = entry >> FDB_ADDRESS_SHIFT,
        .port = fdb_port(fdb, entry),
        .age_us = ((fdb->now - entry) & FDB_TIME_MASK) * fdb->unit_us,
    };
}

bool fdb_entry(const struct fdb *fdb, uint64_t address, struct fdb_entry *entry)
{
    const uint64_t *slot = fdb_find(fdb, address);
    if (slot == NULL || fdb_port(fdb, *slot) == FDB_NOWHERE)
        return false;
    *entry = described(fdb, *slot);
    return true;
}

bool fdb_next(const struct fdb *fdb, uint32_t *at, struct fdb_entry *entry)
{
    const uint32_t slots = buckets_of(fdb) * FDB_BUCKET_SLOTS;
    const uint32_t end = slots - *at < FDB_LIST_MAX * FDB_BUCKET_SLOTS
                             ? slots
                             : *at + FDB_LIST_MAX * FDB_BUCKET_SLOTS;
    if (*at >= slots)
        return false;
    while (*at < end) {
        const uint64_t found = fdb->buckets[*at / FDB_BUCKET_SLOTS].slots[*at % FDB_BUCKET_SLOTS];
        if (found == 0) { // the rest of a bucket is empty too
            *at = (*at / FDB_BUCKET_SLOTS + 1) * FDB_BUCKET_SLOTS;
            continue;
        }
        ++*at;
        if (fdb_port(fdb, found) != FDB_NOWHERE) {
            *entry = described(fdb, found);
            return true;
        }
    }
    *entry = (struct fdb_entry){.port = FDB_NOWHERE};
    return true;
}
