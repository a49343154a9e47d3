// SPDX-License-Identifier: BSD-2-Clause
// Help with words that people typed: showing them safely, guessing what was meant.
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { QUOTED_MAX = 44 }; // what quote_word() writes at most, with the terminating NUL

// Writes text into out (QUOTED_MAX bytes) between double quotes, bytes outside printable ASCII as
// \xNN, cut short with "..." when it is long. Returns out.
char *quote_word(char *out, const char *text);

// The same with the first word of the text, up to a blank, "=" or ":"; what follows is shown as
// "...". For text that should have been a key and its value: that may be a password.
char *quote_key(char *out, const char *text);

// The candidate (of count) that is nearest to the word, if it is so near that a slip of the finger
// explains the difference; else NULL.
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

// Whether the bytes are well-formed UTF-8 (RFC 3629, section 4).
bool utf8_valid(const char *text, size_t length);
