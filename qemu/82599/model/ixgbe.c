// SPDX-License-Identifier: GPL-2.0-or-later
//
// One port of an Intel 82599 as a PCI function: configuration space, BARs, properties, resets.
// 82599 datasheet 331520, chapters 4 and 9. Start reading at mmio.c for what registers do, tx.c and
// rx.c for the data path.

#include "qemu/osdep.h"

#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "ixgbe.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/units.h"

enum {
    CAP_PM = 0x40,
    CAP_MSI = 0x50,
    CAP_MSIX = 0x70,
    CAP_PCIE = 0xa0,
    CAP_AER = 0x100,
    CAP_SERIAL = 0x140
};
enum { BAR_REGISTERS = 0, BAR_IO = 2, BAR_MSIX = 4 };
enum { IO_SIZE = 32, MSIX_SIZE = 16 * KiB, MSIX_TABLE = 0, MSIX_PBA = 0x2000 };

enum { ID_X540_T2 = 0x1528, ID_X540_T1 = 0x1560, X540_RX_BUFFER = 384 * KiB };

// The 82599's functions, and the X540's. 0x10ed is the virtual function: here only for its
// identity.
static const uint16_t device_ids[] = {
    0x10fb, 0x10f7, 0x10f8, 0x10f9, 0x10fc, 0x1507, 0x1514, 0x1517,     0x151c,     0x1529,
    0x152a, 0x154a, 0x154d, 0x154f, 0x1557, 0x1558, 0x10ed, ID_X540_T2, ID_X540_T1,
};

// CTRL.RST resets all but PCI configuration and the link, CTRL.LRST the link too
// (4.2.1.6, 4.2.1.7, 8.2.3.1.1).
void ixgbe_software_reset(Ixgbe *s, bool with_link)
{
    uint32_t autoc = *reg_at(s, AUTOC), autoc2 = *reg_at(s, AUTOC2);

    ixgbe_table_reset(s);
    if (s->x540) {
        *reg_at(s, RXPBSIZE) = X540_RX_BUFFER;
    }
    if (!with_link) {
        *reg_at(s, AUTOC) = autoc;
        *reg_at(s, AUTOC2) = autoc2;
    }
    ixgbe_intr_reset(s);
    ixgbe_rx_reset(s);
    ixgbe_tx_reset(s);
    ixgbe_flow_reset(s);
    ixgbe_link_laser(s);
    ixgbe_eeprom_auto_read(s);
    memset(&s->spi, 0, sizeof(s->spi));
    s->reset_at = ixgbe_now();
    if (with_link) {
        ixgbe_link_restart(s);
    }
}

// Power-on and function-level reset: nobody waits for the card afterwards, PCI Express grants it
// 100 ms.
static void device_reset(DeviceState *dev)
{
    Ixgbe *s = IXGBE(dev);

    ixgbe_software_reset(s, true);
    s->reset_at -= RESET_READY_NS;
    s->io_address = 0;
}

static void reset_hold(Object *object, ResetType type)
{
    device_reset(DEVICE(object));
}

// The firmware of some machines leaves cards that it does not use in D3hot. After the reset of the
// bus, which ends with D0.
static void reset_exit(Object *object, ResetType type)
{
    Ixgbe *s = IXGBE(object);

    if (s->asleep) {
        pci_set_word(s->parent_obj.config + CAP_PM + PCI_PM_CTRL, 3);
    }
}

static unsigned int power_state(PCIDevice *d)
{
    return pci_get_word(d->config + CAP_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
}

// Without No_Soft_Reset in PMCSR all but the PCI Express link starts anew on the way from D3hot to
// D0 (5.2.5.3, PCI Bus Power Management 1.2, 5.4.1): registers, command register, BARs.
static void wake_up(Ixgbe *s)
{
    PCIDevice *d = &s->parent_obj;

    device_reset(DEVICE(d));
    pci_default_write_config(d, PCI_COMMAND, 0, 2);
    for (unsigned int i = 0; i < 6; i++) {
        pci_default_write_config(d, PCI_BASE_ADDRESS_0 + 4 * i, 0, 4);
    }
}

static uint32_t config_read(PCIDevice *d, uint32_t address, int length)
{
    return IXGBE(d)->fault == FAULT_ALL_ONES ? UINT32_MAX
                                             : pci_default_read_config(d, address, length);
}

static void config_write(PCIDevice *d, uint32_t address, uint32_t value, int length)
{
    Ixgbe *s = IXGBE(d);
    bool master = pci_get_word(d->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
    bool asleep = power_state(d) == 3;

    if (s->fault == FAULT_ALL_ONES) {
        return;
    }
    if (s->fault == FAULT_POWER_STUCK && ranges_overlap(address, length, CAP_PM + PCI_PM_CTRL, 2)) {
        return;
    }
    pci_default_write_config(d, address, value, length);
    if (asleep && power_state(d) == 0) {
        wake_up(s);
    }
    pcie_cap_flr_write_config(d, address, value, length);
    if (!master && (pci_get_word(d->config + PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        ixgbe_rx_drain(s);
    }
}

static void bars(Ixgbe *s)
{
    PCIDevice *d = &s->parent_obj;

    memory_region_init(&s->bar, OBJECT(s), "ixgbe-bar", s->bar_size);
    memory_region_init_io(&s->mmio, OBJECT(s), &ixgbe_mmio_ops, s, "ixgbe-registers",
                          REGISTER_SPACE);
    memory_region_add_subregion(&s->bar, 0, &s->mmio);
    memory_region_init_io(&s->io, OBJECT(s), &ixgbe_io_ops, s, "ixgbe-io", IO_SIZE);
    memory_region_init(&s->msix, OBJECT(s), "ixgbe-msix", MSIX_SIZE);
    pci_register_bar(d, BAR_REGISTERS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
                         PCI_BASE_ADDRESS_MEM_PREFETCH,
                     &s->bar);
    pci_register_bar(d, BAR_IO, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    pci_register_bar(d, BAR_MSIX,
                     PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
                         PCI_BASE_ADDRESS_MEM_PREFETCH,
                     &s->msix);
}

static bool capabilities(Ixgbe *s, Error **errp)
{
    PCIDevice *d = &s->parent_obj;
    uint64_t serial = 0xffff000000000000ull;

    if (pcie_endpoint_cap_init(d, CAP_PCIE) < 0) {
        error_setg(errp, "no PCI Express capability: the port needs a PCI Express bus");
        return false;
    }
    if (msix_init(d, IXGBE_VECTORS, &s->msix, BAR_MSIX, MSIX_TABLE, &s->msix, BAR_MSIX, MSIX_PBA,
                  CAP_MSIX, errp) != 0 ||
        msi_init(d, CAP_MSI, 1, true, true, errp) != 0 || pci_pm_init(d, CAP_PM, errp) < 0) {
        return false;
    }
    for (unsigned int v = 0; v < IXGBE_VECTORS; v++) {
        msix_vector_use(d, v);
    }
    pci_set_word(d->config + CAP_PM + PCI_PM_PMC, 3 | PCI_PM_CAP_DSI);
    pci_set_word(d->wmask + CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    pcie_cap_flr_init(d);
    if (pcie_aer_init(d, PCI_ERR_VER, CAP_AER, PCI_ERR_SIZEOF, errp) < 0) {
        return false;
    }
    for (unsigned int i = 0; i < 6; i++) {
        serial |= (uint64_t)s->conf.macaddr.a[i] << (8 * (i < 3 ? 7 - i : 5 - i));
    }
    pcie_dev_ser_num_init(d, CAP_SERIAL, serial);
    return true;
}

static NetClientInfo net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .receive = ixgbe_receive,
    .link_status_changed = ixgbe_link_set,
};

static bool known_device(uint32_t id)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(device_ids); i++) {
        if (device_ids[i] == id) {
            return true;
        }
    }
    return false;
}

static void realize(PCIDevice *d, Error **errp)
{
    Ixgbe *s = IXGBE(d);
    DeviceState *dev = DEVICE(d);

    if (!known_device(s->device_id)) {
        error_setg(errp, "device-id=%x is not of the 82599 family", s->device_id);
        return;
    }
    if (!is_power_of_2(s->bar_size) || s->bar_size < REGISTER_SPACE) {
        error_setg(errp, "bar-size=%" PRIx64 " is not a power of two from %x on", s->bar_size,
                   REGISTER_SPACE);
        return;
    }
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    s->x540 = s->device_id == ID_X540_T2 || s->device_id == ID_X540_T1;
    if (!ixgbe_eeprom_init(s, errp) || !ixgbe_sfp_init(s, errp) || !ixgbe_link_init(s, errp) ||
        !ixgbe_generator_init(s, errp)) {
        return;
    }
    pci_set_word(d->config + PCI_DEVICE_ID, s->device_id);
    d->config[PCI_CACHE_LINE_SIZE] = 0x10;
    d->config[PCI_INTERRUPT_PIN] = 1 + PCI_FUNC(d->devfn) % 4;
    d->config_read = config_read;
    d->config_write = config_write;
    bars(s);
    if (!capabilities(s, errp)) {
        ixgbe_generator_finalize(s);
        return;
    }
    ixgbe_intr_init(s);
    ixgbe_flow_init(s);
    ixgbe_phy_init(s);
    ixgbe_rx_init(s);
    ixgbe_tx_init(s);
    s->nic = qemu_new_nic(&net_info, &s->conf, object_get_typename(OBJECT(s)), dev->id,
                          &dev->mem_reentrancy_guard, s);
    qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
    ixgbe_fault_init(s);
}

static void unrealize(PCIDevice *d)
{
    Ixgbe *s = IXGBE(d);

    ixgbe_table_reset(s); // no queue is enabled: nothing starts while the rest goes away
    qemu_del_nic(s->nic);
    s->nic = NULL;
    ixgbe_generator_finalize(s);
    timer_free(s->link_timer);
    timer_free(s->flap_timer);
    timer_free(s->throttle);
    ixgbe_flow_finalize(s);
    ixgbe_phy_finalize(s);
    ixgbe_rx_finalize(s);
    ixgbe_tx_finalize(s);
    pcie_aer_exit(d);
    pcie_cap_exit(d);
    msi_uninit(d);
    msix_unuse_all_vectors(d);
    msix_uninit(d, &s->msix, &s->msix);
    // A region in another one holds a reference to the device, which would never be gone.
    memory_region_del_subregion(&s->bar, &s->mmio);
}

static const VMStateDescription not_migratable = {.name = TYPE_IXGBE, .unmigratable = 1};

static const Property properties[] = {
    DEFINE_NIC_PROPERTIES(Ixgbe, conf),
    DEFINE_PROP_BOOL("strict", Ixgbe, strict, false),
    DEFINE_PROP_BOOL("backpressure", Ixgbe, backpressure, true),
    DEFINE_PROP_BOOL("any-sfp", Ixgbe, any_sfp, true),
    DEFINE_PROP_STRING("generator", Ixgbe, generator_property),
    DEFINE_PROP_STRING("generator-to", Ixgbe, generator_to_property),
    DEFINE_PROP_STRING("generator-check", Ixgbe, check_property),
    DEFINE_PROP_UINT32("generator-delay-ms", Ixgbe, generator_delay_ms, 1),
    DEFINE_PROP_STRING("sfp", Ixgbe, sfp_property),
    DEFINE_PROP_STRING("eeprom", Ixgbe, eeprom_property),
    DEFINE_PROP_STRING("link", Ixgbe, link_property),
    DEFINE_PROP_UINT32("link-delay-ms", Ixgbe, link_delay_ms, 20),
    DEFINE_PROP_UINT32("device-id", Ixgbe, device_id, 0x10fb),
    DEFINE_PROP_BOOL("asleep", Ixgbe, asleep, false),
    DEFINE_PROP_SIZE("bar-size", Ixgbe, bar_size, REGISTER_SPACE),
};

static void get_count(Object *object, Visitor *v, const char *name, void *opaque, Error **errp)
{
    visit_type_uint64(v, name, (uint64_t *)((char *)IXGBE(object) + (size_t)opaque), errp);
}

static void class_init(ObjectClass *class, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(class);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);
    ResettableClass *rc = RESETTABLE_CLASS(class);

    ixgbe_table_init();
    pc->realize = realize;
    pc->exit = unrealize;
    pc->vendor_id = PCI_VENDOR_ID_INTEL;
    pc->device_id = 0x10fb;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_NETWORK_ETHERNET;
    pc->subsystem_vendor_id = PCI_VENDOR_ID_INTEL;
    pc->subsystem_id = 0x0003; // Ethernet Server Adapter X520-2
    dc->desc = "Intel 82599 10 Gigabit Ethernet (Barewire)";
    dc->vmsd = &not_migratable;
    rc->phases.hold = reset_hold;
    rc->phases.exit = reset_exit;
    device_class_set_props(dc, properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    ixgbe_fault_properties(class);
    ixgbe_generator_properties(class);
    object_class_property_add(class, "dma-errors", "uint64", get_count, NULL, NULL,
                              (void *)offsetof(Ixgbe, dma_errors));
    object_class_property_add(class, "faults-done", "uint64", get_count, NULL, NULL,
                              (void *)offsetof(Ixgbe, faults_done));
}

static const TypeInfo ixgbe_info = {
    .name = TYPE_IXGBE,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(Ixgbe),
    .class_init = class_init,
    .interfaces = (InterfaceInfo[]){{INTERFACE_PCIE_DEVICE}, {}},
};

static void register_types(void)
{
    type_register_static(&ixgbe_info);
}

type_init(register_types)
