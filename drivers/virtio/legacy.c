// SPDX-License-Identifier: BSD-2-Clause
// The registers of a device from before VIRTIO 1.0, in its first I/O BAR. VIRTIO 1.2,
// section 4.1.4.10 (the layout) and 2.7.2 (the rings' address).
#include "drivers/virtio/legacy.h"
#include "drivers/virtio/regs.h"
#include <errno.h>

enum { PAGE_SHIFT = 12 }; // 4.1.5.1.3.1: queue addresses are in units of 4096 bytes

static uint32_t io_read(const struct virtio_pci *pci, unsigned offset, unsigned width)
{
    return env_io_read(pci->env, LEGACY_IO_BAR, offset, width);
}

static void io_write(const struct virtio_pci *pci, unsigned offset, unsigned width, uint32_t value)
{
    env_io_write(pci->env, LEGACY_IO_BAR, offset, width, value);
}

// Two registers come and go with MSI-X, and move what lies behind them.
static bool msix_on(const struct virtio_pci *pci)
{
    return pci->msix != 0 &&
           (env_config_read(pci->env, pci->msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE) != 0;
}

static unsigned config_at(const struct virtio_pci *pci)
{
    return msix_on(pci) ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
}

bool legacy_find(struct env *env, struct virtio_pci *pci)
{
    // The configuration is where it is while MSI-X is on, if there is MSI-X.
    uint32_t config = pci->msix != 0 ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
    uint32_t bytes = env_io_bytes(env, LEGACY_IO_BAR);
    if (bytes < config + VIRTIO_NET_CONFIG_SIZE) {
        env_log(env,
                "virtio: I/O BAR 0 has %u bytes, expected %u for a legacy device "
                "(VIRTIO 1.2, 4.1.4.10)",
                bytes, config + VIRTIO_NET_CONFIG_SIZE);
        return false;
    }
    pci->legacy = true;
    pci->device.length = bytes - config;
    return true;
}

uint8_t legacy_status(const struct virtio_pci *pci)
{
    return (uint8_t)io_read(pci, LEGACY_STATUS, 1);
}

void legacy_set_status(const struct virtio_pci *pci, uint8_t status)
{
    io_write(pci, LEGACY_STATUS, 1, status);
}

uint32_t legacy_features_offered(const struct virtio_pci *pci)
{
    return io_read(pci, LEGACY_DEVICE_FEATURES, 4);
}

void legacy_features_accept(const struct virtio_pci *pci, uint32_t features)
{
    io_write(pci, LEGACY_DRIVER_FEATURES, 4, features);
}

uint32_t legacy_queue_size(const struct virtio_pci *pci, uint16_t index)
{
    io_write(pci, LEGACY_QUEUE_SELECT, 2, index);
    return io_read(pci, LEGACY_QUEUE_SIZE, 2);
}

// Whether the selected queue may interrupt by this MSI-X table entry.
static bool take_vector(const struct virtio_pci *pci, uint16_t vector)
{
    if (!msix_on(pci))
        return false;
    io_write(pci, LEGACY_QUEUE_VECTOR, 2, vector);
    return io_read(pci, LEGACY_QUEUE_VECTOR, 2) == vector;
}

int legacy_queue_enable(const struct virtio_pci *pci, uint16_t index, uint64_t address,
                        uint16_t *vector)
{
    uint64_t page = address >> PAGE_SHIFT;
    io_write(pci, LEGACY_QUEUE_SELECT, 2, index);
    if (page <= UINT32_MAX)
        io_write(pci, LEGACY_QUEUE_PAGE, 4, (uint32_t)page);
    if (page > UINT32_MAX || io_read(pci, LEGACY_QUEUE_PAGE, 4) != page) {
        env_log(pci->env, "virtio: queue %u: the device does not take a ring at 0x%llx", index,
                (unsigned long long)address);
        return -EIO;
    }
    if (!take_vector(pci, *vector))
        *vector = VIRTIO_NO_VECTOR;
    return 0;
}

bool legacy_config_interrupt(const struct virtio_pci *pci)
{
    if (!msix_on(pci))
        return false;
    io_write(pci, LEGACY_CONFIG_VECTOR, 2, 0);
    return io_read(pci, LEGACY_CONFIG_VECTOR, 2) == 0;
}

uint16_t legacy_config(const struct virtio_pci *pci, unsigned offset, unsigned width)
{
    return (uint16_t)io_read(pci, config_at(pci) + offset, width);
}
