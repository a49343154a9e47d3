// SPDX-License-Identifier: BSD-2-Clause
// What the tests of the configuration reader share: a good configuration, and how it is read.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/config.h"

#define LAN       "[port lan]\ndevice = virtio:0\n" // lines 1 and 2
#define WAN       "[port wan]\ndevice = virtio:1\n" // lines 3 and 4
#define WIRE      "[forward]\nmode = wire\n"        // lines 5 and 6
#define GOOD      LAN WAN WIRE
#define FILE_NAME "barewire.conf"

// Reads a configuration: a file of so many bytes, NULL: none, and the words of the command line.
// The file is given in memory of exactly its size, so that the sanitizer sees any read beyond it.
void read_bytes(struct config *config, const char *text, size_t length, const char *words);

// The same of a string.
void read_text(struct config *config, const char *text, const char *words);

// That it means what GOOD means, and has no error.
void assert_two_ports(const struct config *config);
