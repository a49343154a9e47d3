// SPDX-License-Identifier: BSD-2-Clause
// The filtering database of a bridge: behind which port is a station? IEEE 802.1D-2004, 7.8 and 7.9
// (802.1Q-2018, 8.7 and 8.8), one database for all VLANs.
//
// An entry is one number of 64 bits, and eight of them are a bucket, which is one cache line: a
// look-up reads one line. Which bucket an address belongs to follows from a secret chosen at boot,
// so nobody outside can aim at one. There is four times as much room as entries are allowed:
// that a bucket is full before the table is, is rare.
//
// An entry is never thrown out for a new one. When the table is full, new stations are not learned:
// their frames are flooded until old entries have aged. And a port that filled the table has not
// filled it for the others: see may_learn() in fdb.c.
//
// An entry does not name its port but a code that stands for it. To forget all stations behind a
// port is to give that port another code: what carries the old one means nothing from then on,
// makes room when something new comes, and is swept up a few buckets at a time.
#pragma once
#include "drivers/frame.h"
#include <stddef.h>

enum {
    FDB_PORTS_MAX = 8, // numbered from 0
    FDB_BOX = 8,       // behind this number is the box itself: its entries neither age nor move
    FDB_NOWHERE = 15,  // the station is not known

    FDB_BUCKET_SLOTS = 8,
    FDB_CAPACITY_MIN = 256, // entries
    FDB_CAPACITY_MAX = 131072,
    FDB_AGEING_MAX = 1000000, // seconds: 802.1D-2004, table 7-5

    FDB_ADDRESS_SHIFT = 16, // an entry: address, then a code in five bits, then the time
    FDB_CODE_SHIFT = 11,
    FDB_CODES = 1 << (FDB_ADDRESS_SHIFT - FDB_CODE_SHIFT), // the code 0 is that of an empty slot
    FDB_TIME_MASK = (1 << FDB_CODE_SHIFT) - 1,
};

struct fdb_bucket {
    _Alignas(CACHE_LINE) uint64_t slots[FDB_BUCKET_SLOTS]; // those in use come first; 0: none
};
_Static_assert(sizeof(struct fdb_bucket) == CACHE_LINE, "a bucket is one cache line");

struct fdb {
    struct fdb_bucket *buckets;
    uint64_t seeds[3];
    unsigned shift;             // of a 64-bit hash, to a bucket's number
    uint32_t capacity;          // entries at most
    uint32_t entries;           // without those that are forgotten
    uint32_t held[FDB_BOX + 1]; // of them, by port

    uint8_t port_of[FDB_CODES];  // by code; FDB_NOWHERE: it stands for none (any more)
    uint16_t stamp[FDB_BOX + 1]; // by port: its code, where entries have it
    uint32_t remains[FDB_CODES]; // entries that still carry a code that stands for none
    uint32_t remain;             // all of them together
    uint32_t cleaned;            // the bucket from which they are swept up next
    uint64_t cleaned_us;         // when that was last done
    uint16_t flush_later;        // ports, a bit each, for which there was no code left

    // Goes on whenever an answer may change, and whenever time does.
    uint32_t version;

    // Coarse time: a unit is a 256th of the ageing time, so stamps repeat after 8 ageing times.
    uint64_t now; // as entries carry it
    uint64_t unit_us, unit_began_us;
    uint64_t bucket_us, swept_us; // how long the sweep may take for one bucket; when it was last on
    uint32_t sweep;               // the bucket that it looks at next

    // Since boot.
    uint64_t learned, moved, aged, flushed;
    uint64_t refused; // times that a source was not learned because there was no room
};

// What became of a source address.
enum fdb_learned {
    FDB_KNOWN,   // behind this port already
    FDB_LEARNED, // new
    FDB_MOVED,   // was behind another port
    FDB_REFUSED, // new, and there is no room
    FDB_OWN,     // the box's own address
};

struct fdb_entry {
    uint64_t address;
    unsigned port;
    uint64_t age_us; // since a frame of the station was seen, in whole units
};

// How much memory a table of that capacity (FDB_CAPACITY_MIN..FDB_CAPACITY_MAX entries) needs.
size_t fdb_bytes(uint32_t capacity);

// Makes an empty table. memory is fdb_bytes() bytes, aligned to a cache line, that no card can
// write; it stays in use. ageing is in seconds, 1..FDB_AGEING_MAX; random is 3 numbers that nobody
// can guess; now is clock_us().
void fdb_init(struct fdb *fdb, void *memory, uint32_t capacity, uint32_t ageing,
              const uint64_t random[3], uint64_t now);

// Lets time go on: entries that were not seen for the ageing time go, at the latest a 50th of it
// later. Sweeps up what was forgotten. Bounded work: FDB_SWEEP_MAX buckets for the one,
// FDB_CLEAN_MAX for the other. Call it about every millisecond.
enum { FDB_SWEEP_MAX = 256, FDB_CLEAN_MAX = 32 };
void fdb_age(struct fdb *fdb, uint64_t now);

// When fdb_age() has to be called next, as clock_us() counts: never later than what it may do in
// one call falls due; UINT64_MAX while there is nothing that ages.
uint64_t fdb_deadline(const struct fdb *fdb);

// Takes note that a frame from this address (see below; not 0, not a group) came in by a port
// (0..FDB_PORTS_MAX-1), whatever the table held before.
enum fdb_learned fdb_learn_new(struct fdb *fdb, uint64_t address, unsigned port);

// Enters an address of the box itself, in front of all others. False when the bucket is full, which
// it is not after fdb_init().
bool fdb_add_own(struct fdb *fdb, uint64_t address);

// Forgets the stations behind a port, or, for FDB_NOWHERE, behind all of them; not the box itself.
// Takes the same short time however many there are. Returns how many there were. When more than
// FDB_CODES - 10 flushes are not swept up yet, which takes some 256 calls of fdb_age(), what the
// next one should forget is forgotten then, and is not among those returned.
uint32_t fdb_flush(struct fdb *fdb, unsigned port);

// The entry of a station. False when it is not known.
bool fdb_entry(const struct fdb *fdb, uint64_t address, struct fdb_entry *entry);

// Lists the entries, one each time, from *at = 0 on, until it returns false. When there is none
// among the next FDB_LIST_MAX buckets, the entry's port is FDB_NOWHERE, and the list goes on. What
// is learned in between may be seen or not.
enum { FDB_LIST_MAX = 16 };
bool fdb_next(const struct fdb *fdb, uint32_t *at, struct fdb_entry *entry);

// --- what runs for each frame. An address is six bytes as a number, the first byte the lowest. ---

// The high half of the product of two numbers, folded into the low one: each bit of the result
// depends on all bits of both.
static inline uint64_t fdb_fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t *fdb_slots(const struct fdb *fdb, uint64_t address)
{
    const uint64_t hash = fdb_fold(address ^ fdb->seeds[0], fdb->seeds[1]) * fdb->seeds[2];
    return fdb->buckets[hash >> fdb->shift].slots;
}

// The station's slot, or NULL; its entry may be forgotten. For the address 0, which no station has,
// it may be an empty slot.
static inline uint64_t *fdb_find(const struct fdb *fdb, uint64_t address)
{
    uint64_t *slot = fdb_slots(fdb, address), *const end = slot + FDB_BUCKET_SLOTS;
    do {
        if (*slot >> FDB_ADDRESS_SHIFT == address)
            return slot;
        if (*slot == 0)
            return NULL;
        slot++;
    } while (slot != end);
    return NULL;
}

// The port behind which an entry's station is; FDB_NOWHERE for 0, which is none, and for one that
// is forgotten.
static inline unsigned fdb_port(const struct fdb *fdb, uint64_t entry)
{
    return fdb->port_of[(entry >> FDB_CODE_SHIFT) % FDB_CODES];
}

// Behind which port the station is: a port's number, FDB_BOX, or FDB_NOWHERE.
static inline unsigned fdb_look_up(const struct fdb *fdb, uint64_t address)
{
    const uint64_t *slot = fdb_find(fdb, address);
    return slot == NULL ? FDB_NOWHERE : fdb_port(fdb, *slot);
}

// The entry of a station that has just been seen.
static inline uint64_t fdb_fresh(const struct fdb *fdb, uint64_t address, unsigned port)
{
    return address << FDB_ADDRESS_SHIFT | fdb->stamp[port] | fdb->now;
}

// fdb_learn_new() for most frames: the station is where it was, and was seen within this unit of
// time.
static inline enum fdb_learned fdb_learn(struct fdb *fdb, uint64_t address, unsigned port)
{
    const uint64_t *slot = fdb_find(fdb, address);
    if (slot != NULL && *slot == fdb_fresh(fdb, address, port))
        return FDB_KNOWN;
    return fdb_learn_new(fdb, address, port);
}
