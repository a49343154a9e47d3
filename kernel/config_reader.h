// SPDX-License-Identifier: BSD-2-Clause
// What the files of the configuration reader share; nobody else includes this. The file and the
// command line are two ways to say the same sections and keys:
//
//   config_file.c, config_line.c  ->  config_keys.c (what each key means)  ->  config.c (the whole)
#pragma once
#include "kernel/config.h"

enum config_section {
    CONFIG_SECTION_NONE,    // before the first
    CONFIG_SECTION_REFUSED, // an error was given: its keys are passed over
    CONFIG_SECTION_PORT,
    CONFIG_SECTION_FORWARD,
    CONFIG_SECTION_SYSTEM,
    CONFIG_SECTION_MANAGE,
    CONFIG_SECTION_COUNT
};

enum { CONFIG_LINE_MAX = 198 }; // bytes, without the line's end

struct config_reader {
    struct config *config;
    struct config_source here; // what is being read
    enum config_section section;
    struct config_port *port;             // of CONFIG_SECTION_PORT
    unsigned began[CONFIG_SECTION_COUNT]; // the line where a section began in the file; 0: not yet
    unsigned ports_refused;
    bool anything;                          // a section, a key or a word was there, right or wrong
    bool manage_opened;                     // there is a section [manage]
    char forward_text[CONFIG_LINE_MAX + 1]; // value of [forward] ports
    char manage_port[CONFIG_LINE_MAX + 1];  // value of [manage] port
};

// Opens a section: "port lan" or "forward".
void config_open_section(struct config_reader *reader, const char *text);

// A key of the open section. value NULL: there was none.
void config_set_key(struct config_reader *reader, const char *name, const char *value);

// Reads the whole file, or all words of the command line.
void config_read_file(struct config_reader *reader, const char *text, size_t length);
void config_read_command_line(struct config_reader *reader, const char *text);
