// SPDX-License-Identifier: BSD-2-Clause
// The link. Intel 82599 datasheet (331520) 4.6.4, 8.2.3.22.19 (AUTOC), 8.2.3.22.20 (LINKS),
// 8.2.3.22.23 (ANLP1).
#include "drivers/ixgbe/link.h"
#include "drivers/ixgbe/semaphore.h"
#include <errno.h>

enum {
    STEP_EVERY_US = 100,
    MOVING_US = 40000,
    RETRY_US = 4000000,
    EXPLAIN_US = 10000000,
    // A partner that negotiates (IEEE 802.3 clause 73) breaks its link for 60 to 75 ms.
    DROP_US = 100000,
};

static void enter(struct ixgbe *card, int step)
{
    card->link.step = step;
    card->link.step_began = env_time_us();
}

// Firmware may be writing AUTOC too.
static int write_autoc(struct ixgbe *card, uint32_t autoc)
{
    const int error = ixgbe_try_lock(card, IXGBE_SYNC_MAC_CSR, card->link.step_began);
    if (error)
        return error;
    ixgbe_write(card, IXGBE_AUTOC, autoc | IXGBE_AUTOC_RESTART);
    ixgbe_unlock(card, IXGBE_SYNC_MAC_CSR);
    return 0;
}

static void set_laser(struct ixgbe *card, bool on)
{
    if (!card->mac->has_autoc || card->model->media != IXGBE_SFP)
        return;
    if (on)
        ixgbe_clear(card, IXGBE_ESDP, IXGBE_ESDP_SDP3);
    else
        ixgbe_set(card, IXGBE_ESDP, IXGBE_ESDP_SDP3);
}

// A module that can do both rates may want to be told which, by its contacts RS0 and RS1 (SFF-8431
// 2.4.3, 2.5). That SDP5 drives them, no document says; Intel's drivers count on it.
// [MISSING, README.md]
static void select_rate(struct ixgbe *card)
{
    if (card->model->media != IXGBE_SFP || !card->sfp.does_1g || !card->sfp.does_10g)
        return;
    const uint32_t esdp = ixgbe_read(card, IXGBE_ESDP) & ~IXGBE_ESDP_SDP5;
    ixgbe_write(card, IXGBE_ESDP,
                esdp | IXGBE_ESDP_SDP5_DRIVE | (card->link.at_1g ? 0 : IXGBE_ESDP_SDP5));
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

// ---- The steps. Each returns 0 when it is done and has entered the next one, -EINPROGRESS, or
// another negative errno after a message.

// The module is known, or there is none to know: on to the link.
static void begin(struct ixgbe *card)
{
    if (!card->mac->has_autoc) // firmware and the PHY bring the link up by themselves
        enter(card, LINK_SETTLED);
    else if (card->model->media == IXGBE_SFP && card->sfp.module != MODULE_NONE)
        enter(card, LINK_ANALOG);
    else
        enter(card, LINK_SHAKE);
}

static bool only_1g(const struct ixgbe *card)
{
    return card->sfp.does_1g && !card->sfp.does_10g;
}

static void begin_asking(struct ixgbe *card)
{
    ixgbe_sfp_ask(card);
    enter(card, LINK_ASK);
}

static void begin_module(struct ixgbe *card)
{
    set_laser(card, false); // no link before the settings are right
    ixgbe_sfp_identify(card);
    enter(card, LINK_MODULE);
}

static int step_module(struct ixgbe *card)
{
    const int error = ixgbe_sfp_step(card);
    if (error)
        return error;
    card->link.at_1g = only_1g(card);
    begin(card);
    return 0;
}

static int step_analog(struct ixgbe *card)
{
    const int error = ixgbe_try_lock(card, IXGBE_SYNC_MAC_CSR, card->link.step_began);
    if (error)
        return error;
    ixgbe_sfp_setup(card);
    ixgbe_unlock(card, IXGBE_SYNC_MAC_CSR);
    enter(card, LINK_SHAKE);
    return 0;
}

// A link that is set to another mode needs its negotiation state machine shaken awake: the mode is
// first set to something else, and when the state machine has moved (ANLP1), to what is wanted.
// The datasheet does not say so; Intel's drivers have done it since 2013. [MISSING, README.md]
static int step_shake(struct ixgbe *card)
{
    select_rate(card);
    set_laser(card, true);
    card->link.autoc = wanted_autoc(card);
    const int error = write_autoc(card, card->link.autoc ^ IXGBE_AUTOC_LMS_TOGGLE);
    if (error)
        return error;
    ixgbe_clear(card, IXGBE_AUTOC2, IXGBE_AUTOC2_DISABLE);
    enter(card, LINK_MOVING);
    return 0;
}

static int step_moving(struct ixgbe *card)
{
    if ((ixgbe_read(card, IXGBE_ANLP1) & IXGBE_ANLP1_AN_STATE) == 0 &&
        env_time_us() - card->link.step_began < MOVING_US)
        return -EINPROGRESS;
    enter(card, LINK_MODE);
    return 0;
}

static int step_mode(struct ixgbe *card)
{
    const int error = write_autoc(card, card->link.autoc);
    if (error)
        return error;
    enter(card, LINK_SETTLED);
    return 0;
}

static int step_ask(struct ixgbe *card)
{
    const int error = ixgbe_sfp_step(card);
    if (error == -ESTALE)
        begin_module(card);
    else if (error)
        return error;
    else if (card->link.asked)
        enter(card, LINK_SETTLED);
    else
        begin(card);
    return 0;
}

static int (*const steps[])(struct ixgbe *card) = {
    [LINK_MODULE] = step_module, [LINK_ANALOG] = step_analog, [LINK_SHAKE] = step_shake,
    [LINK_MOVING] = step_moving, [LINK_MODE] = step_mode,     [LINK_ASK] = step_ask,
};

// What went wrong has been logged; the next round tries again.
static void go_on(struct ixgbe *card)
{
    const int error = steps[card->link.step](card);
    if (error != 0 && error != -EINPROGRESS)
        enter(card, LINK_SETTLED);
}

int ixgbe_link_drop(struct ixgbe *card)
{
    if (!card->mac->has_autoc)
        return -ENOTSUP;
    const uint64_t now = env_time_us();
    if (!card->link.dropped) {
        card->link.dropped = true;
        card->link.dropped_at = now;
        set_laser(card, false);
        ixgbe_set(card, IXGBE_AUTOC2, IXGBE_AUTOC2_DISABLE);
    }
    return now - card->link.dropped_at < DROP_US ? -EINPROGRESS : 0;
}

void ixgbe_link_start(struct ixgbe *card)
{
    const bool anew = card->link.dropped && card->model->media == IXGBE_SFP;
    card->link = (struct ixgbe_link){.down_since = env_time_us(), .at_1g = only_1g(card)};
    card->link.retry_at = card->link.down_since + RETRY_US;
    card->port->link_up = false;
    port_close(card->port);
    card->port->link_mbps = 0;
    card->port->poll_soon_us = STEP_EVERY_US;
    if (anew)
        begin_module(card);
    else
        begin(card);
}

void ixgbe_link_stop(struct ixgbe *card)
{
    ixgbe_sfp_hang_up(card);
    set_laser(card, false);
}

// The link has been down for a while: something may have been plugged in or out, or the other end
// may run at the module's other rate.
static void retry(struct ixgbe *card)
{
    card->link.retry_at = env_time_us() + RETRY_US;
    card->link.asked = false;
    if (card->sfp.does_10g && card->sfp.does_1g)
        card->link.at_1g = !card->link.at_1g;
    if (card->model->media == IXGBE_SFP)
        begin_asking(card);
    else
        begin(card);
}

// The link came up: is the module still the one that was set up? True when there was none, so that
// it cannot be used before that is known: somebody has just plugged one in, or one that does not
// speak I2C.
static bool is_surprise(struct ixgbe *card)
{
    if (card->model->media != IXGBE_SFP || card->link.asked)
        return false;
    card->link.asked = true;
    begin_asking(card);
    return card->sfp.module == MODULE_NONE;
}

static void explain(struct ixgbe *card, uint32_t links)
{
    card->link.explained = true;
    if (card->model->media == IXGBE_SFP && card->sfp.module == MODULE_NONE) {
        env_log(card->env, "no link after 10 s: the cage is empty");
        return;
    }
    const bool fixed_rate = card->model->media == IXGBE_SFP && !card->sfp.does_1g;
    if (card->mac->has_autoc)
        env_log(card->env,
                "no link after 10 s: LINKS %08xh, AUTOC %08xh, ANLP1 %08xh (82599 4.6.4)",
                (unsigned)links, (unsigned)ixgbe_read(card, IXGBE_AUTOC),
                (unsigned)ixgbe_read(card, IXGBE_ANLP1));
    else
        env_log(card->env, "no link after 10 s: LINKS %08xh", (unsigned)links);
    env_log(card->env, "is the other end on, the cable whole%s? Trying on",
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

static void follow(struct ixgbe *card, bool up, uint32_t links)
{
    struct port *port = card->port;
    if (!up && port->link_up) {
        card->link.down_since = env_time_us();
        card->link.retry_at = card->link.down_since + RETRY_US;
        card->link.explained = card->link.asked = false;
    }
    if (!up)
        port_close(port);
    port->link_up = up;
    port->link_mbps = up ? rate_mbps(card, links) : 0;
}

void ixgbe_link_poll(struct ixgbe *card)
{
    const uint32_t links = ixgbe_read(card, IXGBE_LINKS);
    const bool asking = card->link.step == LINK_ASK && card->port->link_up;
    bool up = links & IXGBE_LINKS_UP && (card->link.step == LINK_SETTLED || asking);
    if (up && !card->port->link_up && is_surprise(card))
        up = false;
    follow(card, up, links);
    card->port->poll_soon_us = card->link.step != LINK_SETTLED ? STEP_EVERY_US : 0;
    if (card->link.step != LINK_SETTLED) {
        go_on(card);
    } else if (!up) {
        const uint64_t now = env_time_us();
        if (!card->link.explained && now - card->link.down_since > EXPLAIN_US)
            explain(card, links);
        else if (now > card->link.retry_at)
            retry(card);
    }
}
