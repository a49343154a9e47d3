// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target for decode_frame(): the input is a frame. Whatever it says about itself, only
// its own bytes are read, and the text is printable and ends. links: net/decode.c
//
//   clang-19 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. \
//       -o build/fuzz_decode tests/fuzz/fuzz_decode.c net/decode.c
//   mkdir -p build/corpus && build/fuzz_decode -max_len=300 -max_total_time=60 build/corpus \
//       tests/fuzz/decode_corpus
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[DECODE_TEXT];
    memset(text, 0x7f, sizeof text);
    if (decode_frame(data, size, text) != text)
        abort();
    const size_t length = strnlen(text, sizeof text);
    if (length == 0 || length == sizeof text)
        abort();
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            abort();
    return 0;
}
