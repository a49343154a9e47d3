// SPDX-License-Identifier: BSD-2-Clause
// Text in a buffer of fixed size.
#include "net/stack/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *text, char *base, size_t size)
{
    *text = (struct text){.base = base, .size = size};
    base[0] = '\0';
}

void text_append(struct text *text, const char *bytes, size_t length)
{
    if (length >= text_room(text)) {
        text->cut = true;
        return;
    }
    memcpy(text->base + text->used, bytes, length);
    text->used += length;
    text->base[text->used] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text->base + text->used, text_room(text), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= text_room(text)) {
        text->base[text->used] = '\0';
        text->cut = true;
    } else {
        text->used += (size_t)length;
    }
}

void text_json(struct text *text, const char *string)
{
    const size_t begin = text->used;
    const bool cut = text->cut;
    text->cut = false;
    text_append(text, "\"", 1);
    for (; *string != '\0'; string++) {
        const unsigned char byte = (unsigned char)*string;
        if (byte == '"' || byte == '\\')
            text_printf(text, "\\%c", byte);
        else if (byte < ' ')
            text_printf(text, "\\u%04x", byte);
        else
            text_append(text, byte < 0x7f ? string : "?", 1);
    }
    text_append(text, "\"", 1);
    if (text->cut) { // all of it or nothing
        text->used = begin;
        text->base[begin] = '\0';
    }
    text->cut |= cut;
}
