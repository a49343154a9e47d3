// SPDX-License-Identifier: BSD-2-Clause
// Which descriptor ids a device holds. VIRTIO 1.2, sections 2.7.14 and 2.8.
//
// The ids 0..slots-1 of a ring are kept as one permutation, laid out as a ring:
//
//     seen .. seen + held            ids that the device holds, oldest first
//     seen + held .. seen + slots    ids that are free, in the order of their use
//
// `seen` is a free-running counter, masked at the access. An id that the device uses is checked by
// its place in the permutation: whether it is inside the ring, whether the device holds it, and so
// whether it comes twice. Nothing of this lies in memory that the device can write.
#pragma once
#include "drivers/port.h"

// The device has used `id`. If it holds that id, swaps it with the one at `seen`, the oldest, and
// returns PORT_OK; else PORT_FAULT_USED_ID or PORT_FAULT_USED_REPLAY, with nothing changed.
// order[i & (slots - 1)] is the id at i, place[id] is where; slots is a power of two, held at most
// slots.
enum port_fault order_take(uint16_t *order, uint16_t *place, uint32_t slots, uint32_t seen,
                           uint32_t held, uint32_t id);

// The permutation of a ring that was reset: every id at its own place.
void order_reset(uint16_t *order, uint16_t *place, uint32_t slots);
