// SPDX-License-Identifier: BSD-2-Clause
// The registers and structures of a VT-d remapping unit that Barewire uses. Intel Virtualization
// Technology for Directed I/O (D51397-018, revision 5.10): chapter 11 (registers), 9
// (structures), 6.5 (queued invalidation).
#pragma once
#include <stdint.h>

// Offsets of registers
enum {
    VTD_CAP = 0x08,    // 11.4.2, 64 bits
    VTD_ECAP = 0x10,   // 11.4.3, 64 bits
    VTD_GCMD = 0x18,   // 11.4.4.1
    VTD_GSTS = 0x1c,   // 11.4.4.2
    VTD_RTADDR = 0x20, // 11.4.5, 64 bits
    VTD_FSTS = 0x34,   // 11.4.7.1
    VTD_FECTL = 0x38,  // 11.4.7.2
    VTD_PMEN = 0x64,   // 11.4.8.1
    VTD_IQH = 0x80,    // 11.4.9.1, 64 bits
    VTD_IQT = 0x88,    // 11.4.9.2, 64 bits
    VTD_IQA = 0x90,    // 11.4.9.3, 64 bits
    VTD_IRTA = 0xb8,   // 11.4.10, 64 bits
};

// In VTD_GCMD and VTD_GSTS, where the same bit says that it is done
enum {
    VTD_INTERRUPT_TABLE = 1u << 24, // SIRTP
    VTD_INTERRUPTS = 1u << 25,      // IRE
    VTD_QUEUE = 1u << 26,           // QIE
    VTD_WRITE_BUFFER = 1u << 27,    // WBF; done when it reads 0
    VTD_ROOT_TABLE = 1u << 30,      // SRTP
    VTD_TRANSLATION = 1u << 31,     // TE
    // Commands that act once: not to be repeated when another bit is written (11.4.4.1)
    VTD_KEEP = VTD_INTERRUPTS | VTD_QUEUE | VTD_TRANSLATION,
};

// In VTD_CAP
#define VTD_CAP_WRITE_BUFFER(cap) ((cap) >> 4 & 1)                        // RWBF
#define VTD_CAP_WIDTHS(cap)       ((unsigned)((cap) >> 8) & 0x1f)         // SAGAW
#define VTD_CAP_LOW_REGION(cap)   ((cap) >> 5 & 1)                        // PLMR
#define VTD_CAP_HIGH_REGION(cap)  ((cap) >> 6 & 1)                        // PHMR
#define VTD_CAP_CACHING(cap)      ((cap) >> 7 & 1)                        // CM
#define VTD_CAP_ADDRESS_BITS(cap) (((unsigned)((cap) >> 16) & 0x3f) + 1)  // MGAW
#define VTD_CAP_DOMAINS(cap)      (1u << (4 + 2 * ((unsigned)(cap) & 7))) // ND
#define VTD_CAP_FAULTS(cap)       ((unsigned)((cap) >> 24 & 0x3ff) * 16)  // FRO, bytes
#define VTD_CAP_LARGE_PAGES(cap)  ((cap) >> 34 & 1)                       // SLLPS, 2 MiB
#define VTD_CAP_FAULT_COUNT(cap)  (((unsigned)((cap) >> 40) & 0xff) + 1)  // NFR
#define VTD_CAP_DRAIN_WRITE(cap)  ((cap) >> 54 & 1)                       // DWD
#define VTD_CAP_DRAIN_READ(cap)   ((cap) >> 55 & 1)                       // DRD

enum { VTD_WIDTH_39 = 1, VTD_WIDTH_48 = 2 }; // bits of SAGAW, and values of a context entry's AW

// In VTD_ECAP
#define VTD_ECAP_COHERENT(ecap)     ((ecap) & 1)      // C
#define VTD_ECAP_QUEUE(ecap)        ((ecap) >> 1 & 1) // QI
#define VTD_ECAP_INTERRUPTS(ecap)   ((ecap) >> 3 & 1) // IR
#define VTD_ECAP_X2APIC(ecap)       ((ecap) >> 4 & 1) // EIM
#define VTD_ECAP_PASS_THROUGH(ecap) ((ecap) >> 6 & 1) // PT
#define VTD_ECAP_SNOOP(ecap)        ((ecap) >> 7 & 1) // SC

// In VTD_FSTS
enum {
    VTD_FSTS_OVERFLOW = 1u << 0, // PFO: faults were lost
    VTD_FSTS_PENDING = 1u << 1,  // PPF: some record is filled
    VTD_FSTS_FIRST = 0xff00,     // FRI: the first filled record
};

enum {
    VTD_FECTL_MASK = 1u << 31,  // IM
    VTD_PMEN_ENABLE = 1u << 31, // EPM
    VTD_PMEN_STATUS = 1u << 0,  // PRS
};

// 9.1, 9.3: entries of 128 bits. Legacy mode.
#define VTD_PRESENT            1ull
#define VTD_CONTEXT_PASS       (2ull << 2) // TT 10b: untranslated
#define VTD_CONTEXT_DOMAIN(id) ((uint64_t)(id) << 8)
#define VTD_ADDRESS            0x000ffffffffff000ull

// 9.8: entries of a second-level table
#define VTD_PAGE_READ  1ull
#define VTD_PAGE_WRITE 2ull
#define VTD_PAGE_LARGE (1ull << 7)
#define VTD_PAGE_SNOOP (1ull << 11)

// 6.5.2: descriptors of 128 bits; low halves
#define VTD_INVALIDATE_CONTEXTS     (1ull | 1ull << 4)
#define VTD_INVALIDATE_ALL          (2ull | 1ull << 4)
#define VTD_INVALIDATE_DRAIN_WRITES (1ull << 6)
#define VTD_INVALIDATE_DRAIN_READS  (1ull << 7)
#define VTD_INVALIDATE_INTERRUPTS   4ull
#define VTD_WAIT                    (5ull | 1ull << 5) // writes status data
#define VTD_WAIT_DATA(data)         ((uint64_t)(data) << 32)

// 9.9: interrupt remapping table entry, low half
#define VTD_IRTE_VECTOR(vector)   ((uint64_t)(vector) << 16)
#define VTD_IRTE_TARGET(apic_id)  ((uint64_t)(apic_id) << 32) // x2APIC mode
#define VTD_IRTE_TARGET8(apic_id) ((uint64_t)(apic_id) << 40) // xAPIC mode
// high half: SVT 01b, all 16 bits of the requester id are compared
#define VTD_IRTE_SOURCE(id) ((uint64_t)(id) | 1ull << 18)

#define VTD_IRTA_X2APIC (1ull << 11) // EIME

// 11.4.7.6: a fault record, high half
#define VTD_FAULT            (1ull << 63) // F: filled
#define VTD_FAULT_READ       (1ull << 62) // T1
#define VTD_FAULT_REASON(hi) ((unsigned)((hi) >> 32) & 0xff)
#define VTD_FAULT_SOURCE(hi) ((uint16_t)(hi))
