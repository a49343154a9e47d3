// SPDX-License-Identifier: BSD-2-Clause
// What the web server serves: a page is bytes that are there already, or a function that writes
// them piece by piece, so that no piece takes long and none needs much memory.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/load.h"
#include "net/stack/text.h"

enum { PAGE_PIECE_MAX = 1024 }; // bytes that one call of write() may append

// How far a page has been written; zero at its beginning, and otherwise its writer's own.
struct page_cursor {
    unsigned part;
    unsigned item;
    uint32_t place;
    struct load_report load; // /metrics: its numbers add up, so they are of one moment
};

struct page {
    const char *path;
    const char *type; // its media type
    // Bytes that are there for ever, or NULL:
    const char *bytes;
    size_t length;
    // Appends the next piece. query is what stood behind "?" in the request. Returns whether there
    // is more to come. A few microseconds.
    bool (*write)(struct page_cursor *cursor, const char *query, struct text *out);
    // NULL: 200. Else the status of the answer, asked before the first piece.
    uint16_t (*status)(void);
};

// The page at that path, or NULL.
const struct page *page_find(const char *path);
