// SPDX-License-Identifier: BSD-2-Clause
// lwIP's timers: its own table of functions and periods (lwIP 2.2.1, core/timeouts.c,
// lwip_cyclic_timers), run by the main loop one at a time instead of all that are due.
#include "net/stack/timers.h"

#include "lwip/opt.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"

enum { TIMERS_MAX = 16 };

static uint64_t due[TIMERS_MAX]; // us
static uint64_t earliest;

// lwIP calls it from lwip_init().
void sys_timeouts_init(void)
{
    LWIP_ASSERT("the table of timers is too small", lwip_num_cyclic_timers <= TIMERS_MAX);
}

bool timers_run(uint64_t now_us)
{
    if (now_us < earliest)
        return false;
    bool ran = false;
    earliest = UINT64_MAX;
    for (int i = 0; i < lwip_num_cyclic_timers; i++) {
        if (!ran && now_us >= due[i]) {
            ran = true;
            due[i] = now_us + 1000ull * lwip_cyclic_timers[i].interval_ms;
            lwip_cyclic_timers[i].handler();
        }
        if (due[i] < earliest)
            earliest = due[i];
    }
    return ran;
}

uint64_t timers_next(void)
{
    return earliest;
}
