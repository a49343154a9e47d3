// SPDX-License-Identifier: BSD-2-Clause
// The card's analog part must know what kind of module it talks to. The EEPROM holds the settings:
// word 2Bh points to a list of pairs (kind, pointer), FFFFh ends it; behind each pointer, after a
// length word, stand values for CORECTL, FFFFh ends them. Kinds are numbered apart for the two
// ports. (82599 datasheet 6.3.13; the numbers as Intel's own drivers use them)
#include "drivers/ixgbe/eeprom.h"
#include "drivers/ixgbe/semaphore.h"
#include "drivers/ixgbe/sfp.h"
#include <errno.h>

enum {
    KIND_DIRECT_ATTACH = 3, // + port
    KIND_OPTICAL = 5,       // + port; also for everything that is neither
    END = 0xFFFF,
    LIST_MAX = 64, // pairs; Intel's images have eight
    SETTINGS_MAX = 256,
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

static int copy_settings(struct ixgbe *card, uint16_t settings)
{
    for (unsigned i = 0; i < SETTINGS_MAX; i++) {
        uint16_t value;
        const int error = ixgbe_eeprom_read(card, settings + 1u + i, &value);
        if (error || value == END)
            return error;
        ixgbe_write(card, IXGBE_CORECTL, value);
        ixgbe_flush(card);
    }
    return 0;
}

int ixgbe_sfp_setup(struct ixgbe *card)
{
    if (!card->mac->has_autoc || card->sfp.module == MODULE_NONE)
        return 0;
    const unsigned kind =
        (card->sfp.module == MODULE_PASSIVE ? KIND_DIRECT_ATTACH : KIND_OPTICAL) + card->lan;
    const uint32_t resources = IXGBE_SYNC_MAC_CSR | IXGBE_SYNC_EEPROM;
    int error = ixgbe_lock(card, resources);
    if (error)
        return error;
    uint16_t settings;
    error = find_settings(card, (uint16_t)kind, &settings);
    if (error == 0 && settings != 0 && settings != END)
        error = copy_settings(card, settings);
    ixgbe_unlock(card, resources);
    return error;
}
