// SPDX-License-Identifier: BSD-2-Clause
// Finds the register structures of a virtio device in its BARs. VIRTIO 1.2, section 4.1.4.
//
// The list is written by the device, so nothing in it is believed: not that it ends, not that an
// entry lies inside the configuration space, not that a structure lies inside its BAR.
#include "drivers/virtio/pci.h"
#include "drivers/virtio/legacy.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

enum {
    PCI_BARS = 6,
    // 4-byte aligned entries in 192 bytes: a list with more loops.
    CAPABILITIES_MAX = (PCI_CAPABILITIES_END - PCI_CAPABILITIES_FIRST) / 4,
};

// What a structure must satisfy to be used.
struct wanted {
    uint8_t type;
    uint8_t capability_size; // least bytes of capability
    uint8_t alignment;       // of the structure, bytes
    uint8_t size;            // least bytes of structure
    const char *name;
};

static const struct wanted wanted_structures[] = {
    // 4.1.4.3.1: common
    {VIRTIO_CAP_TYPE_COMMON, VIRTIO_CAP_SIZE, 4, VIRTIO_COMMON_SIZE, "common"},
    // 4.1.4.4.1: notification
    {VIRTIO_CAP_TYPE_NOTIFY, VIRTIO_CAP_NOTIFY_SIZE, 2, 2, "notification"},
    // 4.1.4.6.1: device specific
    {VIRTIO_CAP_TYPE_DEVICE, VIRTIO_CAP_SIZE, 4, VIRTIO_NET_CONFIG_SIZE, "device"},
};

// Maps the structure that the capability at `at` describes. Returns what is wrong with it, or NULL.
static const char *map_structure(struct env *env, unsigned at, const struct wanted *wanted,
                                 struct virtio_structure *structure)
{
    unsigned capability_size = env_config_read(env, at + VIRTIO_CAP_LENGTH, 1);
    if (capability_size < wanted->capability_size || capability_size > PCI_CAPABILITIES_END - at)
        return "has a capability of impossible size";
    unsigned bar = env_config_read(env, at + VIRTIO_CAP_BAR, 1);
    if (bar >= PCI_BARS)
        return "names a reserved BAR";
    uint32_t offset = env_config_read(env, at + VIRTIO_CAP_OFFSET, 4);
    uint32_t length = env_config_read(env, at + VIRTIO_CAP_EXTENT, 4);
    if (length < wanted->size)
        return "is too short";
    if (offset % wanted->alignment != 0)
        return "is not aligned";

    uint64_t size = 0;
    volatile void *base = env_map_bar(env, bar, &size);
    if (base == NULL)
        return "lies in a BAR that is not there";
    if (offset > size || length > size - offset)
        return "does not lie inside its BAR";
    structure->base = (volatile char *)base + offset;
    structure->length = length;
    return NULL;
}

static const struct wanted *wanted_type(unsigned type)
{
    for (unsigned i = 0; i < sizeof wanted_structures / sizeof wanted_structures[0]; i++)
        if (wanted_structures[i].type == type)
            return &wanted_structures[i];
    return NULL; // reserved, or nothing that this driver needs
}

static struct virtio_structure *structure_for(struct virtio_pci *pci, unsigned type)
{
    switch (type) {
    case VIRTIO_CAP_TYPE_COMMON:
        return &pci->common;
    case VIRTIO_CAP_TYPE_NOTIFY:
        return &pci->notify;
    default:
        return &pci->device;
    }
}

// 4.1.4.4.1: 0, or an even power of two, so that doorbells stay 2-byte aligned.
static bool multiplier_valid(uint32_t multiplier)
{
    return multiplier != 1 && (multiplier & (multiplier - 1)) == 0;
}

static void consider(struct virtio_pci *pci, unsigned at)
{
    struct env *env = pci->env;
    const struct wanted *wanted = wanted_type(env_config_read(env, at + VIRTIO_CAP_TYPE, 1));
    if (wanted == NULL)
        return;
    // 4.1.4.1: the first usable one of each type.
    struct virtio_structure *structure = structure_for(pci, wanted->type);
    if (structure->base != NULL)
        return;
    const char *wrong = map_structure(env, at, wanted, structure);
    if (wrong == NULL && wanted->type == VIRTIO_CAP_TYPE_NOTIFY) {
        pci->notify_multiplier = env_config_read(env, at + VIRTIO_CAP_NOTIFY_MULTIPLIER, 4);
        if (!multiplier_valid(pci->notify_multiplier)) {
            structure->base = NULL;
            wrong = "has a multiplier that is not a power of two";
        }
    }
    if (wrong != NULL)
        env_log(env, "virtio: the %s structure of the capability at 0x%02x %s (VIRTIO 1.2, 4.1.4)",
                wanted->name, at, wrong);
}

// Bytes 0..3 of a capability, and for ours up to VIRTIO_CAP_SIZE, are read: they must lie inside.
static bool entry_fits(unsigned at, unsigned size)
{
    return at >= PCI_CAPABILITIES_FIRST && at <= PCI_CAPABILITIES_END - size;
}

static void walk(struct virtio_pci *pci)
{
    struct env *env = pci->env;
    if ((env_config_read(env, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) == 0)
        return;
    unsigned at = env_config_read(env, PCI_CAPABILITIES, 1) & ~3u;
    for (unsigned i = 0; at != 0; i++) {
        if (i == CAPABILITIES_MAX || !entry_fits(at, 4)) {
            env_log(env, "virtio: the capability list loops or leaves its space at 0x%02x", at);
            return;
        }
        unsigned id = env_config_read(env, at + VIRTIO_CAP_ID, 1);
        if (id == PCI_CAPABILITY_VENDOR && entry_fits(at, VIRTIO_CAP_SIZE))
            consider(pci, at);
        if (id == PCI_CAPABILITY_MSIX && pci->msix == 0)
            pci->msix = at;
        at = env_config_read(env, at + VIRTIO_CAP_NEXT, 1) & ~3u;
    }
}

// The name of the first structure that was not found; NULL: all were.
static const char *missing(struct virtio_pci *pci)
{
    for (unsigned i = 0; i < sizeof wanted_structures / sizeof wanted_structures[0]; i++)
        if (structure_for(pci, wanted_structures[i].type)->base == NULL)
            return wanted_structures[i].name;
    return NULL;
}

// 4.1.2.3: the device ids of those that may be driven by what came before VIRTIO 1.0. One that
// names modern structures, usable or not, is not taken for legacy only.
static bool may_be_legacy(const struct virtio_pci *pci)
{
    return env_config_read(pci->env, PCI_DEVICE_ID, 2) == VIRTIO_PCI_NET_TRANSITIONAL &&
           pci->common.base == NULL && pci->notify.base == NULL && pci->device.base == NULL;
}

int virtio_pci_find(struct env *env, struct virtio_pci *pci)
{
    *pci = (struct virtio_pci){.env = env};
    walk(pci);
    const char *name = missing(pci);
    if (name == NULL || (may_be_legacy(pci) && legacy_find(env, pci)))
        return 0;
    env_log(env,
            "virtio: no usable %s structure, expected those of a modern device, or a legacy one "
            "(VIRTIO 1.2, 4.1.4)",
            name);
    return -ENODEV;
}
