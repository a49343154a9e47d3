// SPDX-License-Identifier: BSD-2-Clause
// Text in a buffer of fixed size: what does not fit is left out as a whole, and remembered.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *base;
    size_t size, used; // bytes; no NUL is counted or needed at the end
    bool cut;          // something did not fit
};

// Empties the text; base is size bytes, 1 at least, and the caller's.
void text_init(struct text *text, char *base, size_t size);

// Appends, if it fits as a whole together with a NUL behind it.
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const char *bytes, size_t length);

// Appends a string between double quotes, as JSON wants it (RFC 8259, section 7). Bytes beyond
// ASCII become '?'.
void text_json(struct text *text, const char *string);

// Room that is left, bytes.
static inline size_t text_room(const struct text *text)
{
    return text->size - text->used;
}
