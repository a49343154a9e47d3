// SPDX-License-Identifier: BSD-2-Clause
// How the configuration names a card.
#include "kernel/config_device.h"

#include <stddef.h>
#include <string.h>

#include "kernel/number.h"

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Exactly so many hexadecimal digits and then the character `end`. Returns what follows, or NULL.
static const char *hexadecimal(const char *text, unsigned digits, char end, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++, text++) {
        int digit = digit_value(*text);
        if (digit < 0)
            return NULL;
        *value = *value << 4 | (unsigned)digit;
    }
    return *text == end ? text + 1 : NULL;
}

static bool parse_ordinal(const char *text, unsigned *ordinal)
{
    uint64_t wide = 0;
    const bool good = number_parse(text, 0, CONFIG_ORDINAL_MAX, &wide);
    *ordinal = (unsigned)wide;
    return good;
}

static bool parse_address(const char *text, struct config_device *device)
{
    unsigned segment = 0, bus, slot, function;
    const char *rest = hexadecimal(text, 4, ':', &segment);
    if (rest == NULL) {
        segment = 0;
        rest = text;
    }
    if ((rest = hexadecimal(rest, 2, ':', &bus)) == NULL ||
        (rest = hexadecimal(rest, 2, '.', &slot)) == NULL ||
        hexadecimal(rest, 1, '\0', &function) == NULL)
        return false;
    if (slot > 0x1f || function > 7)
        return false;
    device->segment = (uint16_t)segment;
    device->bus = (uint8_t)bus;
    device->slot = (uint8_t)slot;
    device->function = (uint8_t)function;
    return true;
}

bool config_device_parse(const char *text, struct config_device *device)
{
    static const struct {
        const char *prefix;
        enum config_device_kind kind;
    } kinds[] = {
        {"any:", CONFIG_DEVICE_ANY},
        {"virtio:", CONFIG_DEVICE_VIRTIO},
        {"ixgbe:", CONFIG_DEVICE_IXGBE},
        {"pci:", CONFIG_DEVICE_PCI},
    };

    memset(device, 0, sizeof *device);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, length) != 0)
            continue;
        if (kinds[i].kind == CONFIG_DEVICE_PCI ? !parse_address(text + length, device)
                                               : !parse_ordinal(text + length, &device->ordinal))
            return false;
        device->kind = kinds[i].kind;
        return true;
    }
    return false;
}

bool config_device_equal(const struct config_device *a, const struct config_device *b)
{
    return a->kind != CONFIG_DEVICE_NONE && a->kind == b->kind && a->ordinal == b->ordinal &&
           a->segment == b->segment && a->bus == b->bus && a->slot == b->slot &&
           a->function == b->function;
}
