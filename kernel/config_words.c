// SPDX-License-Identifier: BSD-2-Clause
// Help with words that people typed: showing them safely, guessing what was meant.
#include "kernel/config_words.h"

#include <stdint.h>
#include <string.h>

enum {
    WORD_MAX = 24,  // longer words are not compared
    NEAR_ENOUGH = 2 // single-character edits
};

// Quotes so many bytes of the text.
static char *quote(char *out, const char *text, size_t length)
{
    static const char hexadecimal[] = "0123456789abcdef";
    const char *const end = text + length;
    size_t used = 0, limit = QUOTED_MAX - sizeof "\"...\""; // leaves room for what comes last
    out[used++] = '"';
    for (; text < end; text++) {
        uint8_t byte = (uint8_t)*text;
        bool plain = byte >= ' ' && byte <= '~';
        if (used + (plain ? 1 : 4) > limit)
            break;
        if (plain) {
            out[used++] = (char)byte;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hexadecimal[byte >> 4];
            out[used++] = hexadecimal[byte & 15];
        }
    }
    strcpy(out + used, *text == '\0' ? "\"" : "...\"");
    return out;
}

char *quote_word(char *out, const char *text)
{
    return quote(out, text, strlen(text));
}

char *quote_key(char *out, const char *text)
{
    return quote(out, text, *text == '\0' ? 0 : 1 + strcspn(text + 1, " \t=:"));
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

// The edits (insert, delete, replace, swap two neighbours) that make b of a: the restricted
// Damerau-Levenshtein distance, row by row; cost[i] is the row for the first i characters of a.
static unsigned distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    unsigned cost[WORD_MAX + 1][WORD_MAX + 1];
    if (rows > WORD_MAX || columns > WORD_MAX)
        return WORD_MAX;
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = (unsigned)i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            cost[i][j] = least(cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                               cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    }
    return cost[rows][columns];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned best = NEAR_ENOUGH + 1;
    for (size_t i = 0; i < count; i++) {
        unsigned edits = distance(word, candidates[i]);
        // Two edits make any two-letter word of any other: at least half must be right.
        if (edits < best && edits * 2 <= strlen(candidates[i])) {
            best = edits;
            nearest = candidates[i];
        }
    }
    return nearest;
}

// The bytes of the sequence that starts with this byte, or 0.
static size_t utf8_length(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

// The second byte of some sequences is narrower than 80..bf: no overlong forms, no surrogates,
// nothing above U+10FFFF.
static bool utf8_second_valid(uint8_t first, uint8_t second)
{
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

bool utf8_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint8_t first = (uint8_t)text[i];
        size_t bytes = utf8_length(first);
        if (bytes == 0 || bytes > length - i)
            return false;
        if (bytes > 1 && !utf8_second_valid(first, (uint8_t)text[i + 1]))
            return false;
        for (size_t k = 2; k < bytes; k++) {
            if (((uint8_t)text[i + k] & 0xc0) != 0x80)
                return false;
        }
        i += bytes;
    }
    return true;
}
