// SPDX-License-Identifier: BSD-2-Clause
// From the configuration's port sections to probed ports: finds each card and its driver.
#pragma once
#include "drivers/port.h"
#include "kernel/config.h"

struct port_driver;

// The configured ports, in the order of the configuration.
struct ports {
    struct port *at[CONFIG_PORTS_MAX];
    const char *device[CONFIG_PORTS_MAX];              // as the configuration names it
    enum config_isolation isolation[CONFIG_PORTS_MAX]; // the level that holds
    unsigned count;
};

// Opens and probes every port. drivers ends with NULL. A port whose card is missing, unknown or
// broken stays in the list with the state PORT_ABSENT, and the log says why.
void ports_open(struct ports *ports, const struct config *config,
                const struct port_driver *const drivers[]);

// Whether an IOMMU confines the card of some port: then memory that one of them may reach and
// another may not must not share a page.
bool ports_confined(const struct ports *ports);

// Lets the card of a port read memory of other ports' buffers, and write it if write is set, where
// an IOMMU confines it. Physical address and bytes are multiples of 4096. After ports_open(),
// before the port is started. Returns 0 or a negative errno.
int ports_grant(const struct ports *ports, unsigned port, uint64_t address, uint64_t bytes,
                bool write);

// Looks at what the IOMMU refused since the last call: each is reported, and a running port whose
// card tried it fails with PORT_FAULT_DMA, its card cut off at once. To be called every
// millisecond.
void ports_police(void);

// Makes of a configuration with errors one that joins the first two cards that some driver
// supports, for on-error = wire; the box has no address then. Returns false when there are fewer
// than two.
bool ports_first_two(struct config *config, const struct port_driver *const drivers[]);

// Arms every running port, so that a frame interrupts: port_driver.arm(). Returns false, with none
// armed, when one of them cannot be. off: the other way round; returns false.
bool ports_arm(bool on);

// The port that the last ports_arm(true) could not arm; NULL: there was none.
const struct port *ports_unarmed(void);

// How often frames of all ports have interrupted.
uint64_t ports_frame_interrupts(void);

// Whether some card asked for attention since the last call. To be called in every round that has
// time for it: a card that asked may not ask again before this was called.
bool ports_attention(void);
