// SPDX-License-Identifier: BSD-2-Clause
// The list of pages, and what several of them show.
#include "net/stack/pages.h"

#include <string.h>

#include "lwip/stats.h"
#include "net/stack/http.h"

// The status page, which the build embeds: net/stack/web/status.html.
extern const char status_page_start[], status_page_end[];

static struct view view;
static struct page pages[] = {
    {"/", "text/html; charset=utf-8", status_page_start, 0, NULL, NULL},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", NULL, 0, metrics_write, NULL},
    {"/healthz", "text/plain; charset=utf-8", NULL, 0, health_write, health_status},
    {"/api/status", "application/json", NULL, 0, api_status_write, NULL},
    {"/api/fdb", "application/json", NULL, 0, api_fdb_write, NULL},
};

void pages_init(const struct view *the_view)
{
    view = *the_view;
    pages[0].length = (size_t)((uintptr_t)status_page_end - (uintptr_t)status_page_start);
}

const struct view *page_view(void)
{
    return &view;
}

const struct page *page_find(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

static bool pool(struct page_table *table, const char *name, const struct stats_mem *stats)
{
    *table = (struct page_table){name, stats->used, stats->avail};
    return true;
}

bool page_table(unsigned index, struct page_table *table)
{
    switch (index) {
    case 0:
        *table = (struct page_table){"ports", view.supervisor->count, NET_PORTS_MAX};
        return true;
    case 1:
        *table = (struct page_table){"lanes", view.forwarder->lane_count, LANES_MAX};
        return true;
    case 2:
        *table =
            (struct page_table){"box_frames", view.local->put - view.local->taken, LOCAL_SLOTS};
        return true;
    case 3:
        *table = (struct page_table){"http_connections", http_open(), HTTP_CONNECTIONS};
        return true;
    case 4:
        return pool(table, "tcp_connections", lwip_stats.memp[MEMP_TCP_PCB]);
    case 5:
        return pool(table, "tcp_segments", lwip_stats.memp[MEMP_TCP_SEG]);
    case 6:
        return pool(table, "frame_buffers", lwip_stats.memp[MEMP_PBUF_POOL]);
    case 7:
        return pool(table, "heap_bytes", &lwip_stats.mem);
    case 8:
        if (view.fdb != NULL)
            *table = (struct page_table){"stations", view.fdb->entries, view.fdb->capacity};
        return view.fdb != NULL;
    default:
        return false;
    }
}
