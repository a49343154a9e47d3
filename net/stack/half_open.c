// SPDX-License-Identifier: BSD-2-Clause
// Forgets the oldest half-open connection when there is no room. lwIP 2.2.1 by itself would wait 20
// seconds for it and turn away everybody else.
#include "net/stack/half_open.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

void half_open_limit(void)
{
    const struct stats_mem *stats = lwip_stats.memp[MEMP_TCP_PCB];
    if (stats->used < stats->avail || tcp_tw_pcbs != NULL)
        return; // there is room, or lwIP makes it out of what is closed
    // Ticks are half a second: of those that began in the same one, the last in lwIP's list, which
    // new ones enter in front.
    struct tcp_pcb *oldest = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
        if (pcb->state == SYN_RCVD &&
            (oldest == NULL || tcp_ticks - pcb->tmr >= tcp_ticks - oldest->tmr))
            oldest = pcb;
    if (oldest != NULL)
        tcp_abandon(oldest, 0);
}
