// SPDX-License-Identifier: BSD-2-Clause
// The link. Intel 82599 datasheet (331520) 4.6.4, 8.2.3.22 (AUTOC, AUTOC2, LINKS, ANLP1).
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/semaphore.h"

enum {
    PIPELINE_US = 40000,
    RETRY_US = 4000000,
    EXPLAIN_US = 10000000,
};

// Firmware may be writing AUTOC too. When it cannot be had, which has been logged, the link stays
// down and is tried again.
static void write_autoc(struct ixgbe *card, uint32_t autoc)
{
    if (ixgbe_lock(card, IXGBE_SYNC_MAC_CSR))
        return;
    ixgbe_write(card, IXGBE_AUTOC, autoc | IXGBE_AUTOC_RESTART);
    ixgbe_unlock(card, IXGBE_SYNC_MAC_CSR);
}

// A link that is set to another mode needs its negotiation state machine shaken awake: the mode is
// first set to something else, and when the state machine has moved (ANLP1), to what is wanted.
// The datasheet does not say so; Intel's drivers have done it since 2013. [MISSING, README.md]
static void begin(struct ixgbe *card, uint32_t autoc)
{
    card->link.autoc = autoc;
    card->link.step = LINK_PIPELINE;
    card->link.step_deadline = env_time_us() + PIPELINE_US;
    ixgbe_clear(card, IXGBE_AUTOC2, IXGBE_AUTOC2_DISABLE);
    write_autoc(card, autoc ^ IXGBE_AUTOC_LMS_TOGGLE);
}

static void finish(struct ixgbe *card)
{
    if ((ixgbe_read(card, IXGBE_ANLP1) & IXGBE_ANLP1_AN_STATE) == 0 &&
        env_time_us() < card->link.step_deadline)
        return;
    write_autoc(card, card->link.autoc);
    card->link.step = LINK_SETTLED;
}

// What AUTOC should say: what the EEPROM wants, but the rate that the module can do.
static uint32_t wanted_autoc(const struct ixgbe *card)
{
    const uint32_t autoc = ixgbe_read(card, IXGBE_AUTOC) & ~IXGBE_AUTOC_RESTART;
    if (card->model->media != IXGBE_SFP || card->sfp.module == MODULE_NONE)
        return autoc;
    return (autoc & ~IXGBE_AUTOC_LMS) |
           (card->link.at_1g ? IXGBE_AUTOC_LMS_1G_AN : IXGBE_AUTOC_LMS_10G);
}

static int start_module(struct ixgbe *card)
{
    int error = ixgbe_sfp_identify(card);
    if (error == 0)
        error = ixgbe_sfp_setup(card);
    card->link.at_1g = !card->sfp.does_10g && card->sfp.does_1g;
    return error;
}

int ixgbe_link_start(struct ixgbe *card)
{
    card->link = (struct ixgbe_link){.down_since = env_time_us()};
    card->link.retry_at = card->link.down_since + RETRY_US;
    card->port->link_up = false;
    card->port->link_mbps = 0;

    if (card->model->media == IXGBE_SFP) {
        const int error = start_module(card);
        if (error)
            return error;
    }
    if (!card->mac->has_autoc)
        return 0; // firmware and the PHY bring the link up by themselves
    if (card->model->media == IXGBE_SFP)
        ixgbe_clear(card, IXGBE_ESDP, IXGBE_ESDP_SDP3);
    begin(card, wanted_autoc(card));
    return 0;
}

void ixgbe_link_stop(struct ixgbe *card)
{
    if (card->mac->has_autoc && card->model->media == IXGBE_SFP)
        ixgbe_set(card, IXGBE_ESDP, IXGBE_ESDP_SDP3);
    card->port->link_up = false;
    card->port->link_mbps = 0;
}

// The link has been down for a while: something may be plugged in now, or the other end may run at
// the module's other rate.
static void retry(struct ixgbe *card)
{
    card->link.retry_at = env_time_us() + RETRY_US;
    if (card->model->media == IXGBE_SFP) {
        const bool had = card->sfp.module != MODULE_NONE;
        const bool has = ixgbe_sfp_present(card);
        if (had != has)
            (void)start_module(card); // what went wrong has been logged; the next round tries again
        else if (card->sfp.does_10g && card->sfp.does_1g)
            card->link.at_1g = !card->link.at_1g;
    }
    if (card->mac->has_autoc)
        begin(card, wanted_autoc(card));
}

// The link came up with an empty cage: somebody has just plugged a module in, or one that does not
// speak I2C. True when there was one to set up; the link starts again with its settings.
static bool found_module(struct ixgbe *card)
{
    if (card->model->media != IXGBE_SFP || card->sfp.module != MODULE_NONE ||
        !ixgbe_sfp_present(card))
        return false;
    retry(card);
    return true;
}

static void explain(struct ixgbe *card, uint32_t links)
{
    card->link.explained = true;
    if (card->model->media == IXGBE_SFP && card->sfp.module == MODULE_NONE) {
        env_log(card->env, "no link after 10 s: the cage is empty");
        return;
    }
    const bool fixed_rate = card->model->media == IXGBE_SFP && !card->sfp.does_1g;
    env_log(card->env,
            "no link after 10 s: LINKS %08xh, AUTOC %08xh, ANLP1 %08xh (82599 datasheet, section "
            "4.6.4). Is the other end on, the cable whole%s? Trying on",
            (unsigned)links, (unsigned)ixgbe_read(card, IXGBE_AUTOC),
            (unsigned)ixgbe_read(card, IXGBE_ANLP1),
            fixed_rate ? ", and does the other end run at 10 Gb/s" : "");
}

static uint32_t rate_mbps(const struct ixgbe *card, uint32_t links)
{
    const bool odd = card->mac->rates_beyond_10 && links & IXGBE_LINKS_NON_STD;
    switch (IXGBE_LINKS_SPEED(links)) {
    case 3:
        return odd ? 2500 : 10000;
    case 2:
        return 1000;
    case 1:
        return odd ? 5000 : 100;
    default:
        return card->mac->rates_beyond_10 ? 10 : 0;
    }
}

void ixgbe_link_poll(struct ixgbe *card)
{
    struct port *port = card->port;
    const uint32_t links = ixgbe_read(card, IXGBE_LINKS);
    const bool up = links & IXGBE_LINKS_UP && card->link.step == LINK_SETTLED;
    const uint32_t mbps = up ? rate_mbps(card, links) : 0;

    if (up && !port->link_up && found_module(card))
        return;
    if (!up && port->link_up) {
        card->link.down_since = env_time_us();
        card->link.retry_at = card->link.down_since + RETRY_US;
        card->link.explained = false;
    }
    port->link_up = up;
    port->link_mbps = mbps;

    if (card->link.step == LINK_PIPELINE) {
        finish(card);
    } else if (!up) {
        const uint64_t now = env_time_us();
        if (!card->link.explained && now - card->link.down_since > EXPLAIN_US)
            explain(card, links);
        if (now > card->link.retry_at)
            retry(card);
    }
}
