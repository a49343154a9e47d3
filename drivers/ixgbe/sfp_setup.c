// SPDX-License-Identifier: BSD-2-Clause
// The card's analog part must know what kind of module it talks to. The EEPROM holds the settings:
// word 2Bh points to a list of pairs (kind, pointer), FFFFh ends it; behind each pointer, after a
// length word, stand values for CORECTL, FFFFh ends them. Kinds are numbered apart for the two
// ports. (82599 datasheet 6.3.13; the numbers as Intel's own drivers use them)
//
// The EEPROM is slow and shared: what it holds is read once, by probe().
#include "drivers/ixgbe/eeprom.h"
#include "drivers/ixgbe/semaphore.h"
#include "drivers/ixgbe/sfp.h"
#include <errno.h>

enum {
    KIND_DIRECT_ATTACH = 3, // + port
    KIND_OTHER = 5,         // + port; optical modules, and everything else
    END = 0xFFFF,
    LIST_MAX = 64, // pairs; Intel's images have eight
};

// Finds the settings for this kind. *settings is 0 when the list has none.
static int find_settings(struct ixgbe *card, uint16_t kind, uint16_t *settings)
{
    uint16_t list, entry;
    *settings = 0;
    int error = ixgbe_eeprom_read(card, IXGBE_EEPROM_SFP_LIST, &list);
    if (error || list == 0 || list == END)
        return error;
    for (unsigned i = 0; i < LIST_MAX; i++) {
        const unsigned at = list + 1u + 2 * i;
        error = ixgbe_eeprom_read(card, at, &entry);
        if (error || entry == END)
            return error;
        if (entry == kind)
            return ixgbe_eeprom_read(card, at + 1, settings);
    }
    return 0;
}

static int read_settings(struct ixgbe *card, uint16_t kind, struct ixgbe_sfp_settings *to)
{
    uint16_t settings;
    int error = find_settings(card, kind, &settings);
    if (error || settings == 0 || settings == END)
        return error;
    for (to->count = 0; to->count < IXGBE_SFP_SETTINGS_MAX; to->count++) {
        uint16_t value;
        error = ixgbe_eeprom_read(card, settings + 1u + to->count, &value);
        if (error || value == END)
            return error;
        to->value[to->count] = value;
    }
    return 0;
}

int ixgbe_sfp_read_settings(struct ixgbe *card)
{
    if (!card->mac->has_autoc || card->model->media != IXGBE_SFP)
        return 0;
    int error = ixgbe_lock(card, IXGBE_SYNC_EEPROM);
    if (error)
        return error;
    error = read_settings(card, (uint16_t)(KIND_DIRECT_ATTACH + card->lan), &card->settings[0]);
    if (error == 0)
        error = read_settings(card, (uint16_t)(KIND_OTHER + card->lan), &card->settings[1]);
    ixgbe_unlock(card, IXGBE_SYNC_EEPROM);
    return error;
}

void ixgbe_sfp_setup(struct ixgbe *card)
{
    const struct ixgbe_sfp_settings *settings =
        &card->settings[card->sfp.module == MODULE_PASSIVE ? 0 : 1];
    for (unsigned i = 0; i < settings->count; i++) {
        ixgbe_write(card, IXGBE_CORECTL, settings->value[i]);
        ixgbe_flush(card);
    }
}
