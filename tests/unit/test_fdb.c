// SPDX-License-Identifier: BSD-2-Clause
// The filtering database, against a plain list of stations; full, aged, moved, attacked.
// links: net/fdb.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/fdb.h"

enum { SECOND = 1000 * 1000, CAPACITY = 16384, AGEING = 300 };

static const uint64_t seeds[3] = {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0};
static struct fdb fdb;
static void *memory;
static uint64_t now;

static void make(uint32_t capacity, uint32_t ageing, const uint64_t random[3])
{
    memory = aligned_alloc(CACHE_LINE, fdb_bytes(capacity));
    memset(memory, 0xa5, fdb_bytes(capacity));
    now = 12345;
    fdb_init(&fdb, memory, capacity, ageing, random, now);
}

// A millisecond at a time, as the box does it.
static void pass(uint64_t us)
{
    for (const uint64_t end = now + us; now < end;) {
        now += end - now < 1000 ? end - now : 1000;
        fdb_age(&fdb, now);
    }
}

// A small generator of our own: the same sequence everywhere.
static uint64_t random_state = 1;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t random_address(void)
{
    return (random_number() & 0xfffffffffffe) | 2; // individual, not 0
}

// What the table says of itself agrees with what is in it, and each entry is found.
static void check_books(void)
{
    struct fdb_entry entry, found;
    uint32_t entries = 0, held[FDB_BOX + 1] = {0};
    for (uint32_t at = 0; fdb_next(&fdb, &at, &entry);) {
        if (entry.port == FDB_NOWHERE)
            continue; // none among so many buckets
        entries++;
        held[entry.port]++;
        assert_true(fdb_entry(&fdb, entry.address, &found));
        assert_int_equal(found.port, entry.port);
        assert_int_equal(fdb_look_up(&fdb, entry.address), entry.port);
    }
    assert_int_equal(entries, fdb.entries);
    assert_memory_equal(held, fdb.held, sizeof held);
    assert_int_equal(fdb.learned, fdb.entries - fdb.held[FDB_BOX] + fdb.aged + fdb.flushed);
}

static void test_learn_and_move(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    struct fdb_entry entry;
    assert_int_equal(fdb_look_up(&fdb, 2), FDB_NOWHERE);
    assert_int_equal(fdb_look_up(&fdb, 0), FDB_NOWHERE); // an empty slot is not that station
    assert_false(fdb_entry(&fdb, 0, &entry));
    assert_int_equal(fdb_learn(&fdb, 2, 7), FDB_LEARNED);
    assert_int_equal(fdb_look_up(&fdb, 2), 7);
    const uint32_t version = fdb.version;
    assert_int_equal(fdb_learn(&fdb, 2, 7), FDB_KNOWN);
    assert_int_equal(fdb.version, version);
    assert_int_equal(fdb_learn(&fdb, 2, 0), FDB_MOVED);
    assert_int_not_equal(fdb.version, version);
    assert_int_equal(fdb_look_up(&fdb, 2), 0);
    assert_int_equal(fdb.moved, 1);
    assert_int_equal(fdb_learn(&fdb, 0xfffffffffffe, 3), FDB_LEARNED);
    assert_int_equal(fdb_look_up(&fdb, 0xfffffffffffe), 3);
    assert_int_equal(fdb_look_up(&fdb, 0xffffffffffff), FDB_NOWHERE);
    check_books();
    free(memory);
}

static void test_own_address(void **state)
{
    (void)state;
    make(FDB_CAPACITY_MIN, AGEING, seeds);
    fdb_learn(&fdb, 4, 1);
    assert_true(fdb_add_own(&fdb, 4));
    assert_true(fdb_add_own(&fdb, 4));
    assert_int_equal(fdb.entries, 1);
    assert_int_equal(fdb_look_up(&fdb, 4), FDB_BOX);
    assert_int_equal(fdb_learn(&fdb, 4, 1), FDB_OWN);
    pass(2 * AGEING * (uint64_t)SECOND);
    assert_int_equal(fdb_flush(&fdb, FDB_NOWHERE), 0);
    assert_int_equal(fdb_look_up(&fdb, 4), FDB_BOX);
    free(memory);
}

// Never too early, and hardly too late.
static void test_ageing(void **state)
{
    (void)state;
    static const uint32_t times[] = {1, 10, 300};
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        const uint64_t ageing = times[i] * (uint64_t)SECOND;
        make(1024, times[i], seeds);
        for (uint64_t station = 1; station <= 200; station++)
            fdb_learn(&fdb, 2 * station, 1);
        pass(ageing / 2);
        fdb_learn(&fdb, 2, 1);
        pass(ageing / 2 - 1);
        assert_int_equal(fdb.entries, 200);
        pass(ageing / 50 + 1);
        assert_int_equal(fdb.entries, 1);
        assert_int_equal(fdb_look_up(&fdb, 2), 1);
        pass(ageing / 2);
        assert_int_equal(fdb.entries, 0);
        assert_int_equal(fdb.aged, 200);
        check_books();
        free(memory);
    }
}

// The longest ageing time; steps that 32 bits do not hold.
static void test_longest_ageing(void **state)
{
    (void)state;
    make(FDB_CAPACITY_MAX, FDB_AGEING_MAX, seeds);
    const uint64_t ageing = FDB_AGEING_MAX * (uint64_t)SECOND, step = ageing / 100000;
    fdb_learn(&fdb, 2, 1);
    const uint64_t learned = now;
    for (; fdb.entries > 0; fdb_age(&fdb, now))
        now += step;
    assert_in_range(now - learned, ageing, ageing + ageing / 50);
    free(memory);
}

// The stamps repeat after 8 ageing times: what is gone stays gone, and who speaks stays.
static void test_time_wraps(void **state)
{
    (void)state;
    make(1024, 1, seeds);
    for (unsigned turn = 0; turn < 100; turn++) {
        assert_int_equal(fdb_learn(&fdb, 0x1000 + 2 * turn, 2), FDB_LEARNED);
        for (unsigned half = 0; half < 4; half++) {
            assert_int_equal(fdb_learn(&fdb, 2, 1), turn + half == 0 ? FDB_LEARNED : FDB_KNOWN);
            pass(SECOND / 2);
        }
        assert_int_equal(fdb.entries, 1);
        assert_int_equal(fdb.aged, turn + 1);
    }
    // Nobody called for a long time: then too, everything that is not seen goes.
    now += 1000000 * (uint64_t)SECOND;
    pass(2 * SECOND);
    assert_int_equal(fdb.entries, 0);
    free(memory);
}

// Who sleeps until the deadline, and then calls, ages entries as well as who calls all the time.
static void test_deadline(void **state)
{
    (void)state;
    make(1024, 2, seeds);
    assert_true(fdb_deadline(&fdb) == UINT64_MAX);
    fdb_add_own(&fdb, 2);
    assert_true(fdb_deadline(&fdb) == UINT64_MAX);
    fdb_learn(&fdb, 4, 1);
    const uint64_t learned = now;
    unsigned calls = 0;
    for (; fdb.held[1] > 0; calls++) {
        assert_true(fdb_deadline(&fdb) > now);
        now = fdb_deadline(&fdb);
        fdb_age(&fdb, now);
    }
    assert_in_range(now - learned, 2 * SECOND, 2 * SECOND + 2 * SECOND / 50);
    assert_true(calls < 300);
    assert_true(fdb_deadline(&fdb) == UINT64_MAX);
    free(memory);
}

// One call looks at so many buckets at most.
static void test_ageing_is_bounded(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    while (fdb.entries < CAPACITY / 2)
        fdb_learn(&fdb, random_address(), 0);
    now += 2 * AGEING * (uint64_t)SECOND;
    for (uint64_t last = 0; fdb.entries > 0; last = fdb.aged) {
        fdb_age(&fdb, now += SECOND);
        assert_true(fdb.aged - last <= FDB_SWEEP_MAX * FDB_BUCKET_SLOTS);
    }
    free(memory);
}

// A flood of made-up addresses: bounded; who was known stays known as long as he speaks; the other
// ports have room left.
static void test_full(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    uint64_t live[100];
    for (unsigned i = 0; i < 100; i++)
        fdb_learn(&fdb, live[i] = random_address(), 1 + i % 3);
    for (unsigned second = 0; second < 2 * AGEING; second++) {
        for (unsigned i = 0; i < 2000; i++)
            fdb_learn(&fdb, random_address(), 0);
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(fdb_learn(&fdb, live[i], 1 + i % 3), FDB_KNOWN);
        assert_true(fdb.entries <= CAPACITY - CAPACITY / 8);
        pass(SECOND);
    }
    assert_true(fdb.refused > 1000000);
    assert_int_equal(fdb.entries, CAPACITY - CAPACITY / 8);
    for (unsigned port = 1; port <= 7; port++)
        for (unsigned i = 0; i < 200; i++)
            fdb_learn(&fdb, random_address(), port);
    assert_true(fdb.held[7] >= 195); // a bucket may be full
    for (unsigned i = 0; i < 100000; i++)
        fdb_learn(&fdb, random_address(), 1 + i % 7);
    assert_true(fdb.entries <= CAPACITY);
    check_books();
    pass((AGEING + AGEING / 50 + 1) * (uint64_t)SECOND);
    assert_int_equal(fdb.entries, 0);
    free(memory);
}

// A table that fills up without anybody's malice takes as many as it says; hardly one is refused
// before because its bucket is full.
static void test_capacity_is_real(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    for (unsigned tried = 0; fdb.entries < CAPACITY; tried++)
        fdb_learn(&fdb, random_address(), tried % 8);
    assert_true(fdb.refused < CAPACITY / 1000);
    assert_int_equal(fdb_learn(&fdb, random_address(), 7), FDB_REFUSED);
    check_books();
    free(memory);
}

// Address patterns of real networks and of attackers who know this source, but not the seeds.
static void test_patterns_spread(void **state)
{
    (void)state;
    static const uint64_t strides[] = {
        2, 1ull << 8, 1ull << 13, 1ull << 16, 1ull << 24, 1ull << 32, 0x10002, 0x1000000 - 2,
    };
    for (unsigned i = 0; i < sizeof strides / sizeof *strides; i++) {
        make(CAPACITY, AGEING, seeds);
        uint64_t address = 0x025254000000;
        for (unsigned n = 0; n < CAPACITY / 2; n++, address += strides[i])
            fdb_learn(&fdb, (address & 0xfffffffffffe) | 2, n % 8);
        assert_true(fdb.refused <= 8); // buckets that are full although the table is not
        free(memory);
    }
}

// Addresses that meet in one bucket under one seed do not under another.
static void test_nobody_can_aim(void **state)
{
    (void)state;
    uint64_t aimed[64];
    unsigned count = 0;
    make(CAPACITY, AGEING, seeds);
    const uint64_t *target = fdb_slots(&fdb, 2);
    for (uint64_t address = 2; count < 64; address += 2)
        if (fdb_slots(&fdb, address) == target)
            aimed[count++] = address;
    for (unsigned i = 0; i < 64; i++)
        fdb_learn(&fdb, aimed[i], 0);
    assert_int_equal(fdb.entries, FDB_BUCKET_SLOTS);
    free(memory);
    for (unsigned boot = 0; boot < 100; boot++) {
        const uint64_t random[3] = {random_number(), random_number(), random_number()};
        make(CAPACITY, AGEING, random);
        for (unsigned i = 0; i < 64; i++)
            fdb_learn(&fdb, aimed[i], 0);
        assert_int_equal(fdb.entries, 64);
        free(memory);
    }
}

static void test_flush(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    for (unsigned i = 0; i < 8000; i++)
        fdb_learn(&fdb, random_address(), i % 8);
    const uint32_t held = fdb.held[3], before = fdb.entries;
    assert_int_equal(fdb_flush(&fdb, 3), held);
    assert_int_equal(fdb.held[3], 0);
    assert_int_equal(fdb.entries, before - held);
    assert_int_equal(fdb_flush(&fdb, 3), 0);
    check_books();
    assert_int_equal(fdb_flush(&fdb, FDB_NOWHERE), before - held);
    assert_int_equal(fdb.entries, 0);
    assert_int_equal(fdb.flushed, before);
    check_books();
    free(memory);
}

// What is forgotten is not found, and leaves its places: to whoever comes, or when it is swept up.
static void test_forgotten_stations_make_room(void **state)
{
    (void)state;
    uint64_t aimed[FDB_BUCKET_SLOTS + 1];
    unsigned count = 0;
    make(CAPACITY, AGEING, seeds);
    const uint64_t *bucket = fdb_slots(&fdb, 2);
    for (uint64_t address = 2; count < FDB_BUCKET_SLOTS + 1; address += 2)
        if (fdb_slots(&fdb, address) == bucket)
            aimed[count++] = address;
    for (unsigned i = 0; i < FDB_BUCKET_SLOTS; i++)
        assert_int_equal(fdb_learn(&fdb, aimed[i], i == 3 ? 1 : 0), FDB_LEARNED);
    assert_int_equal(fdb_learn(&fdb, aimed[FDB_BUCKET_SLOTS], 0), FDB_REFUSED);
    assert_int_equal(fdb_flush(&fdb, 0), FDB_BUCKET_SLOTS - 1);
    assert_int_equal(fdb.remain, FDB_BUCKET_SLOTS - 1);
    assert_int_equal(fdb_look_up(&fdb, aimed[0]), FDB_NOWHERE);
    assert_int_equal(fdb_look_up(&fdb, aimed[3]), 1);
    // One new, one of the old ones by the same port, one by another.
    assert_int_equal(fdb_learn(&fdb, aimed[FDB_BUCKET_SLOTS], 0), FDB_LEARNED);
    assert_int_equal(fdb_learn(&fdb, aimed[5], 0), FDB_LEARNED);
    assert_int_equal(fdb_learn(&fdb, aimed[6], 2), FDB_LEARNED);
    assert_true(fdb_add_own(&fdb, aimed[7]));
    assert_int_equal(fdb.remain, FDB_BUCKET_SLOTS - 5);
    check_books();
    pass(SECOND);
    assert_int_equal(fdb.remain, 0);
    assert_int_equal(fdb.entries, 5);
    assert_int_equal(fdb.held[0], 2);
    check_books();
    free(memory);
}

// A port that goes up and down all the time, with stations each time: at most so many codes are in
// use, after which a flush waits until the table was swept; never does an entry come back.
static void test_many_flushes(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    unsigned flushes = 0;
    for (; fdb.flush_later == 0; flushes++) {
        fdb_learn(&fdb, 0x100 + 2 * flushes, 5);
        const uint32_t flushed = fdb_flush(&fdb, 5);
        assert_int_equal(flushed, fdb.flush_later == 0);
    }
    assert_int_equal(flushes, FDB_CODES - 1 - (FDB_BOX + 1) + 1);
    assert_int_equal(fdb_look_up(&fdb, 0x100 + 2 * (flushes - 1)), 5);      // not yet
    const uint64_t walk = fdb_bytes(CAPACITY) / CACHE_LINE / FDB_CLEAN_MAX; // calls, a millisecond
    pass(walk * 1000);
    assert_int_equal(fdb.flush_later, 0);
    assert_int_equal(fdb.entries, 0);
    for (unsigned i = 0; i < flushes; i++)
        assert_int_equal(fdb_look_up(&fdb, 0x100 + 2 * i), FDB_NOWHERE);
    pass(walk * 1000);
    assert_int_equal(fdb.remain, 0);
    check_books();
    free(memory);
}

// Sweeping up is in small pieces, and who sleeps until the deadline does it as well.
static void test_sweeping_up_is_bounded(void **state)
{
    (void)state;
    make(CAPACITY, AGEING, seeds);
    while (fdb.entries < CAPACITY)
        fdb_learn(&fdb, random_address(), (unsigned)(random_number() % 8));
    fdb_flush(&fdb, FDB_NOWHERE);
    assert_int_equal(fdb.remain, CAPACITY);
    for (uint32_t before; (before = fdb.remain) > 0;) {
        assert_true(fdb_deadline(&fdb) <= now + 1000);
        fdb_age(&fdb, now += 1000);
        assert_true(before - fdb.remain <= FDB_CLEAN_MAX * FDB_BUCKET_SLOTS);
    }
    assert_in_range(now, 12345, 12345 + SECOND / 2);
    assert_true(fdb_deadline(&fdb) == UINT64_MAX);
    for (uint64_t slot = 0; slot < fdb_bytes(CAPACITY) / sizeof(uint64_t); slot++)
        assert_true(((const uint64_t *)memory)[slot] == 0);
    free(memory);
}

// Against a list that cannot be wrong. Few buckets, so that they fill up and have gaps to close.
enum { STATIONS = 600, MODEL_CAPACITY = 256 };

static void test_against_a_list(void **state)
{
    (void)state;
    make(MODEL_CAPACITY, 10, seeds);
    const uint64_t ageing = 10 * SECOND;
    struct {
        uint64_t address, seen;
        int port; // -1: not known
    } list[STATIONS];
    for (unsigned i = 0; i < STATIONS; i++)
        list[i].address = random_address(), list[i].port = -1, list[i].seen = 0;
    uint64_t refused = 0, moved = 0;
    for (unsigned step = 0; step < 200000; step++) {
        const unsigned who = (unsigned)(random_number() >> 20) % STATIONS;
        const int port = (int)(random_number() % 8);
        // An entry may be there a little longer than the list says, never shorter.
        const unsigned found = fdb_look_up(&fdb, list[who].address);
        if (list[who].port >= 0 && now - list[who].seen < ageing)
            assert_int_equal(found, list[who].port);
        if (list[who].port < 0 || now - list[who].seen > ageing + ageing / 50)
            assert_int_equal(found, FDB_NOWHERE);
        const enum fdb_learned learned = fdb_learn(&fdb, list[who].address, (unsigned)port);
        refused += learned == FDB_REFUSED;
        moved += learned == FDB_MOVED;
        if (learned == FDB_MOVED)
            assert_int_not_equal(list[who].port, port);
        if (learned == FDB_REFUSED) {
            list[who].port = -1;
        } else {
            list[who].port = port;
            list[who].seen = now;
        }
        pass(random_number() >> 20 & 0xffff);
        if (random_number() % 2000 == 0) {
            fdb_flush(&fdb, (unsigned)port);
            for (unsigned i = 0; i < STATIONS; i++)
                if (list[i].port == port)
                    list[i].port = -1;
        }
        if (step % 100 == 0)
            check_books();
    }
    assert_int_equal(fdb.refused, refused);
    assert_int_equal(fdb.moved, moved);
    assert_true(refused > 500 && moved > 1000 && fdb.aged > 1000 && fdb.flushed > 1000);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learn_and_move),
        cmocka_unit_test(test_own_address),
        cmocka_unit_test(test_ageing),
        cmocka_unit_test(test_longest_ageing),
        cmocka_unit_test(test_time_wraps),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_ageing_is_bounded),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_capacity_is_real),
        cmocka_unit_test(test_patterns_spread),
        cmocka_unit_test(test_nobody_can_aim),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_forgotten_stations_make_room),
        cmocka_unit_test(test_many_flushes),
        cmocka_unit_test(test_sweeping_up_is_bounded),
        cmocka_unit_test(test_against_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
