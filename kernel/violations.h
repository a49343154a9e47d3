// SPDX-License-Identifier: BSD-2-Clause
// What the IOMMU refused: said in the log, and held against the port whose card tried it.
#pragma once
#include "drivers/port.h"
#include "kernel/iommu.h"

struct env;

enum {
    VIOLATION_LINES_MAX = 4, // in the log, each second
    VIOLATION_TEXT_MAX = 112,
};

// Takes what was refused since the last call. The card of ports[i] belongs to envs[i]. A port that
// runs fails with PORT_FAULT_DMA, the reason as its value, and its card reaches nothing until it is
// started again; a port that does not run stays as it is.
void violations_poll(struct port *ports, struct env *envs, unsigned count);

// "write to 0xfee00000 by 0000:00:03.0 refused: ..., reason 5", for people.
void violation_text(char text[VIOLATION_TEXT_MAX], const struct iommu_fault *fault);
