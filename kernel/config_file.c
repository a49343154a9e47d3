// SPDX-License-Identifier: BSD-2-Clause
// The configuration file: cut into lines and checked here, taken apart by inih. inih passes over
// some mistakes in silence or reports only the first: those are found before it sees the line.
#include <ini.h>
#include <string.h>

#include "kernel/config_reader.h"
#include "kernel/config_words.h"

_Static_assert(CONFIG_LINE_MAX + sizeof "\n" <= INI_MAX_LINE, "a line fits inih's buffer");

struct lines {
    struct config_reader *reader;
    const char *next, *end;
};

// Control characters other than tabs mean that this is not a text file. Returns what is wrong, or
// NULL.
static const char *line_fault(const char *line, size_t length)
{
    if (memchr(line, '\0', length) != NULL)
        return "contains a NUL byte, expected text";
    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return "contains a control character, expected text";
    }
    if (!utf8_valid(line, length))
        return "is not UTF-8, expected text in UTF-8 or ASCII";
    if (length > CONFIG_LINE_MAX)
        return "is too long, expected at most 198 bytes";
    return NULL;
}
_Static_assert(CONFIG_LINE_MAX == 198, "the message says so");

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

// Where a comment after a blank begins, or where the line ends; at most one byte from the longest.
static char *end_before_comment(char *line)
{
    char *at = line;
    while (*at != '\0' && at - line < CONFIG_LINE_MAX - 1 &&
           !((*at == ' ' || *at == '\t') && at[1] == ';'))
        at++;
    return at;
}

// "[port lan" without "]" is read as if it were closed, so that the keys after it find their
// section; text after "]" would be lost without a word.
static void check_section_line(struct lines *lines, char *line)
{
    struct config_reader *reader = lines->reader;
    if (*skip_blanks(line) != '[')
        return;
    const char *close = strchr(line, ']');
    if (close == NULL) {
        char quoted[QUOTED_MAX];
        config_error(reader->config, reader->here, "%s has no \"]\", expected [SECTION]",
                     quote_word(quoted, skip_blanks(line)));
        strcpy(end_before_comment(line), "]");
        return;
    }
    const char *after = skip_blanks(close + 1);
    if (*after != '\0' && *after != ';' && *after != '#') {
        char quoted[QUOTED_MAX];
        config_error(reader->config, reader->here,
                     "%s after the section's name, expected a new line", quote_key(quoted, after));
    }
}

// inih's reader: like fgets(), but never gives it a line that it cannot take whole. A faulty line
// becomes an empty one, which keeps the count.
static char *next_line(char *line, int size, void *stream)
{
    struct lines *lines = stream;
    if (lines->next == lines->end || size <= CONFIG_LINE_MAX + 1)
        return NULL;
    const char *start = lines->next;
    size_t length = (size_t)(lines->end - start);
    const char *newline = memchr(start, '\n', length);
    if (newline != NULL)
        length = (size_t)(newline - start);
    lines->next = newline != NULL ? newline + 1 : lines->end;
    if (length > 0 && start[length - 1] == '\r')
        length--;

    lines->reader->here.line++;
    const char *fault = line_fault(start, length);
    if (fault != NULL) {
        config_error(lines->reader->config, lines->reader->here, "the line %s", fault);
        lines->reader->anything = true;
        length = 0;
    }
    memcpy(line, start, length);
    line[length] = '\0';
    check_section_line(lines, line);
    return strcat(line, "\n");
}

// inih's handler. The line number is ours too: one for each call of next_line().
static int section_or_key(void *user, const char *section, const char *name, const char *value,
                          int line)
{
    struct config_reader *reader = ((struct lines *)user)->reader;
    (void)line;
    if (name == NULL)
        config_open_section(reader, section);
    else
        config_set_key(reader, name, value);
    return 1;
}

void config_read_file(struct config_reader *reader, const char *text, size_t length)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; // some editors put one at the start
    size_t mark = sizeof byte_order_mark - 1;
    if (length >= mark && memcmp(text, byte_order_mark, mark) == 0) {
        text += mark;
        length -= mark;
    }
    struct lines lines = {.reader = reader, .next = text, .end = text + length};
    reader->here = (struct config_source){CONFIG_FILE, 0};
    int line = ini_parse_stream(next_line, &lines, section_or_key, &lines);
    if (line != 0)
        config_error(reader->config, (struct config_source){CONFIG_FILE, (unsigned)line},
                     "a comment inside a section's name, expected [SECTION]");
}
