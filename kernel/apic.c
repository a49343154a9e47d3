// SPDX-License-Identifier: BSD-2-Clause
// The local APIC: by memory (xAPIC) or, where the processor has it, by MSR (x2APIC). Intel SDM
// volume 3, 11.4 (xAPIC), 11.12 (x2APIC), 11.11 (messages). The 8259s: Intel 8259A data sheet.
#include "kernel/apic.h"

#include <errno.h>
#include <stddef.h>

#include "kernel/acpi.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/io_apic.h"
#include "kernel/iommu.h"
#include "kernel/log.h"
#include "kernel/port_io.h"
#include "kernel/vm.h"

enum {
    IA32_APIC_BASE = 0x1b,
    APIC_BASE_X2APIC = 1u << 10,
    APIC_BASE_ENABLE = 1u << 11,
    X2APIC_MSR = 0x800, // register at offset N of the page is MSR 0x800 + N / 16
};

// Offsets in the page, table 11-1
enum {
    APIC_ID = 0x020,
    APIC_VERSION = 0x030,
    APIC_TPR = 0x080,
    APIC_EOI = 0x0b0,
    APIC_SVR = 0x0f0,
    APIC_ISR = 0x100, // 8 registers, 0x10 apart
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_THERMAL = 0x330,
    APIC_LVT_PERFORMANCE = 0x340,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};

enum {
    SVR_ENABLE = 1u << 8,
    LVT_NMI = 4u << 8,
    LVT_MASKED = 1u << 16,

    DIVIDE_BY_1 = 11, // figure 11-10
};

enum { PIC_MASTER = 0x20, PIC_SLAVE = 0xa0, PIC_VECTORS = 0x20 };

#define MESSAGE_ADDRESS 0xfee00000ull

static enum { ABSENT, XAPIC, X2APIC } mode;
static volatile uint32_t *page; // XAPIC: the registers

static uint32_t read_register(unsigned offset)
{
    return mode == XAPIC ? page[offset / 4] : (uint32_t)cpu_read_msr(X2APIC_MSR + offset / 16);
}

static void write_register(unsigned offset, uint32_t value)
{
    if (mode == XAPIC)
        page[offset / 4] = value;
    else
        cpu_write_msr(X2APIC_MSR + offset / 16, value);
}

// The 8259s come out of reset on vectors 8..15, which are exceptions: moved away before being
// masked, because a spurious IRQ 7 or 15 cannot be masked.
static void disable_8259s(void)
{
    outb(PIC_MASTER, 0x11); // ICW1: edge triggered, cascaded, ICW4 follows
    outb(PIC_SLAVE, 0x11);
    outb(PIC_MASTER + 1, PIC_VECTORS); // ICW2
    outb(PIC_SLAVE + 1, PIC_VECTORS + 8);
    outb(PIC_MASTER + 1, 1u << 2); // ICW3: the slave is on IRQ 2
    outb(PIC_SLAVE + 1, 2);
    outb(PIC_MASTER + 1, 0x01); // ICW4: 8086 mode
    outb(PIC_SLAVE + 1, 0x01);
    outb(PIC_MASTER + 1, 0xff); // OCW1: all masked
    outb(PIC_SLAVE + 1, 0xff);
}

// LINT1 is the NMI line on PC hardware; everything else that the APIC could raise stays silent.
static void set_local_vectors(void)
{
    unsigned last = read_register(APIC_VERSION) >> 16 & 0xff; // entries of the LVT, less one
    write_register(APIC_LVT_TIMER, LVT_MASKED);
    write_register(APIC_LVT_LINT0, LVT_MASKED);
    write_register(APIC_LVT_LINT1, LVT_NMI);
    write_register(APIC_LVT_ERROR, LVT_MASKED);
    if (last >= 4)
        write_register(APIC_LVT_PERFORMANCE, LVT_MASKED);
    if (last >= 5)
        write_register(APIC_LVT_THERMAL, LVT_MASKED);
}

// Interrupts that firmware took and never finished would hold up ours (11.8.4).
static void finish_old_interrupts(void)
{
    for (unsigned i = 0; i < 8; i++)
        for (uint32_t bits = read_register(APIC_ISR + i * 0x10); bits != 0; bits &= bits - 1)
            apic_eoi();
}

int apic_init(void)
{
    struct cpuid features = cpuid(1, 0); // SDM volume 2, CPUID
    disable_8259s();
    io_apic_mask_all();
    if (!(features.edx & 1u << 9)) {
        log_line("APIC: this processor has none: no interrupts, cards are polled");
        return -ENODEV;
    }

    uint64_t base = cpu_read_msr(IA32_APIC_BASE) | APIC_BASE_ENABLE;
    // There is no way back from x2APIC mode but through a reset of the APIC (11.12.5).
    const bool x2apic =
        (features.ecx & 1u << 21) != 0 && (iommu_x2apic() || (base & APIC_BASE_X2APIC) != 0);
    cpu_write_msr(IA32_APIC_BASE, base);
    if (x2apic) {
        cpu_write_msr(IA32_APIC_BASE, base | APIC_BASE_X2APIC); // only allowed from enabled xAPIC
    } else {
        uint64_t address = base & 0x000ffffffffff000ull;
        if (acpi()->local_apic != 0 && acpi()->local_apic != address)
            log_line("APIC: MADT says %#llx, IA32_APIC_BASE %#llx, which counts",
                     (unsigned long long)acpi()->local_apic, (unsigned long long)address);
        page = vm_map_device(address, 4096);
        if (page == NULL) {
            log_line("APIC: its registers cannot be mapped: no interrupts, cards are polled");
            return -ENOMEM;
        }
    }
    mode = x2apic ? X2APIC : XAPIC;

    set_local_vectors();
    write_register(APIC_TPR, 0);
    write_register(APIC_SVR, SVR_ENABLE | APIC_SPURIOUS_VECTOR);
    finish_old_interrupts();
    log_line("APIC: %s, id %u", x2apic ? "x2APIC" : "xAPIC", (unsigned)apic_id());
    return 0;
}

bool apic_present(void)
{
    return mode != ABSENT;
}

bool apic_x2apic(void)
{
    return mode == X2APIC;
}

uint32_t apic_id(void)
{
    if (mode == ABSENT)
        return 0;
    uint32_t id = read_register(APIC_ID);
    return mode == XAPIC ? id >> 24 : id;
}

void apic_eoi(void)
{
    if (mode != ABSENT)
        write_register(APIC_EOI, 0);
}

void apic_timer_vector(uint8_t vector, bool on)
{
    write_register(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    write_register(APIC_LVT_TIMER, vector | (on ? 0 : LVT_MASKED)); // bits 18:17 = 0: one-shot
}

void apic_timer_count(uint32_t counts)
{
    write_register(APIC_TIMER_INITIAL, counts);
}

uint32_t apic_timer_left(void)
{
    return read_register(APIC_TIMER_CURRENT);
}

// 11.11: physical destination, fixed delivery, edge triggered. Destination 255 means everyone.
bool apic_compose_message(uint32_t id, uint8_t vector, struct apic_message *message)
{
    if (id >= 0xff)
        return false;
    *message = (struct apic_message){MESSAGE_ADDRESS | id << 12, vector};
    return true;
}
