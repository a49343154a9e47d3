// SPDX-License-Identifier: BSD-2-Clause
// The kernel command line: words section.key=value or port.NAME.key=value.
#include <string.h>

#include "kernel/bootinfo.h"
#include "kernel/config_reader.h"
#include "kernel/config_words.h"

static const char blanks[] = " \t\r\n\v\f";

// Words that boot loaders add by themselves.
static bool loaders_own(const char *word)
{
    static const char *const prefixes[] = {"BOOT_IMAGE=", "initrd="};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(word, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    }
    return false;
}

// word may be overwritten.
static void read_word(struct config_reader *reader, char *word)
{
    char quoted[QUOTED_MAX];
    quote_key(quoted, word);
    char *value = strchr(word, '=');
    if (value != NULL)
        *value++ = '\0';
    char *section_end = strchr(word, '.'), *key = strrchr(word, '.');
    if (value == NULL || section_end == NULL) {
        config_error(reader->config, reader->here,
                     "%s, expected a word like forward.mode=wire or port.lan.device=virtio:0",
                     quoted);
        return;
    }
    *key++ = '\0';
    if (section_end < key - 1)
        *section_end = ' '; // port.lan -> "port lan"
    config_open_section(reader, word);
    config_set_key(reader, key, value);
}

void config_read_command_line(struct config_reader *reader, const char *text)
{
    reader->here = (struct config_source){CONFIG_COMMAND_LINE, 0};
    // What the boot loader gave was cut to fit: words may be missing.
    if (strlen(text) >= BOOT_COMMAND_MAX - 1)
        config_error(reader->config, reader->here, "too long, expected fewer than %d bytes",
                     BOOT_COMMAND_MAX - 1);
    for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
        char word[CONFIG_LINE_MAX + 1];
        size_t length = strcspn(text, blanks);
        size_t copied = length < CONFIG_LINE_MAX ? length : CONFIG_LINE_MAX;
        memcpy(word, text, copied);
        word[copied] = '\0';
        text += length;
        if (loaders_own(word))
            continue;
        reader->anything = true;
        if (copied < length) {
            char quoted[QUOTED_MAX];
            config_error(reader->config, reader->here, "%s is too long, expected at most %d bytes",
                         quote_key(quoted, word), CONFIG_LINE_MAX);
        } else {
            read_word(reader, word);
        }
    }
}
