// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/commands_rig.h"

#include <stdio.h>
#include <string.h>

#include "kernel/console.h"

enum { COLUMNS = 80 };

char output[8192];
size_t output_length;

void console_printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof output - output_length;
    const int n = vsnprintf(output + output_length, room, format, arguments);
    va_end(arguments);
    assert_true(n >= 0 && (size_t)n < room);
    output_length += (size_t)n;
}

void expect_lines(void)
{
    assert_int_not_equal(output_length, 0);
    unsigned column = 0;
    for (size_t i = 0; i < output_length; i++) {
        column = output[i] == '\n' ? 0 : column + 1;
        assert_in_range(column, 0, COLUMNS);
    }
    assert_int_equal(output[output_length - 1], '\n');
}

const char *run_command(const struct shell_command *table, char *name, char *first, char *second)
{
    output[output_length = 0] = '\0';
    while (table->name != NULL && strcmp(table->name, name) != 0)
        table++;
    assert_non_null(table->name);
    table->run(first == NULL ? 1 : second == NULL ? 2 : 3, (char *[]){name, first, second, NULL});
    expect_lines();
    return output;
}

void expect(const char *printed, const char *text)
{
    if (strstr(printed, text) == NULL)
        fail_msg("printed:\n%smissing: %s", printed, text);
}
