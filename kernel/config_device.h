// SPDX-License-Identifier: BSD-2-Clause
// How the configuration names a card.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// "any:0" is the first card by PCI address that there is a driver for, "virtio:0" the first
// virtio-net function, "ixgbe:1" the second of the 82599 family, "pci:0000:03:00.0" exactly that
// function.
enum config_device_kind {
    CONFIG_DEVICE_NONE,
    CONFIG_DEVICE_ANY,
    CONFIG_DEVICE_VIRTIO,
    CONFIG_DEVICE_IXGBE,
    CONFIG_DEVICE_PCI
};

enum {
    CONFIG_DEVICE_TEXT_MAX = 32, // with the terminating NUL
    CONFIG_ORDINAL_MAX = 255,
};

struct config_device {
    enum config_device_kind kind;
    unsigned ordinal; // of CONFIG_DEVICE_ANY, _VIRTIO and _IXGBE
    uint16_t segment; // of CONFIG_DEVICE_PCI
    uint8_t bus, slot, function;
};

// What config_device_parse() takes, for messages.
#define CONFIG_DEVICE_EXPECTED "any:N, virtio:N, ixgbe:N or pci:SSSS:BB:SS.F"

// Reads any:N, virtio:N, ixgbe:N (N decimal, 0..255), pci:SSSS:BB:SS.F or pci:BB:SS.F (hexadecimal,
// as lspci shows them; slot 0..1f, function 0..7). False, with kind CONFIG_DEVICE_NONE, when text
// is anything else.
bool config_device_parse(const char *text, struct config_device *device);

// Whether both name the same card in the same way. CONFIG_DEVICE_NONE is equal to nothing.
bool config_device_equal(const struct config_device *a, const struct config_device *b);
