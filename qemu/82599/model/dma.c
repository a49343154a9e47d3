// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory accesses of the card: always through its own PCI address space, so that bus mastering and
// an IOMMU decide. A refused one is counted and raises EICR bit 18 (82599 datasheet 331520,
// section 8.2.3.5.1).

#include "qemu/osdep.h"

#include "ixgbe.h"
#include "qemu/log.h"

static bool allowed(Ixgbe *s)
{
    return (*reg_at(s, CTRL) & CTRL_GIO_DIS) == 0 && s->fault != FAULT_ALL_ONES;
}

static bool refused(Ixgbe *s, uint64_t address, const char *how)
{
    s->dma_errors++;
    qemu_log_mask(LOG_GUEST_ERROR, "ixgbe %s: DMA %s at %" PRIx64 " refused\n", s->parent_obj.name,
                  how, address);
    ixgbe_intr_other(s, EICR_PCI);
    return false;
}

// Every request carries its requester id, which interrupt remapping looks at.
static MemTxAttrs attributes(Ixgbe *s)
{
    return (MemTxAttrs){ .requester_id = pci_requester_id(&s->parent_obj) };
}

bool ixgbe_dma_read(Ixgbe *s, uint64_t address, void *to, uint32_t length)
{
    if (!allowed(s)) {
        return false;
    }
    if (pci_dma_rw(&s->parent_obj, address, to, length, DMA_DIRECTION_TO_DEVICE,
                   attributes(s)) != MEMTX_OK) {
        return refused(s, address, "read");
    }
    return true;
}

bool ixgbe_dma_write(Ixgbe *s, uint64_t address, const void *from, uint32_t length)
{
    if (!allowed(s)) {
        return false;
    }
    if (pci_dma_rw(&s->parent_obj, address, (void *)from, length, DMA_DIRECTION_FROM_DEVICE,
                   attributes(s)) != MEMTX_OK) {
        return refused(s, address, "write");
    }
    return true;
}

bool ixgbe_dma_write32(Ixgbe *s, uint64_t address, uint32_t value)
{
    if (!allowed(s)) {
        return false;
    }
    if (stl_le_pci_dma(&s->parent_obj, address, value, attributes(s)) != MEMTX_OK) {
        return refused(s, address, "write");
    }
    return true;
}

// One store, so that a processor sees all of it or nothing.
bool ixgbe_dma_write64(Ixgbe *s, uint64_t address, uint64_t value)
{
    if (!allowed(s)) {
        return false;
    }
    if (stq_le_pci_dma(&s->parent_obj, address, value, attributes(s)) != MEMTX_OK) {
        return refused(s, address, "write");
    }
    return true;
}
