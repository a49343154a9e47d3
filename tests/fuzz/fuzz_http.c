// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target for http_parse(): the first byte says how the rest is cut into pieces. However
// it is cut, the result is the same, all of it lies within its bounds, and nothing goes on for
// ever. links: net/stack/http_parse.c
//
//   clang-19 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -iquote . \
//       -o build/fuzz_http tests/fuzz/fuzz_http.c net/stack/http_parse.c
//   mkdir -p build/corpus && build/fuzz_http -max_total_time=60 build/corpus tests/fuzz/http_corpus
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/stack/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct http_parser *parser, enum http_progress progress, size_t used)
{
    const struct http_request *request = &parser->request;
    require(used <= HTTP_HEAD_MAX);
    require(memchr(request->target, '\0', sizeof request->target) != NULL);
    if (progress == HTTP_REFUSED) {
        require(parser->status >= 400 && parser->status < 600);
    } else if (progress == HTTP_DONE) {
        require(request->target[0] == '/');
        require(request->method == HTTP_GET || request->method == HTTP_HEAD);
        require(!request->body);
        require(request->query[0] == '\0' ||
                (request->query > request->target &&
                 request->query < request->target + sizeof request->target));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_parser whole, cut;
    if (size == 0)
        return 0;
    const size_t piece = 1 + data[0];
    data++, size--;
    size_t used = 0, total = 0;
    http_parser_reset(&whole);
    const enum http_progress progress = http_parse(&whole, data, size, &used);
    check(&whole, progress, used);

    enum http_progress again = HTTP_MORE;
    http_parser_reset(&cut);
    while (again == HTTP_MORE && total < size) {
        size_t taken;
        again = http_parse(&cut, data + total, size - total < piece ? size - total : piece, &taken);
        total += taken;
    }
    require(again == progress && total == used);
    require(cut.status == whole.status);
    require(memcmp(cut.request.target, whole.request.target, sizeof cut.request.target) == 0);
    require(cut.request.keep_alive == whole.request.keep_alive);
    return 0;
}
