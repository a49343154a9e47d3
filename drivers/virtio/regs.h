// SPDX-License-Identifier: BSD-2-Clause
// Registers and bits of a virtio network device behind PCI: those that this driver uses, in order.
// Virtual I/O Device (VIRTIO) Version 1.2 (OASIS, 2022); sections are named where things are.
#pragma once

// 4.1.2: PCI identity.
enum {
    VIRTIO_PCI_VENDOR = 0x1af4,
    VIRTIO_PCI_NET_TRANSITIONAL = 0x1000,
    VIRTIO_PCI_NET_MODERN = 0x1041, // 0x1040 + device type 1
};

// PCI Local Bus 3.0, 6.1 and 6.7: what is read of the configuration header.
enum {
    PCI_DEVICE_ID = 0x02, // 2 bytes
    PCI_STATUS = 0x06,    // 2 bytes
    PCI_STATUS_CAPABILITIES = 1 << 4,
    PCI_CAPABILITIES = 0x34,       // 1 byte: offset of the first capability
    PCI_CAPABILITIES_FIRST = 0x40, // capabilities lie behind the header
    PCI_CAPABILITIES_END = 0x100,  // and in front of the extended space
    PCI_CAPABILITY_VENDOR = 0x09,
    PCI_CAPABILITY_MSIX = 0x11,
    PCI_MSIX_CONTROL = 2, // 2 bytes, offset in the capability (PCI 3.0, 6.8.2.3)
    PCI_MSIX_ENABLE = 1 << 15,
};

// 4.1.4: the vendor capability that says where a structure lies. Offsets from its start.
enum {
    VIRTIO_CAP_ID = 0,      // 1 byte
    VIRTIO_CAP_NEXT = 1,    // 1 byte
    VIRTIO_CAP_LENGTH = 2,  // 1 byte: of the capability itself
    VIRTIO_CAP_TYPE = 3,    // 1 byte
    VIRTIO_CAP_BAR = 4,     // 1 byte
    VIRTIO_CAP_OFFSET = 8,  // 4 bytes: of the structure in the BAR
    VIRTIO_CAP_EXTENT = 12, // 4 bytes: length of the structure
    VIRTIO_CAP_SIZE = 16,
    VIRTIO_CAP_NOTIFY_MULTIPLIER = 16, // 4 bytes, 4.1.4.4
    VIRTIO_CAP_NOTIFY_SIZE = 20,

    VIRTIO_CAP_TYPE_COMMON = 1,
    VIRTIO_CAP_TYPE_NOTIFY = 2,
    VIRTIO_CAP_TYPE_DEVICE = 4,
};

// 4.1.4.3: common configuration structure.
enum {
    VIRTIO_DEVICE_FEATURE_SELECT = 0x00, // 4 bytes
    VIRTIO_DEVICE_FEATURE = 0x04,        // 4 bytes, read only
    VIRTIO_DRIVER_FEATURE_SELECT = 0x08, // 4 bytes
    VIRTIO_DRIVER_FEATURE = 0x0c,        // 4 bytes
    VIRTIO_CONFIG_MSIX_VECTOR = 0x10,    // 2 bytes
    VIRTIO_NUM_QUEUES = 0x12,            // 2 bytes, read only
    VIRTIO_DEVICE_STATUS = 0x14,         // 1 byte
    VIRTIO_CONFIG_GENERATION = 0x15,     // 1 byte, read only
    VIRTIO_QUEUE_SELECT = 0x16,          // 2 bytes
    VIRTIO_QUEUE_SIZE = 0x18,            // 2 bytes
    VIRTIO_QUEUE_MSIX_VECTOR = 0x1a,     // 2 bytes
    VIRTIO_QUEUE_ENABLE = 0x1c,          // 2 bytes
    VIRTIO_QUEUE_NOTIFY_OFF = 0x1e,      // 2 bytes, read only
    VIRTIO_QUEUE_DESC = 0x20,            // 8 bytes
    VIRTIO_QUEUE_DRIVER = 0x28,          // 8 bytes: the available ring
    VIRTIO_QUEUE_DEVICE = 0x30,          // 8 bytes: the used ring
    VIRTIO_COMMON_SIZE = 0x38,
    VIRTIO_QUEUE_RESET = 0x3a, // 2 bytes, with RING_RESET
    VIRTIO_QUEUE_RESET_END = 0x3c,

    VIRTIO_NO_VECTOR = 0xffff, // 4.1.5.1.2
};

// 4.1.4.10: the registers of a legacy device, in its I/O BAR 0.
enum {
    LEGACY_IO_BAR = 0,
    LEGACY_DEVICE_FEATURES = 0x00, // 4 bytes, read only
    LEGACY_DRIVER_FEATURES = 0x04, // 4 bytes
    LEGACY_QUEUE_PAGE = 0x08,      // 4 bytes: address of the ring / 4096
    LEGACY_QUEUE_SIZE = 0x0c,      // 2 bytes, read only
    LEGACY_QUEUE_SELECT = 0x0e,    // 2 bytes
    LEGACY_QUEUE_NOTIFY = 0x10,    // 2 bytes: the doorbell of all queues
    LEGACY_STATUS = 0x12,          // 1 byte
    LEGACY_CONFIG_VECTOR = 0x14,   // 2 bytes, while MSI-X is on
    LEGACY_QUEUE_VECTOR = 0x16,    // 2 bytes, while MSI-X is on
    LEGACY_CONFIG = 0x14,          // device configuration, while MSI-X is off
    LEGACY_CONFIG_MSIX = 0x18,     // and while it is on
};

// 2.1: device status.
enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
    VIRTIO_STATUS_GONE = 0xff, // what an absent function reads as; no device may say this
};

// 5.1.3 and 6: the features that are accepted. README.md has the reasons, and those refused.
#define VIRTIO_NET_F_MTU         (1ULL << 3)
#define VIRTIO_NET_F_MAC         (1ULL << 5)
#define VIRTIO_NET_F_STATUS      (1ULL << 16)
#define VIRTIO_NET_F_CTRL_VQ     (1ULL << 17)
#define VIRTIO_NET_F_CTRL_RX     (1ULL << 18)
#define VIRTIO_NET_F_MQ          (1ULL << 22)
#define VIRTIO_NET_F_CTRL_MAC    (1ULL << 23)
#define VIRTIO_F_ANY_LAYOUT      (1ULL << 27) // legacy devices only
#define VIRTIO_F_VERSION_1       (1ULL << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ULL << 33)
#define VIRTIO_F_RING_PACKED     (1ULL << 34)
#define VIRTIO_F_ORDER_PLATFORM  (1ULL << 36)
#define VIRTIO_F_RING_RESET      (1ULL << 40)

// 5.1.4: the network device's own configuration structure.
enum {
    VIRTIO_NET_MAC = 0,    // 6 bytes
    VIRTIO_NET_STATUS = 6, // 2 bytes
    VIRTIO_NET_STATUS_LINK_UP = 1,
    VIRTIO_NET_CONFIG_SIZE = 8, // MAC and status; only a device without STATUS may have less, and
                                // none is known that does
    VIRTIO_NET_PAIRS = 8,       // 2 bytes: max_virtqueue_pairs
    VIRTIO_NET_PAIRS_END = 10,
    VIRTIO_NET_PAIRS_MAX = 0x8000,
    VIRTIO_NET_MTU = 10, // 2 bytes
    VIRTIO_NET_MTU_END = 12,
    VIRTIO_NET_MTU_MIN = 68, // 5.1.4.1
};

// 5.1.2: queues 2i and 2i + 1 are pair i; the control queue follows the last pair that there is.
enum {
    VIRTIO_NET_RECEIVEQ = 0,
    VIRTIO_NET_TRANSMITQ = 1,
    VIRTIO_NET_QUEUES = 2, // without multiqueue and control queue
};

// 5.1.6.5: the control queue's commands: class, command, data; the device answers with one byte.
enum {
    VIRTIO_NET_CTRL_RX = 0,
    VIRTIO_NET_CTRL_RX_PROMISC = 0,  // 1 byte: on
    VIRTIO_NET_CTRL_RX_ALLMULTI = 1, // 1 byte: on
    VIRTIO_NET_CTRL_MAC = 1,
    VIRTIO_NET_CTRL_MAC_ADDR_SET = 1, // 6 bytes
    VIRTIO_NET_CTRL_MQ = 4,
    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0, // 2 bytes
    VIRTIO_NET_CTRL_OK = 0,
};

// 5.1.6: the header in front of each frame, with VERSION_1 (a legacy device's has no num_buffers):
// flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, num_buffers. All zero on
// transmission (5.1.6.2.1). Ignored on reception: with no offload and no MRG_RXBUF negotiated the
// device must set flags to 0, gso_type to GSO_NONE and num_buffers to 1 (5.1.6.4.1).
enum { VIRTIO_NET_HEADER = 12 };
