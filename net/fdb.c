// SPDX-License-Identifier: BSD-2-Clause
// The filtering database: learning, ageing, forgetting.
#include "net/fdb.h"

enum {
    UNITS_PER_AGEING = 256,
    SWEEPS_PER_AGEING = 64,
    SECOND_US = 1000 * 1000,
};
_Static_assert(FDB_TIME_MASK >= 8 * UNITS_PER_AGEING, "an old stamp is not taken for a new one");

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
}

// --- learning ---

// The last eighth of the table is not for a port that holds half of it already: whoever makes up
// addresses behind one port leaves the others room to learn.
static bool may_learn(const struct fdb *fdb, unsigned port)
{
    return fdb->entries < fdb->capacity && (fdb->entries < fdb->capacity - fdb->capacity / 8 ||
                                            fdb->held[port] < fdb->capacity / 2);
}

static uint64_t *empty_slot(const struct fdb *fdb, uint64_t address)
{
    uint64_t *slots = fdb_slots(fdb, address);
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS; i++)
        if (slots[i] == 0)
            return &slots[i];
    return NULL;
}

static void enter(struct fdb *fdb, uint64_t *slot, uint64_t address, unsigned port)
{
    *slot = fdb_fresh(fdb, address, port);
    fdb->entries++;
    fdb->held[port]++;
    fdb->version++;
}

enum fdb_learned fdb_learn_new(struct fdb *fdb, uint64_t address, unsigned port)
{
    uint64_t *slot = fdb_find(fdb, address);
    if (slot == NULL) {
        slot = may_learn(fdb, port) ? empty_slot(fdb, address) : NULL;
        if (slot == NULL) {
            fdb->refused++;
            return FDB_REFUSED;
        }
        enter(fdb, slot, address, port);
        fdb->learned++;
        return FDB_LEARNED;
    }
    const unsigned was = fdb_port(*slot);
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
    if (slot != NULL) {
        fdb->held[fdb_port(*slot)]--;
        fdb->entries--;
    } else {
        slot = empty_slot(fdb, address);
    }
    if (slot == NULL)
        return false;
    enter(fdb, slot, address, FDB_BOX);
    return true;
}

// --- forgetting ---

// The last entry of the bucket takes its place, so that those in use stay in front.
static void forget(struct fdb *fdb, uint64_t *slots, unsigned i)
{
    unsigned last = i;
    while (last + 1 < FDB_BUCKET_SLOTS && slots[last + 1] != 0)
        last++;
    fdb->held[fdb_port(slots[i])]--;
    fdb->entries--;
    fdb->version++;
    slots[i] = slots[last];
    slots[last] = 0;
}

static bool too_old(const struct fdb *fdb, uint64_t entry)
{
    return fdb_port(entry) != FDB_BOX && ((fdb->now - entry) & FDB_TIME_MASK) > UNITS_PER_AGEING;
}

static void sweep_bucket(struct fdb *fdb, uint64_t *slots)
{
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS && slots[i] != 0;) {
        if (!too_old(fdb, slots[i])) {
            i++;
            continue;
        }
        forget(fdb, slots, i);
        fdb->aged++;
    }
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
}

uint64_t fdb_deadline(const struct fdb *fdb)
{
    if (fdb->entries == fdb->held[FDB_BOX])
        return UINT64_MAX;
    return fdb->swept_us + FDB_SWEEP_MAX * fdb->bucket_us;
}

// How many stations a flush would forget.
static uint32_t held_behind(const struct fdb *fdb, unsigned port)
{
    return port == FDB_NOWHERE ? fdb->entries - fdb->held[FDB_BOX] : fdb->held[port];
}

static void flush_bucket(struct fdb *fdb, uint64_t *slots, unsigned port)
{
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS && slots[i] != 0;) {
        const unsigned held_by = fdb_port(slots[i]);
        if (held_by == FDB_BOX || (port != FDB_NOWHERE && held_by != port))
            i++;
        else
            forget(fdb, slots, i);
    }
}

uint32_t fdb_flush_some(struct fdb *fdb, unsigned port, uint32_t *at)
{
    const uint32_t before = fdb->entries, end = *at + FDB_FLUSH_MAX;
    for (; *at < end && !fdb_flushed(fdb, *at); ++*at) {
        if (held_behind(fdb, port) == 0)
            *at = (uint32_t)buckets_of(fdb) - 1;
        else
            flush_bucket(fdb, fdb->buckets[*at].slots, port);
    }
    fdb->flushed += before - fdb->entries;
    return before - fdb->entries;
}

bool fdb_flushed(const struct fdb *fdb, uint32_t at)
{
    return at >= buckets_of(fdb);
}

uint32_t fdb_flush(struct fdb *fdb, unsigned port)
{
    uint32_t flushed = 0;
    for (uint32_t at = 0; !fdb_flushed(fdb, at);)
        flushed += fdb_flush_some(fdb, port, &at);
    return flushed;
}

static struct fdb_entry described(const struct fdb *fdb, uint64_t entry)
{
    return (struct fdb_entry){
        .address = entry >> FDB_ADDRESS_SHIFT,
        .port = fdb_port(entry),
        .age_us = ((fdb->now - entry) & FDB_TIME_MASK) * fdb->unit_us,
    };
}

bool fdb_entry(const struct fdb *fdb, uint64_t address, struct fdb_entry *entry)
{
    const uint64_t *slot = fdb_find(fdb, address);
    if (slot == NULL || *slot == 0)
        return false;
    *entry = described(fdb, *slot);
    return true;
}

bool fdb_next(const struct fdb *fdb, uint32_t *at, struct fdb_entry *entry)
{
    while (*at < buckets_of(fdb) * FDB_BUCKET_SLOTS) {
        const uint64_t found = fdb->buckets[*at / FDB_BUCKET_SLOTS].slots[*at % FDB_BUCKET_SLOTS];
        if (found != 0) {
            *entry = described(fdb, found);
            ++*at;
            return true;
        }
        *at = (*at / FDB_BUCKET_SLOTS + 1) * FDB_BUCKET_SLOTS; // the rest of a bucket is empty too
    }
    return false;
}
