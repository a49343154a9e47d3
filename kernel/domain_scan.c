// SPDX-License-Identifier: BSD-2-Clause
// Byte patterns of forbidden instructions. SDM volume 2: WRPKRU 0F 01 EF, XRSTOR 0F AE /5 and
// XRSTORS 0F C7 /3 with a memory operand, SYSCALL 0F 05, SYSENTER 0F 34. Prefixes do not matter.
#include "kernel/domain_scan.h"

// Of a ModR/M byte (SDM volume 2, 2.1.3).
static int in_memory(uint8_t modrm, unsigned reg)
{
    return modrm >> 6 != 3 && (modrm >> 3 & 7) == reg;
}

static const char *forbidden(const uint8_t *code, size_t left)
{
    if (left < 2 || code[0] != 0x0f)
        return NULL;
    if (code[1] == 0x05)
        return "SYSCALL";
    if (code[1] == 0x34)
        return "SYSENTER";
    if (left < 3)
        return NULL;
    if (code[1] == 0x01 && code[2] == 0xef)
        return "WRPKRU";
    if (code[1] == 0xae && in_memory(code[2], 5))
        return "XRSTOR";
    if (code[1] == 0xc7 && in_memory(code[2], 3))
        return "XRSTORS";
    return NULL;
}

const char *domain_scan(const uint8_t *text, size_t bytes, size_t way_out, size_t *at)
{
    for (size_t i = 0; i < bytes; i++) {
        const char *name = forbidden(text + i, bytes - i);
        if (name == NULL || (i == way_out && text[i + 1] == 0x05))
            continue;
        *at = i;
        return name;
    }
    return NULL;
}
