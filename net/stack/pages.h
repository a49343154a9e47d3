// SPDX-License-Identifier: BSD-2-Clause
// The pages of the web server, and what they look at.
#pragma once
#include "net/stack/page.h"
#include "net/view.h"

// What all pages show; copied. Before http_start().
void pages_init(const struct view *view);

// Their writers and statuses, each in a file of its own; see struct page.
bool metrics_write(struct page_cursor *cursor, const char *query, struct text *out);
bool api_status_write(struct page_cursor *cursor, const char *query, struct text *out);
bool api_fdb_write(struct page_cursor *cursor, const char *query, struct text *out);
bool health_write(struct page_cursor *cursor, const char *query, struct text *out);
uint16_t health_status(void);

// What they look at: what pages_init() was given.
const struct view *page_view(void);

// How full the tables of fixed size are, one after the other from index 0 on. False: there are no
// more.
struct page_table {
    const char *name;
    uint64_t used, capacity;
};
bool page_table(unsigned index, struct page_table *table);
