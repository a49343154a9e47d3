// SPDX-License-Identifier: BSD-2-Clause
// One VT-d remapping unit. Intel VT-d (D51397-018, revision 5.10): 6.5.2 (queued invalidation), 6.8
// (write buffers), 9.1, 9.3 (root and context entries), 11.4 (registers).
#include "kernel/vtd.h"

#include <errno.h>
#include <string.h>

#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/page.h"
#include "kernel/vm.h"
#include "kernel/vtd_regs.h"

enum {
    REGISTER_BYTES = 4096,
    RECORD_BYTES = 16,
    COMMAND_US = 100 * 1000, // for a command bit to take effect
    QUEUE_US = 10 * 1000,    // for an invalidation
    QUEUE_ENTRIES = 256,     // of 16 bytes: one page, which QS = 0 stands for (11.4.9.3)
    QUEUE_OFFSET_SHIFT = 4,  // in VTD_IQT and VTD_IQH
    CACHE_LINE_BYTES = 64,
};

static uint32_t read32(const struct vtd *unit, unsigned offset)
{
    return *(volatile uint32_t *)(unit->registers + offset);
}

static void write32(const struct vtd *unit, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(unit->registers + offset) = value;
}

static uint64_t read64(const struct vtd *unit, unsigned offset)
{
    return *(volatile uint64_t *)(unit->registers + offset);
}

static void write64(const struct vtd *unit, unsigned offset, uint64_t value)
{
    *(volatile uint64_t *)(unit->registers + offset) = value;
}

void vtd_flush(const struct vtd *unit, const void *address, uint64_t bytes)
{
    if (VTD_ECAP_COHERENT(unit->extended))
        return;
    const char *line = address, *const end = line + bytes;
    for (; line < end; line += CACHE_LINE_BYTES)
        __asm__ volatile("clflush (%0)" : : "r"(line) : "memory");
    __asm__ volatile("mfence" : : : "memory"); // before the command that makes the unit read it
}

const char *vtd_open(struct vtd *unit, uint64_t base, uint16_t segment)
{
    *unit = (struct vtd){.base = base, .segment = segment};
    unit->registers = vm_map_device(base, REGISTER_BYTES);
    if (unit->registers == NULL)
        return "its registers cannot be mapped";
    unit->capability = read64(unit, VTD_CAP);
    unit->extended = read64(unit, VTD_ECAP);
    if (unit->capability == UINT64_MAX)
        return "its registers read all ones";
    const unsigned records = VTD_CAP_FAULTS(unit->capability);
    const unsigned bytes = VTD_CAP_FAULT_COUNT(unit->capability) * RECORD_BYTES;
    if (records > REGISTER_BYTES || bytes > REGISTER_BYTES - records) {
        // The registers take more than a page (11.1): the records are mapped with the rest.
        unit->registers = vm_map_device(base, (uint64_t)records + bytes);
        if (unit->registers == NULL)
            return "its fault records cannot be mapped";
    }
    if (!VTD_ECAP_QUEUE(unit->extended))
        return "it has no queued invalidation";
    if (!VTD_ECAP_INTERRUPTS(unit->extended))
        return "it cannot remap interrupts, so a card could forge them";
    if (!VTD_CAP_LARGE_PAGES(unit->capability))
        return "it has no 2 MiB pages";
    if ((VTD_CAP_WIDTHS(unit->capability) & (1u << VTD_WIDTH_39 | 1u << VTD_WIDTH_48)) == 0)
        return "it has neither 3-level nor 4-level tables";
    return NULL;
}

// Waits until a bit of a register is set or clear. name: how messages call the register, and where
// it is described.
static int wait_for(struct vtd *unit, unsigned offset, uint32_t bit, bool set, const char *name)
{
    const uint64_t began = clock_us();
    while (((read32(unit, offset) & bit) != 0) != set) {
        if (clock_us() - began < COMMAND_US)
            continue;
        log_line("VT-d at %#llx: waited %d us for bit %#x of %s to be %d, it is %#x",
                 (unsigned long long)unit->base, COMMAND_US, (unsigned)bit, name, set,
                 (unsigned)read32(unit, offset));
        unit->broken = true;
        return -ETIMEDOUT;
    }
    return 0;
}

// Writes one command bit, set or cleared, and waits until the status follows (11.4.4.1: one at a
// time, and what is on stays on).
static int command(struct vtd *unit, uint32_t bit, bool set, bool status)
{
    const uint32_t keep = read32(unit, VTD_GSTS) & VTD_KEEP & ~bit;
    write32(unit, VTD_GCMD, keep | (set ? bit : 0));
    return wait_for(unit, VTD_GSTS, bit, status, "GSTS (VT-d 5.10, 11.4.4.2)");
}

// 6.8: a unit may hold back what the processor wrote to its tables.
static int flush_write_buffer(struct vtd *unit)
{
    if (!VTD_CAP_WRITE_BUFFER(unit->capability))
        return 0;
    return command(unit, VTD_WRITE_BUFFER, true, false);
}

// 6.5.2.8: a wait descriptor behind the request; when it writes its data, the request is done.
static int invalidate(struct vtd *unit, uint64_t low, uint64_t high)
{
    if (unit->broken)
        return -ETIMEDOUT;
    int error = flush_write_buffer(unit);
    if (error != 0)
        return error;
    unit->done = 0;
    const uint64_t words[2][2] = {
        {low, high},
        {VTD_WAIT | VTD_WAIT_DATA(1), vm_physical((const void *)&unit->done)},
    };
    for (unsigned i = 0; i < 2; i++) {
        unit->queue[2 * unit->tail] = words[i][0];
        unit->queue[2 * unit->tail + 1] = words[i][1];
        unit->tail = (unit->tail + 1) % QUEUE_ENTRIES;
    }
    // The descriptors must be in memory before the unit learns of them; MMIO is not reordered with
    // earlier stores to write-back memory on x86, the compiler is told not to either.
    __asm__ volatile("" : : : "memory");
    write64(unit, VTD_IQT, (uint64_t)unit->tail << QUEUE_OFFSET_SHIFT);
    const uint64_t began = clock_us();
    while (unit->done == 0) {
        if (clock_us() - began < QUEUE_US)
            continue;
        log_line("VT-d at %#llx: waited %d us for an invalidation: IQH %#llx, IQT %#llx, FSTS %#x "
                 "(VT-d 5.10, 6.5.2)",
                 (unsigned long long)unit->base, QUEUE_US,
                 (unsigned long long)read64(unit, VTD_IQH),
                 (unsigned long long)read64(unit, VTD_IQT), (unsigned)read32(unit, VTD_FSTS));
        unit->broken = true;
        return -ETIMEDOUT;
    }
    return 0;
}

int vtd_forget_interrupts(struct vtd *unit)
{
    return invalidate(unit, VTD_INVALIDATE_INTERRUPTS, 0);
}

// Everything that is known about contexts and pages. All, since a unit in caching mode remembers
// absent entries too, under domain 0 (6.1); it happens when a port starts or stops, not in between.
static int forget_translations(struct vtd *unit)
{
    uint64_t drain = 0;
    if (VTD_CAP_DRAIN_READ(unit->capability))
        drain |= VTD_INVALIDATE_DRAIN_READS;
    if (VTD_CAP_DRAIN_WRITE(unit->capability))
        drain |= VTD_INVALIDATE_DRAIN_WRITES;
    const int error = invalidate(unit, VTD_INVALIDATE_CONTEXTS, 0);
    return error != 0 ? error : invalidate(unit, VTD_INVALIDATE_ALL | drain, 0);
}

int vtd_off(struct vtd *unit)
{
    static const uint32_t bits[] = {VTD_TRANSLATION, VTD_INTERRUPTS, VTD_QUEUE};
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if ((read32(unit, VTD_GSTS) & bits[i]) == 0)
            continue;
        const int error = command(unit, bits[i], false, false);
        if (error != 0)
            return error;
    }
    const uint64_t capability = unit->capability;
    if (!VTD_CAP_LOW_REGION(capability) && !VTD_CAP_HIGH_REGION(capability))
        return 0;
    const uint32_t protected = read32(unit, VTD_PMEN);
    if ((protected & VTD_PMEN_STATUS) == 0)
        return 0;
    write32(unit, VTD_PMEN, protected & ~(uint32_t)VTD_PMEN_ENABLE);
    return wait_for(unit, VTD_PMEN, VTD_PMEN_STATUS, false, "PMEN (VT-d 5.10, 11.4.8.1)");
}

uint64_t *vtd_table(const struct vtd *unit)
{
    const uint64_t page = page_alloc(PAGE_SIZE, PAGE_SIZE, 0);
    if (page == 0)
        return NULL;
    void *memory = vm_direct(page);
    memset(memory, 0, PAGE_SIZE);
    vtd_flush(unit, memory, PAGE_SIZE);
    return memory;
}

int vtd_on(struct vtd *unit, uint64_t interrupts, bool x2apic)
{
    int error = vtd_off(unit);
    if (error != 0)
        return error;
    unit->root = vtd_table(unit);
    unit->queue = vtd_table(unit);
    if (unit->root == NULL || unit->queue == NULL)
        return -ENOMEM;
    write32(unit, VTD_FECTL, VTD_FECTL_MASK); // faults are polled
    write64(unit, VTD_RTADDR, vm_physical(unit->root));
    if ((error = flush_write_buffer(unit)) != 0 ||
        (error = command(unit, VTD_ROOT_TABLE, true, true)) != 0)
        return error;
    write64(unit, VTD_IQT, 0);
    write64(unit, VTD_IQA, vm_physical(unit->queue));
    // 11.4.4.1: after a new root table, contexts before pages.
    if ((error = command(unit, VTD_QUEUE, true, true)) != 0 ||
        (error = forget_translations(unit)) != 0)
        return error;
    const uint64_t size = 7; // 2^(7 + 1) entries (11.4.10)
    write64(unit, VTD_IRTA, interrupts | (x2apic ? VTD_IRTA_X2APIC : 0) | size);
    // CFI stays 0: in xAPIC mode too, what is not in remappable format is blocked (5.1.4).
    if ((error = command(unit, VTD_INTERRUPT_TABLE, true, true)) != 0 ||
        (error = vtd_forget_interrupts(unit)) != 0 ||
        (error = command(unit, VTD_INTERRUPTS, true, true)) != 0)
        return error;
    return command(unit, VTD_TRANSLATION, true, true);
}

int vtd_set_context(struct vtd *unit, uint16_t source, uint64_t low, uint64_t high)
{
    uint64_t *root = unit->root + 2 * (source >> 8);
    if (root[0] == 0) {
        const uint64_t *contexts = vtd_table(unit);
        if (contexts == NULL)
            return -ENOMEM;
        root[0] = vm_physical(contexts) | VTD_PRESENT;
        vtd_flush(unit, root, 2 * sizeof *root);
    }
    volatile uint64_t *entry = vm_direct(root[0] & VTD_ADDRESS);
    entry += 2 * (source & 0xff);
    // Absent while it changes: the unit may read it at any time.
    entry[0] = 0;
    entry[1] = high;
    entry[0] = low;
    vtd_flush(unit, (const void *)entry, 2 * sizeof *entry);
    return forget_translations(unit);
}

unsigned vtd_take_faults(struct vtd *unit, struct vtd_fault *faults, unsigned max, bool *lost)
{
    const uint32_t status = read32(unit, VTD_FSTS);
    *lost = (status & VTD_FSTS_OVERFLOW) != 0;
    if ((status & (VTD_FSTS_PENDING | VTD_FSTS_OVERFLOW)) == 0)
        return 0;
    const unsigned count = VTD_CAP_FAULT_COUNT(unit->capability);
    unsigned taken = 0, index = (status & VTD_FSTS_FIRST) >> 8;
    // 7.2.1: the records are filled in order, and filled again when F is clear.
    for (unsigned i = 0; i < count && taken < max; i++, index++) {
        const unsigned at = VTD_CAP_FAULTS(unit->capability) + index % count * RECORD_BYTES;
        const uint64_t high = read64(unit, at + 8);
        if ((high & VTD_FAULT) == 0)
            break;
        faults[taken++] = (struct vtd_fault){
            .address = read64(unit, at),
            .source = VTD_FAULT_SOURCE(high),
            .reason = (uint8_t)VTD_FAULT_REASON(high),
            .read = (high & VTD_FAULT_READ) != 0,
        };
        write32(unit, at + 12, (uint32_t)(VTD_FAULT >> 32)); // F is cleared by writing 1
    }
    if (*lost)
        write32(unit, VTD_FSTS, VTD_FSTS_OVERFLOW);
    return taken;
}
