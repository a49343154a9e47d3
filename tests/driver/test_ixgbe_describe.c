// SPDX-License-Identifier: BSD-2-Clause
// Looking into an 82599: the answer is complete, harmless, and comes from any card.
// links: drivers/ixgbe/start.c drivers/ixgbe/steps.c drivers/ixgbe/stop.c
// links: drivers/ixgbe/describe.c drivers/ixgbe/device.c drivers/ixgbe/eeprom.c
// links: drivers/ixgbe/flow_control.c
// links: drivers/ixgbe/i2c.c drivers/ixgbe/interrupt.c drivers/ixgbe/led.c drivers/ixgbe/link.c
// links: drivers/ixgbe/model.c drivers/ixgbe/adopt.c drivers/ixgbe/parts.c drivers/ixgbe/port.c
// links: drivers/ixgbe/misdeeds.c
// links: drivers/ixgbe/probe.c
// links: drivers/ixgbe/receive.c drivers/ixgbe/reset.c drivers/ixgbe/ring_receive.c
// links: drivers/ixgbe/relay.c drivers/ixgbe/relay_avx2.c drivers/ixgbe/steer.c
// links: drivers/ixgbe/ring_transmit.c drivers/ixgbe/rss.c drivers/ixgbe/semaphore.c
// links: drivers/ixgbe/sfp.c drivers/ixgbe/sfp_setup.c drivers/ixgbe/stats.c
// links: drivers/ixgbe/transmit.c
// links: bench/simcard_82599.c bench/simcard_82599_module.c bench/simcard_82599_rings.c
// links: bench/simcard_82599_aliases.c bench/simcard_82599_rss.c bench/simcard_82599_rules.c
// links: tests/driver/env_host.c tests/driver/sim_ixgbe.c
#include "drivers/ixgbe/device.h"
#include "drivers/ixgbe/regs.h"
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LEDCTL = 0x05040120 }; // 0: link, 1: 10 Gb/s, 2: link and activity, 3: 1 Gb/s

static struct sim sim;

static uint32_t *reg(uint32_t offset)
{
    return &sim.registers[offset / 4];
}

// Describes the port; whatever state it is in, nothing may be written to the card and not much
// read.
static const char *describe(void)
{
    const uint64_t reads = sim.card.reads, writes = sim.card.writes;
    sim.env.printed[sim.env.printed_length = 0] = '\0';
    ixgbe_driver.describe(&sim.port);
    assert_int_equal(sim.card.writes, writes);
    assert_true(sim.card.reads - reads < 200);
    return sim.env.printed;
}

static void expect(const char *printed, const char *text)
{
    if (strstr(printed, text) == NULL)
        fail_msg("printed:\n%smissing: %s", printed, text);
}

static void expect_not(const char *printed, const char *text)
{
    if (strstr(printed, text) != NULL)
        fail_msg("printed:\n%sshould not say: %s", printed, text);
}

static void running_card(void **state)
{
    (void)state;
    sim_run(&sim, 2, 64);
    *reg(IXGBE_LEDCTL) = LEDCTL;
    const char *printed = describe();
    expect(printed, "  82599 SFP+ (X520), port 0 of the card\n");
    expect(printed, " LEDCTL    05040120 ");
    expect(printed, " RXCTRL    00000001 ");
    expect(printed, " RAL0      12211b00 RAH0      80005634 ");
    expect(printed, " AUTOC     00006200 ");
    expect(printed, "  rx 0  RXDCTL 02000000 SRRCTL 10000002 RDBA 0010");
    expect(printed, " RDLEN 400\n        RDH 0 RDT 63; driver: next 0, withheld 0, of 64\n");
    expect(printed, "  tx 1  TXDCTL 02");
    expect(printed, "        TDH 0 TDT 0; driver: head 0, clean 0, tail 0, free 63\n");
    expect_not(printed, "tx 2");
    expect_not(printed, "no ring");
    expect(printed, "  link: up, 10000 Mb/s\n");
    expect(printed, "  module: 10GBASE-SR; 10G yes, 1G no\n");
    expect(printed, "  module: vendor \"SIMULATED\" part \"SR-850-X\" serial \"0001\"\n");
    expect(printed, "  EEPROM 00: 0000 0101 0202 ffff  0080 ffff ffff ffff\n");
    expect(printed, "  EEPROM 38: 3838 3939 3a3a 3b3b  3c3c 3d3d 3e3e ");
    expect(printed, ": right\n");
    assert_string_equal(sim.card.violation, "");
}

// What a read would clear or take stays as it was.
static void no_side_effects(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    const uint32_t delicate[] = {IXGBE_EICR,    IXGBE_QPRDC(0), IXGBE_MPC(0),
                                 IXGBE_CRCERRS, IXGBE_RLEC,     IXGBE_RJC};
    for (size_t i = 0; i < sizeof delicate / sizeof delicate[0]; i++)
        *reg(delicate[i]) = 7;
    *reg(IXGBE_SWSM) = 0;
    describe();
    for (size_t i = 0; i < sizeof delicate / sizeof delicate[0]; i++)
        assert_int_equal(*reg(delicate[i]), 7);
    assert_int_equal(*reg(IXGBE_SWSM), 0);
}

static void frames_go_on(void **state)
{
    (void)state;
    uint8_t frame[64] = {0};
    sim_run(&sim, 1, 64);
    for (unsigned i = 0; i < 200; i++) {
        assert_true(simcard_receive(&sim.card, frame, sizeof frame));
        assert_int_equal(sim_forward(&sim, 0, 32), 1);
        if (i % 10 == 0)
            describe();
        simcard_transmit(&sim.card);
    }
    assert_int_equal(sim.sent_count, 200);
    assert_true(sim_conserved(&sim));
}

static void stopped_card(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    const char *printed = describe();
    expect(printed, "  module: 10GBASE-SR; 10G yes, 1G no\n");
    expect(printed, "link: not followed");
    expect(printed, "  16 transmit queues have no ring (TDLEN is 0)\n");
    expect(printed, ": right\n");
}

static void gone_card(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    sim.card.gone = true;
    const uint64_t reads = sim.card.reads;
    const char *printed = describe();
    assert_int_equal(sim.card.reads, reads + 1);
    expect(printed, "registers read all ones: the card is powered down or gone\n");
    expect(printed, "vendor \"SIMULATED\""); // known from before
    expect_not(printed, "CTRL_EXT");
}

static void empty_cage(void **state)
{
    (void)state;
    sim.card.module_present = false;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim_deal_buffers(&sim);
    assert_int_equal(sim_start(&sim), 0);
    const char *printed = describe();
    expect(printed, "module: none, the cage was empty when last asked\n");
    expect(printed, "link: down for 0 s, being started\n");
    sim_poll(&sim, SIM_LINK_POLLS);
    printed = describe();
    expect(printed, "module: none, the cage was empty when last asked\n");
    expect(printed, "link: down for 0 s\n");
}

static void damaged_eeprom(void **state)
{
    (void)state;
    sim.card.eeprom[0x20] ^= 0x0010;
    assert_int_not_equal(ixgbe_driver.probe(&sim.port), 0);
    const char *printed = describe();
    expect(printed, "EEPROM 20: 2030 2121 ");
    expect(printed, ": WRONG, the contents want ");
    expect_not(printed, "rx 0");
}

static void silent_eeprom(void **state)
{
    (void)state;
    sim.card.eerd_hangs = true;
    assert_int_not_equal(ixgbe_driver.probe(&sim.port), 0);
    const char *printed = describe();
    expect(printed, "EEPROM: 0 words of 64 could be read: see the log\n");
    expect_not(printed, "right");
}

static void refused_cards(void **state)
{
    (void)state;
    sim.pci[2] = 0xED; // 10ed: a virtual function
    assert_int_not_equal(ixgbe_driver.probe(&sim.port), 0);
    expect(describe(), "  82599 virtual function, port 0 of the card; never tried\n");
    expect(describe(), "no registers: BAR 0 was not taken into use");

    sim.pci[2] = 0xFB;
    sim.env.bar_size[0] = 0x10000;
    assert_int_not_equal(ixgbe_driver.probe(&sim.port), 0);
    const uint64_t reads = sim.card.reads;
    expect(describe(), "no registers: BAR 0 was not taken into use");
    assert_int_equal(sim.card.reads, reads);

    sim.env.allocations_allowed = 0;
    sim.port.device = NULL;
    assert_int_equal(ixgbe_driver.probe(&sim.port), -ENOMEM);
    assert_string_equal(describe(), "  the driver did not get as far as the card: see the log\n");
}

static void blinks(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    *reg(IXGBE_LEDCTL) = LEDCTL;
    assert_int_equal(ixgbe_driver.blink(&sim.port, false), 0);
    assert_int_equal(*reg(IXGBE_LEDCTL), LEDCTL);
    for (unsigned i = 0; i < 2; i++) { // twice changes nothing
        assert_int_equal(ixgbe_driver.blink(&sim.port, true), 0);
        assert_int_equal(*reg(IXGBE_LEDCTL), 0x058E0120);
    }
    assert_int_equal(ixgbe_driver.blink(&sim.port, false), 0);
    assert_int_equal(*reg(IXGBE_LEDCTL), LEDCTL);
    assert_string_equal(sim.card.violation, "");
}

static void blinks_where_the_link_light_is(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    *reg(IXGBE_LEDCTL) = 0x01010144; // light 0 is link and activity, inverted
    assert_int_equal(ixgbe_driver.blink(&sim.port, true), 0);
    assert_int_equal(*reg(IXGBE_LEDCTL), 0x0101018E);
    assert_int_equal(ixgbe_driver.blink(&sim.port, false), 0);
    *reg(IXGBE_LEDCTL) = 0; // none is: the usual one
    assert_int_equal(ixgbe_driver.blink(&sim.port, true), 0);
    assert_int_equal(*reg(IXGBE_LEDCTL), 0x008E0000);
}

static void lights_on_the_phy(void **state)
{
    (void)state;
    sim.pci[2] = 0xAD;
    sim.pci[3] = 0x15; // X552 10GBASE-T
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    *reg(IXGBE_LEDCTL) = LEDCTL;
    assert_int_equal(ixgbe_driver.blink(&sim.port, true), -ENOTSUP);
    assert_int_equal(*reg(IXGBE_LEDCTL), LEDCTL);
}

static void does_not_blink(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim.card.gone = true;
    assert_int_equal(ixgbe_driver.blink(&sim.port, true), -ENODEV);
    assert_int_not_equal(ixgbe_driver.probe(&sim.port), 0);
    assert_int_equal(ixgbe_driver.blink(&sim.port, true), -ENODEV);
}

static unsigned lines_left;
static uint64_t reads_before;

static void reset_begins(void *context)
{
    struct ixgbe *card = ((struct sim *)context)->port.device;
    if (lines_left-- != 1)
        return;
    card->reset.step = 1;
    reads_before = sim.card.reads;
}

// Wherever in the text the box begins a reset: no register is read from then on.
static void reset_meanwhile(void **state)
{
    (void)state;
    sim_run(&sim, 3, 64);
    struct ixgbe *card = sim.port.device;
    sim.env.on_print = reset_begins;
    for (unsigned line = 1;; line++) {
        card->reset.step = 0;
        lines_left = line;
        const char *printed = describe();
        if (card->reset.step == 0)
            break; // there are not so many lines
        assert_int_equal(sim.card.reads, reads_before);
        if (line < 12)
            expect(printed, line == 1 ? "a reset is under way\n" : "a reset has begun, the rest ");
    }
    sim.env.on_print = NULL;
    card->reset.step = 0;
    expect(describe(), "  link: up, 10000 Mb/s\n");
}

#define test(name) cmocka_unit_test_prestate_setup_teardown(name, sim_setup, sim_teardown, &sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(running_card),
        test(no_side_effects),
        test(frames_go_on),
        test(stopped_card),
        test(gone_card),
        test(reset_meanwhile),
        test(empty_cage),
        test(damaged_eeprom),
        test(silent_eeprom),
        test(refused_cards),
        test(blinks),
        test(does_not_blink),
        test(lights_on_the_phy),
        test(blinks_where_the_link_light_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
