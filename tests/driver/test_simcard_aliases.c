// SPDX-License-Identifier: BSD-2-Clause
// The simulated 82599's registers with two addresses, for drivers that use the other one.
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
#include "bench/simcard_82599.h"
#include "drivers/ixgbe/regs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SRRCTL_OTHER = 0x02108, DCA_RXCTRL_OTHER = 0x02208, RAH_OTHER = 0x05404, Q = 2 };

static uint32_t registers[SIMCARD_BAR_SIZE / 4];
static struct simcard card;

static int open_card(void **state)
{
    (void)state;
    simcard_open(&card, registers);
    return 0;
}

static void with_hooks(void **state)
{
    (void)state;
    simcard_write(&card, SRRCTL_OTHER, IXGBE_SRRCTL_BSIZE_KB(4));
    assert_int_equal(simcard_read(&card, IXGBE_SRRCTL(Q)), 4);
    simcard_write(&card, IXGBE_SRRCTL(Q), IXGBE_SRRCTL_BSIZE_KB(8));
    assert_int_equal(simcard_read(&card, SRRCTL_OTHER), 8);
    assert_int_equal(simcard_read(&card, DCA_RXCTRL_OTHER), IXGBE_DCA_RXCTRL_RESERVED);
    // A rule holds at either address.
    simcard_write(&card, SRRCTL_OTHER, IXGBE_SRRCTL_BSIZE_KB(17));
    assert_non_null(strstr(card.violation, "BSIZEPACKET"));
}

static void as_plain_memory(void **state)
{
    (void)state;
    card.plain = true;
    simcard_tick(&card);
    assert_int_equal(registers[SRRCTL_OTHER / 4], 2);
    assert_int_equal(registers[RAH_OTHER / 4], registers[IXGBE_RAH(0) / 4]);
    assert_true(registers[RAH_OTHER / 4] & IXGBE_RAH_AV);

    registers[SRRCTL_OTHER / 4] = 4;
    simcard_tick(&card);
    assert_int_equal(registers[IXGBE_SRRCTL(Q) / 4], 4);
    registers[IXGBE_SRRCTL(Q) / 4] = 8;
    simcard_tick(&card);
    assert_int_equal(registers[SRRCTL_OTHER / 4], 8);
}

static void after_a_reset(void **state)
{
    (void)state;
    card.plain = true;
    registers[SRRCTL_OTHER / 4] = 4;
    registers[DCA_RXCTRL_OTHER / 4] = 0;
    simcard_tick(&card);
    registers[IXGBE_CTRL / 4] = IXGBE_CTRL_RST;
    for (unsigned i = 0; i < 1000 && card.resets == 0; i++)
        simcard_tick(&card);
    assert_int_equal(card.resets, 1);
    assert_int_equal(registers[IXGBE_SRRCTL(Q) / 4], 2);
    assert_int_equal(registers[SRRCTL_OTHER / 4], 2);
    assert_int_equal(registers[DCA_RXCTRL_OTHER / 4], IXGBE_DCA_RXCTRL_RESERVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(with_hooks, open_card),
        cmocka_unit_test_setup(as_plain_memory, open_card),
        cmocka_unit_test_setup(after_a_reset, open_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
