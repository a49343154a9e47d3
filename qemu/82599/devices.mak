# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests' machines are made of: Q35 with VT-d, ports of virtio and of the 82599, bridges,
# isa-debug-exit, and what the image may boot from.
CONFIG_Q35=y
CONFIG_I440FX=y
CONFIG_VTD=y
CONFIG_ISA_DEBUG=y
CONFIG_PCIE_PORT=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_BLK=y
CONFIG_E1000_PCI=y
CONFIG_AHCI_ICH9=y
CONFIG_USB_XHCI_PCI=y
CONFIG_USB_STORAGE_CLASSIC=y
CONFIG_VGA_PCI=y
CONFIG_IXGBE_82599=y
