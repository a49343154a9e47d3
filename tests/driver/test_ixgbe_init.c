// SPDX-License-Identifier: BSD-2-Clause
// From power-on to link: the 82599 driver does what the datasheet says, in its order, and says what
// is wrong when something is.
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
#include "drivers/ixgbe/regs.h"
#include "tests/driver/sim_ixgbe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sim sim;

#define assert_rules_kept() sim_assert_rules_kept(&sim)
#define assert_logged(text) sim_assert_logged(&sim, text)

static uint32_t registers(uint32_t offset)
{
    return sim.registers[offset / 4];
}

static uint32_t rate_select(void)
{
    return sim.registers[IXGBE_ESDP / 4] & (IXGBE_ESDP_SDP5_DRIVE | IXGBE_ESDP_SDP5);
}

static void comes_up(void **state)
{
    (void)state;
    sim_run(&sim, 2, 0);
    sim_poll(&sim, SIM_LINK_POLLS); // the module is looked at once more
    assert_in_range(sim.longest_poll, 1, SIM_POLL_US);
    assert_rules_kept();
    assert_memory_equal(sim.port.mac, sim.card.mac, 6);
    assert_int_equal(sim.port.state, PORT_RUNNING);
    assert_int_equal(sim.port.link_mbps, 10000);
    assert_int_equal(rate_select(), 0); // the module has one rate
    assert_int_equal(sim.port.max_frame, 2048);
    assert_int_equal(sim.port.rx[0]->slots, 512);
    assert_true(sim.env.bus_master);
    assert_logged("82599 SFP+ (X520)");
    assert_logged("module: 10GBASE-SR, SIMULATED SR-850-X, serial 0001");
    assert_logged("module: 31.2 C, 3.30 V, light out 560 uW, light in 480 uW");

    // A forwarder takes everything; flow control is off; interrupts only for the link.
    const uint32_t all = IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE | IXGBE_FCTRL_UPE;
    assert_int_equal(registers(IXGBE_FCTRL) & all, all);
    assert_int_equal(registers(IXGBE_MFLCN) & (IXGBE_MFLCN_RFCE | IXGBE_MFLCN_RPFCE), 0);
    assert_int_equal(registers(IXGBE_EIMS), IXGBE_EICR_LSC);
    assert_int_equal(registers(IXGBE_IVAR_MISC), 0x8000);
    assert_int_equal(sim.env.routed, 1);
    // The settings for a short-range module in port 0.
    assert_int_equal(registers(IXGBE_CORECTL), 0xC005);
    assert_int_equal(registers(IXGBE_SW_FW_SYNC), 0);
    // Only the queues that the box wants.
    assert_true(registers(IXGBE_TXDCTL(1)) & IXGBE_TXDCTL_ENABLE);
    assert_false(registers(IXGBE_TXDCTL(2)) & IXGBE_TXDCTL_ENABLE);
    assert_int_equal(registers(IXGBE_RDT(0)), 511);
}

static void probe_leaves_the_card_quiet(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    assert_rules_kept();
    assert_false(sim.env.bus_master);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_int_equal(sim.port.tx_queues, 16);
    assert_int_equal(registers(IXGBE_EIMS), 0);
}

static void ring_sizes(void **state)
{
    (void)state;
    static const struct {
        uint32_t wanted, got;
    } cases[] = {{0, 512}, {1, 64}, {100, 96}, {4096, 4096}, {100000, 4096}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            sim_close(&sim);
            sim_open(&sim);
        }
        sim.port.ring_slots = cases[i].wanted;
        assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
        assert_int_equal(sim.port.rx[0]->slots, cases[i].got);
        assert_int_equal(sim.port.tx[15]->slots, cases[i].got);
    }
}

static void second_port_of_the_card(void **state)
{
    (void)state;
    sim.card.lan = 1;
    sim.registers[IXGBE_STATUS / 4] |= 1 << 2;
    sim.card.module[8] = 1 << 2; // passive cable
    sim.card.module[3] = 0;
    simcard_seal_module(&sim.card);
    sim_run(&sim, 1, 0);
    assert_rules_kept();
    assert_int_equal(registers(IXGBE_CORECTL), 0xC004);
    assert_logged("direct attach, passive");
}

static void double_reset_when_the_card_will_not_be_quiet(void **state)
{
    (void)state;
    sim.card.master_hangs = true;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    assert_int_equal(sim.card.resets, 2);
    assert_logged("STATUS.PCIe_Master_Enable to clear: register 00008h");
    assert_logged("section 5.2.5.3.2");
}

static void without_a_vector_the_link_is_polled(void **state)
{
    (void)state;
    sim.env.vectors = 0;
    sim_run(&sim, 1, 0);
    assert_int_equal(registers(IXGBE_EIMS), 0);
}

// Probing fails with this message, and the card is left without access to memory.
static void refuses(const char *message, int error)
{
    assert_int_equal(ixgbe_driver.probe(&sim.port), error);
    assert_logged(message);
    assert_false(sim.env.bus_master);
    assert_int_equal(sim.port.state, PORT_ABSENT);
    ixgbe_driver.poll(&sim.port); // and nothing that follows does harm
    ixgbe_driver.stop(&sim.port);
}

static void set_device(uint16_t device)
{
    memcpy(&sim.pci[2], &device, sizeof device);
}

static void unknown_device(void **state)
{
    (void)state;
    assert_false(ixgbe_driver.supports(0x8086, 0x100E));
    assert_false(ixgbe_driver.supports(0x1AF4, 0x10FB));
    set_device(0x100E);
    refuses("8086:100e is no card of the 82599 family", -ENODEV);
}

static void virtual_function(void **state)
{
    (void)state;
    assert_true(ixgbe_driver.supports(0x8086, 0x10ED));
    set_device(0x10ED);
    refuses("is a virtual function: give the box the physical function", -ENODEV);
    assert_int_equal(sim.card.reads + sim.card.writes, 0);
}

static void older_card(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x10B6, 0x10C6, 0x10C7, 0x10C8, 0x10DB, 0x10DD,
                                   0x10E1, 0x10EC, 0x10F1, 0x10F4, 0x1508, 0x150B};
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_true(ixgbe_driver.supports(0x8086, ids[i]));
        set_device(ids[i]);
        sim.env.log_length = 0;
        refuses("is an 82598", -ENODEV);
    }
}

static void bar_not_assigned(void **state)
{
    (void)state;
    sim.env.bar_size[0] = 0;
    refuses("BAR 0 is not there: the firmware gave it no address", -ENODEV);
}

static void bar_too_small(void **state)
{
    (void)state;
    sim.env.bar_size[0] = 0x4000;
    refuses("BAR 0 has 16384 bytes, expected 131072 at least", -ENODEV);
}

// In D3, or pulled out: reads give all ones.
static void powered_down(void **state)
{
    (void)state;
    sim.card.registers_gone = true;
    refuses("STATUS reads all ones: the card is powered down or gone", -ENODEV);
    sim.card.gone = true; // the configuration space too
    refuses("ffff:ffff is no card", -ENODEV);
}

static void reset_never_ends(void **state)
{
    (void)state;
    sim.card.reset_hangs = true;
    refuses("CTRL.RST and CTRL.LRST to clear: register 00000h is 0400000ch", -ETIMEDOUT);
    assert_logged("section 4.2.1.6.1");
}

static void eeprom_never_read(void **state)
{
    (void)state;
    sim.card.no_auto_read = true;
    refuses("EEC.Auto_RD to be set: register 10010h is 00000100h", -ETIMEDOUT);
}

static void dma_never_ready(void **state)
{
    (void)state;
    sim.card.no_dma_init = true;
    refuses("RDRXCTL.DMAIDONE to be set: register 02f00h is 00100000h", -ETIMEDOUT);
}

static void no_eeprom(void **state)
{
    (void)state;
    sim.card.no_eeprom = true;
    refuses("no EEPROM with a valid signature: EEC is 00000200h", -EIO);
}

static void eeprom_does_not_answer(void **state)
{
    (void)state;
    sim.card.eerd_hangs = true;
    refuses("EERD.DONE to be set: register 10014h is 00000001h", -ETIMEDOUT);
}

static void eeprom_checksum(void **state)
{
    (void)state;
    sim.card.eeprom[0x20] ^= 0x0400;
    refuses("EEPROM checksum: word 3Fh is", -EIO);
}

// The sections that words 3..0Eh point to count too.
static void eeprom_section_checksum(void **state)
{
    (void)state;
    sim.card.eeprom[sim.card.eeprom[0x04] + 2] ^= 1;
    refuses("EEPROM checksum: word 3Fh is", -EIO);
}

static void eeprom_pointer_is_rubbish(void **state)
{
    (void)state;
    sim.card.eeprom[0x05] = 0x03FF; // the word there is FFFFh: no section
    sim.card.eeprom[0x06] = 0x7000; // behind the end
    refuses("EEPROM checksum", -EIO);
}

static void no_mac_address(void **state)
{
    (void)state;
    memset(sim.card.mac, 0, 6);
    refuses("no usable MAC address: RAL 00000000h, RAH 80000000h", -EIO);
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    const unsigned needed = sim.env.allocation_count;
    assert_in_range(needed, 10, HOST_ALLOCATIONS_MAX - 1);
    for (unsigned allowed = 0; allowed < needed; allowed++) {
        sim_close(&sim);
        sim_open(&sim);
        sim.env.allocations_allowed = allowed;
        refuses("no memory", -ENOMEM);
    }
}

// Starting fails with this message, the card is left without access to memory, and can be tried
// again.
static void start_refuses(const char *message)
{
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim.port.tx_queues = 1;
    sim_deal_buffers(&sim);
    assert_true(sim_start(&sim) < 0);
    assert_logged(message);
    assert_false(sim.env.bus_master);
    assert_int_equal(sim.port.state, PORT_STOPPED);
    assert_true(sim_conserved(&sim));

    sim.card.rx_queue_hangs = sim.card.tx_queue_hangs = sim.card.security_hangs = false;
    assert_int_equal(sim_start(&sim), 0);
    assert_rules_kept();
}

static void receive_queue_never_starts(void **state)
{
    (void)state;
    sim.card.rx_queue_hangs = true;
    start_refuses("RXDCTL.ENABLE to be set: register 01028h");
}

static void transmit_queue_never_starts(void **state)
{
    (void)state;
    sim.card.tx_queue_hangs = true;
    start_refuses("TXDCTL.ENABLE to be set: register 06028h");
}

static void security_block_never_ready(void **state)
{
    (void)state;
    sim.card.security_hangs = true;
    start_refuses("SECRXSTAT.SECRX_RDY to be set: register 08d04h is 00000000h");
}

static void slot_names_no_buffer(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim.port.tx_queues = 1;
    sim_deal_buffers(&sim);
    sim.port.tx[0]->buffer_of[7] = sim.area.count;
    assert_int_equal(sim_start(&sim), -EINVAL);
    assert_logged("slot 7 of queue 1 names buffer 1024 of 1024");
    assert_false(sim.env.bus_master);
}

// ---- Modules and links

static void start_only(void)
{
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim.port.tx_queues = 1;
    sim_deal_buffers(&sim);
    assert_int_equal(sim_start(&sim), 0);
}

static void seconds_pass(unsigned seconds)
{
    for (uint64_t left = 1000000 * (uint64_t)seconds, step; left > 0; left -= step) {
        step = sim.port.poll_soon_us != 0 ? sim.port.poll_soon_us : 1000;
        step = step < left ? step : left;
        host_clock_step((uint32_t)step);
        env_time_us();
        host_clock_step(1);
        sim_poll(&sim, 1);
    }
    assert_in_range(sim.longest_poll, 1, SIM_POLL_US);
}

static void empty_cage_then_a_module(void **state)
{
    (void)state;
    sim.card.module_present = false;
    start_only();
    seconds_pass(1);
    assert_logged("no module in the cage: nobody answers at I2C address A0h");
    seconds_pass(10);
    assert_false(sim.port.link_up);
    assert_logged("no link after 10 s: the cage is empty");

    sim.card.module_present = true;
    seconds_pass(5);
    assert_logged("module: 10GBASE-SR");
    assert_true(sim.port.link_up);
    assert_rules_kept();
}

static void partner_silent(void **state)
{
    (void)state;
    sim.card.partner_10g = false;
    start_only();
    seconds_pass(9);
    assert_false(host_logged(&sim.env, "no link after"));
    seconds_pass(2);
    assert_logged("no link after 10 s: LINKS 00000000h, AUTOC 00006200h");
    assert_logged("is the other end on, the cable whole, and does the other end run at 10 Gb/s");
    sim.card.partner_10g = true;
    seconds_pass(5);
    assert_true(sim.port.link_up);
    assert_rules_kept();
}

static void partner_at_1g(void **state)
{
    (void)state;
    sim.card.module[6] = 1; // also 1000BASE-SX
    simcard_seal_module(&sim.card);
    sim.card.partner_10g = false;
    sim.card.partner_1g = true;
    start_only();
    seconds_pass(1);
    assert_int_equal(rate_select(), IXGBE_ESDP_SDP5_DRIVE | IXGBE_ESDP_SDP5);
    seconds_pass(9);
    assert_true(sim.port.link_up);
    assert_int_equal(sim.port.link_mbps, 1000);
    assert_int_equal(rate_select(), IXGBE_ESDP_SDP5_DRIVE);
    assert_rules_kept();
}

static void copper_1g_module(void **state)
{
    (void)state;
    sim.card.module[3] = 0;
    sim.card.module[6] = 1 << 3;
    simcard_seal_module(&sim.card);
    sim.card.partner_10g = false;
    sim.card.partner_1g = true;
    start_only();
    seconds_pass(1);
    assert_logged("module: 1000BASE-T");
    assert_logged("1 Gb/s only");
    assert_int_equal(sim.port.link_mbps, 1000);
}

// A module that is slow holds the clock; it is understood, and others do not wait for it.
static void slow_module(void **state)
{
    (void)state;
    sim.card.module_stretch = 300;
    start_only();
    seconds_pass(1);
    sim.card.module[71] = '2';
    sim.card.partner_10g = false;
    seconds_pass(1);
    sim.card.partner_10g = true;
    seconds_pass(15);
    assert_logged("module: 10GBASE-SR, SIMULATED SR-850-X, serial 0002");
    assert_true(sim.port.link_up);
    assert_rules_kept();
}

// Another module, plugged in while nobody looked, or while the port was stopped.
static void module_exchanged(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    for (char serial = '2'; serial <= '5'; serial++) {
        const size_t said = sim.env.log_length;
        if (serial % 2) {
            sim_stop(&sim);
            sim.card.module[71] = (uint8_t)serial;
            assert_int_equal(sim_start(&sim), 0);
        } else {
            sim.card.partner_10g = false;
            seconds_pass(1);
            sim.card.module[71] = (uint8_t)serial;
            sim.card.module_repeats = serial == '4';
            seconds_pass(6);
            sim.card.partner_10g = true;
        }
        seconds_pass(5);
        assert_true(sim.port.link_up);
        const char text[] = {'s', 'e', 'r', 'i', 'a', 'l', ' ', '0', '0', '0', serial, 0};
        assert_non_null(strstr(sim.env.log + said, text));
    }
    // The same one again is not read again.
    const size_t said = sim.env.log_length;
    sim_stop(&sim);
    assert_int_equal(sim_start(&sim), 0);
    sim_poll(&sim, SIM_LINK_POLLS);
    assert_true(sim.port.link_up);
    assert_int_equal(sim.env.log_length, said);
    assert_rules_kept();
}

// The wires belong to somebody else for a while: the module is read when they are free.
static void wires_taken(void **state)
{
    (void)state;
    assert_int_equal(ixgbe_driver.probe(&sim.port), 0);
    sim.port.tx_queues = 1;
    sim_deal_buffers(&sim);
    assert_int_equal(sim_start(&sim), 0);
    sim.registers[IXGBE_SW_FW_SYNC / 4] = IXGBE_SYNC_FIRMWARE(IXGBE_SYNC_PHY(0));
    seconds_pass(2);
    assert_logged("waited 1000000 us for SW_FW_SYNC bit 2h: register is 00000040h");
    assert_true(sim.port.link_up); // the module is known from before
    sim.card.module[71] = '2';
    sim.card.partner_10g = false;
    seconds_pass(1);
    sim.card.partner_10g = true;
    sim.registers[IXGBE_SW_FW_SYNC / 4] = 0;
    seconds_pass(4);
    assert_logged("module: 10GBASE-SR, SIMULATED SR-850-X, serial 0002");
    assert_true(sim.port.link_up);
    assert_rules_kept();
}

// Stopped in the middle of a conversation with the module: the wires are given back.
static void stopped_while_reading_the_module(void **state)
{
    (void)state;
    start_only();
    for (unsigned polls = 1; polls < 60; polls++) {
        sim.card.module[71] = (uint8_t)('0' + polls); // every time another one
        sim_poll(&sim, 50 * polls);
        sim_stop(&sim);
        assert_int_equal(registers(IXGBE_SW_FW_SYNC), 0);
        assert_int_equal(sim_start(&sim), 0);
    }
    sim_poll(&sim, SIM_LINK_POLLS);
    assert_logged("module: 10GBASE-SR");
    assert_true(sim.port.link_up);
    assert_rules_kept();
}

static void flow_control(void **state)
{
    (void)state;
    sim_run(&sim, 1, 64);
    assert_int_equal(registers(IXGBE_FCCFG), 0);
    assert_int_equal(registers(IXGBE_FCRTH(0)) & IXGBE_FCRTH_FCEN, 0);
    assert_true(registers(IXGBE_SRRCTL(0)) & IXGBE_SRRCTL_DROP_EN);

    sim_close(&sim);
    sim_open(&sim);
    assert_true(ixgbe_driver.flow_control);
    sim.port.flow_control = true;
    sim_run(&sim, 1, 64);
    assert_rules_kept();
    assert_int_equal(registers(IXGBE_FCCFG), IXGBE_FCCFG_TFCE);
    assert_int_equal(registers(IXGBE_MFLCN), IXGBE_MFLCN_RFCE | IXGBE_MFLCN_DPF);
    assert_int_equal(registers(IXGBE_FCTTV(0)), UINT32_MAX);
    assert_int_equal(registers(IXGBE_FCRTV), 0x7FFF);
    assert_int_equal(registers(IXGBE_FCRTH(0)), 0x80079000);
    assert_int_equal(registers(IXGBE_FCRTL(0)), 0x8003C800);
    assert_int_equal(registers(IXGBE_FCRTH(1)), 0);
    // A frame without a descriptor waits in the packet buffer, so that the buffer can fill up.
    assert_false(registers(IXGBE_SRRCTL(0)) & IXGBE_SRRCTL_DROP_EN);
}

// A port that is paused is not dead; one that is silent without is.
static void paused(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0};
    sim.port.flow_control = true;
    sim_run(&sim, 1, 64);
    assert_true(ixgbe_driver.send_copy(sim.port.tx[0], bytes, sizeof bytes));
    for (unsigned i = 0; i < 10; i++) {
        sim.registers[IXGBE_LXOFFRXCNT / 4] = 3;
        seconds_pass(1);
        assert_int_equal(sim.port.state, PORT_RUNNING);
    }
    sim.registers[IXGBE_LXOFFRXCNT / 4] = 0;
    seconds_pass(5);
    assert_int_equal(sim.port.fault, PORT_FAULT_SILENT);
}

// A module that answers every byte of a longer read with the first: read again one by one.
static void module_without_sequential_reads(void **state)
{
    (void)state;
    sim.card.module_repeats = true;
    start_only();
    seconds_pass(3);
    assert_logged("module: 10GBASE-SR, SIMULATED SR-850-X, serial 0001");
    assert_false(host_logged(&sim.env, "damaged"));
    assert_rules_kept();
}

// A module nobody has heard of is tried all the same.
static void unsupported_module(void **state)
{
    (void)state;
    sim.card.module[0] = 0x0B;
    sim.card.module[3] = 0;
    memset(&sim.card.module[20], 0x07, 16); // a terminal would ring
    start_only();
    seconds_pass(1);
    assert_logged("module: of a kind that is not in SFF-8472");
    assert_logged("identifier 0bh, expected 03h");
    assert_logged("identity page is damaged");
    assert_null(strchr(sim.env.log, 7));
    assert_true(sim.port.link_up);
}

static void link_goes_and_comes(void **state)
{
    (void)state;
    sim_run(&sim, 1, 0);
    for (unsigned i = 0; i < 50; i++) {
        sim.card.partner_10g = false;
        seconds_pass(1);
        assert_false(sim.port.link_up);
        assert_int_equal(sim.port.tx[0]->free, 0); // nothing is sent without a question
        assert_int_equal(sim.port.link_mbps, 0);
        sim.card.partner_10g = true;
        seconds_pass(1);
        assert_true(sim.port.link_up);
    }
    assert_rules_kept();
}

static void statistics(void **state)
{
    (void)state;
    sim_run(&sim, 1, 0);
    sim.registers[IXGBE_MPC(0) / 4] = 5;
    sim.registers[IXGBE_QPRDC(0) / 4] = 7;
    sim.registers[IXGBE_CRCERRS / 4] = 3;
    sim.registers[IXGBE_ROC / 4] = 4;
    sim_poll(&sim, 10);
    assert_int_equal(sim.port.card_missed, 12);
    assert_int_equal(sim.port.card_errors, 7);
    sim_poll(&sim, 10);
    assert_int_equal(sim.port.card_missed, 12);
}

// What a card reads as that leaves in the midst of a poll().
static void statistics_of_nobody(void **state)
{
    (void)state;
    sim_run(&sim, 1, 0);
    sim.registers[IXGBE_MPC(0) / 4] = sim.registers[IXGBE_CRCERRS / 4] = UINT32_MAX;
    sim_poll(&sim, 10);
    assert_int_equal(sim.port.card_missed, 0);
    assert_int_equal(sim.port.card_errors, 0);
}

#define CASE(name) cmocka_unit_test_prestate_setup_teardown(name, sim_setup, sim_teardown, &sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(comes_up),
        CASE(probe_leaves_the_card_quiet),
        CASE(ring_sizes),
        CASE(second_port_of_the_card),
        CASE(double_reset_when_the_card_will_not_be_quiet),
        CASE(without_a_vector_the_link_is_polled),
        CASE(unknown_device),
        CASE(virtual_function),
        CASE(older_card),
        CASE(bar_not_assigned),
        CASE(bar_too_small),
        CASE(powered_down),
        CASE(reset_never_ends),
        CASE(eeprom_never_read),
        CASE(dma_never_ready),
        CASE(no_eeprom),
        CASE(eeprom_does_not_answer),
        CASE(eeprom_checksum),
        CASE(eeprom_section_checksum),
        CASE(eeprom_pointer_is_rubbish),
        CASE(no_mac_address),
        CASE(out_of_memory),
        CASE(receive_queue_never_starts),
        CASE(transmit_queue_never_starts),
        CASE(security_block_never_ready),
        CASE(slot_names_no_buffer),
        CASE(empty_cage_then_a_module),
        CASE(partner_silent),
        CASE(partner_at_1g),
        CASE(copper_1g_module),
        CASE(module_without_sequential_reads),
        CASE(unsupported_module),
        CASE(link_goes_and_comes),
        CASE(slow_module),
        CASE(module_exchanged),
        CASE(wires_taken),
        CASE(stopped_while_reading_the_module),
        CASE(flow_control),
        CASE(paused),
        CASE(statistics),
        CASE(statistics_of_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
