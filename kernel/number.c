// SPDX-License-Identifier: BSD-2-Clause
// Numbers that people typed.
#include "kernel/number.h"

bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || digit > max || sum > (max - digit) / 10)
            return false;
        sum = 10 * sum + digit;
    }
    if (sum < min)
        return false;
    *number = sum;
    return true;
}
