// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target for config_read(): the input is a file, a NUL byte, and a command line. A
// configuration that was taken without an error must be one that can be acted on, and must print as
// one that means the same.
// links: kernel/number.c
// links: kernel/config.c kernel/config_keys.c kernel/config_file.c kernel/config_line.c
// links: kernel/config_device.c kernel/config_words.c kernel/config_print.c kernel/config_manage.c
//
//   clang-19 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. \
//       -isystem build/deps/inih/include -o build/fuzz_config tests/fuzz/fuzz_config.c \
//       kernel/config*.c build/deps/inih/libinih-host.a
//   mkdir -p build/corpus && build/fuzz_config -max_len=2048 -max_total_time=60 build/corpus \
//       tests/fuzz/config_corpus
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char printed[16 * 1024];
static size_t used;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(printed + used, sizeof printed - used, format, arguments);
    va_end(arguments);
    require(length > 0 && length <= 255);
    used += (size_t)length;
}

static void check_errors(const struct config *config)
{
    unsigned kept =
        config->error_count < CONFIG_ERRORS_MAX ? config->error_count : CONFIG_ERRORS_MAX;
    for (unsigned i = 0; i < kept; i++) {
        size_t length = strnlen(config->errors[i], CONFIG_ERROR_LENGTH);
        require(length > 0 && length < CONFIG_ERROR_LENGTH - 1); // none is cut short
        for (size_t k = 0; k < length; k++)
            require(config->errors[i][k] >= ' ' && config->errors[i][k] <= '~');
    }
}

static void check_good(const struct config *config)
{
    require(config->mode == CONFIG_MODE_WIRE);
    require(config->forward_count > 0 && config->forward_count % 2 == 0);
    for (unsigned i = 0; i < config->forward_count; i++) {
        require(config->forward_ports[i] < config->port_count);
        for (unsigned k = 0; k < i; k++)
            require(config->forward_ports[i] != config->forward_ports[k]);
    }
    for (unsigned i = 0; i < config->port_count; i++)
        require(config->ports[i].device.kind != CONFIG_DEVICE_NONE);
}

static void check_same(const struct config *a, const struct config *b)
{
    require(b->error_count == 0 && a->port_count == b->port_count && a->mode == b->mode);
    require(a->on_error == b->on_error && a->on_panic == b->on_panic);
    require(memcmp(a->forward_ports, b->forward_ports, sizeof a->forward_ports) == 0);
    for (unsigned i = 0; i < a->port_count; i++) {
        require(strcmp(a->ports[i].name, b->ports[i].name) == 0);
        require(config_device_equal(&a->ports[i].device, &b->ports[i].device));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config, again;
    const uint8_t *nul = memchr(data, '\0', size);
    size_t length = nul != NULL ? (size_t)(nul - data) : size;
    char *words = NULL;
    if (nul != NULL) {
        size_t rest = size - length - 1;
        words = malloc(rest + 1);
        require(words != NULL);
        memcpy(words, nul + 1, rest);
        words[rest] = '\0';
    }

    config_read(&config, "barewire.conf", (const char *)data, length, words);
    free(words);
    require(config.port_count <= CONFIG_PORTS_MAX);
    check_errors(&config);
    used = 0;
    config_print(&config, print);
    if (config.error_count == 0) {
        check_good(&config);
        config_read(&again, "printed", printed, used, NULL);
        check_same(&config, &again);
    }
    return 0;
}
