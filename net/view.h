// SPDX-License-Identifier: BSD-2-Clause
// The box as somebody sees it who only looks: what the pages and the metrics are made of. Port
// numbers mean the same in all of it. Everything is kept by pointer and changes between two looks.
#pragma once
#include "kernel/config.h"
#include "net/buffers.h"
#include "net/fdb.h"
#include "net/forward.h"
#include "net/supervise.h"

struct view {
    const struct config *config;
    const struct buffers *buffers;
    const struct forwarder *forwarder;
    const struct supervisor *supervisor;
    const struct local *local;
    const struct fdb *fdb; // of the bridge; NULL: there is none
};
