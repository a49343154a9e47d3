// SPDX-License-Identifier: BSD-2-Clause
// Reading and checking the EEPROM. Intel 82599 datasheet (331520) 6.2, 6.3, 8.2.3.2.1, 8.2.3.2.2.
#include "drivers/ixgbe/eeprom.h"
#include "drivers/ixgbe/semaphore.h"
#include <errno.h>

enum {
    FIRST_POINTER = 0x03, // words 03h..0Eh point to sections that the checksum covers
    LAST_POINTER = 0x0E,
    NO_SECTION = 0xFFFF,
};

int ixgbe_eeprom_read(struct ixgbe *card, unsigned word, uint16_t *value)
{
    if (word >= IXGBE_EEPROM_WORDS) {
        env_log(card->env, "EEPROM: a pointer leads to word %xh, behind the end", word);
        return -EIO;
    }
    ixgbe_write(card, IXGBE_EERD, IXGBE_EERD_START(word));
    static const struct ixgbe_wait done = {
        .offset = IXGBE_EERD,
        .mask = IXGBE_EERD_DONE,
        .value = IXGBE_EERD_DONE,
        .limit_us = 10000,
        .what = "EERD.DONE to be set",
        .section = "8.2.3.2.2",
    };
    const int error = ixgbe_wait(card, &done, env_time_us());
    if (error)
        return error;
    *value = IXGBE_EERD_DATA(ixgbe_read(card, IXGBE_EERD));
    return 0;
}

// Adds the words of one section to *sum. Its first word is its length.
static int add_section(struct ixgbe *card, unsigned pointer, uint16_t *sum)
{
    uint16_t length, word;
    int error = ixgbe_eeprom_read(card, pointer, &length);
    if (error || length == NO_SECTION || length == 0)
        return error;
    if (length >= IXGBE_EEPROM_WORDS - pointer)
        return 0; // a length beyond the end is rubbish; the sum will say so
    for (unsigned i = 1; i <= length; i++) {
        error = ixgbe_eeprom_read(card, pointer + i, &word);
        if (error)
            return error;
        *sum = (uint16_t)(*sum + word);
    }
    return 0;
}

// The sum of words 00h..3Eh and of the sections. The checksum word makes it BABAh.
static int add_everything(struct ixgbe *card, uint16_t *sum)
{
    *sum = 0;
    for (unsigned i = 0; i < IXGBE_EEPROM_CHECKSUM; i++) {
        uint16_t word;
        int error = ixgbe_eeprom_read(card, i, &word);
        if (error)
            return error;
        card->eeprom.words[i] = word;
        card->eeprom.read = i + 1;
        *sum = (uint16_t)(*sum + word);
        const bool is_pointer =
            i >= FIRST_POINTER && i <= LAST_POINTER && (card->mac->checksum_skips >> i & 1) == 0;
        if (!is_pointer || word == NO_SECTION || word == 0 || word >= IXGBE_EEPROM_WORDS)
            continue;
        error = add_section(card, word, sum);
        if (error)
            return error;
    }
    return 0;
}

int ixgbe_eeprom_check(struct ixgbe *card)
{
    if (!card->mac->eerd)
        return 0; // behind firmware, which checks it before it loads anything
    const uint32_t eec = ixgbe_read(card, card->mac->eec);
    if ((eec & IXGBE_EEC_PRES) == 0) {
        env_log(card->env,
                "no EEPROM with a valid signature: EEC is %08xh (82599 datasheet, section "
                "8.2.3.2.1). The card has no MAC address and no link settings",
                (unsigned)eec);
        return -EIO;
    }

    int error = ixgbe_lock(card, IXGBE_SYNC_EEPROM);
    if (error)
        return error;
    uint16_t sum, checksum;
    error = add_everything(card, &sum);
    if (error == 0)
        error = ixgbe_eeprom_read(card, IXGBE_EEPROM_CHECKSUM, &checksum);
    ixgbe_unlock(card, IXGBE_SYNC_EEPROM);
    if (error)
        return error;

    const uint16_t expected = (uint16_t)(IXGBE_EEPROM_SUM - sum);
    card->eeprom.words[IXGBE_EEPROM_CHECKSUM] = checksum;
    card->eeprom.read = IXGBE_EEPROM_START;
    card->eeprom.checksum = expected;
    if (checksum != expected) {
        env_log(card->env,
                "EEPROM checksum: word 3Fh is %04xh, the contents want %04xh (82599 datasheet, "
                "section 6.2). The EEPROM is damaged",
                checksum, expected);
        return -EIO;
    }
    return 0;
}
