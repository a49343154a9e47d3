// SPDX-License-Identifier: BSD-2-Clause
// The HTTP parser: what is a request, what is refused and with which status, and that it does not
// matter how the bytes are cut.
// links: net/stack/http_parse.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/stack/http_parse.h"

#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define HOST  "Host: box\r\n"
#define END   HOST "\r\n"
#define GET   "GET / HTTP/1.1\r\n"

static struct http_parser parser;

// Parses the text in pieces of `piece` bytes, each in memory of its own size, so that the sanitizer
// sees any read beyond it. *used counts all bytes taken.
static enum http_progress parse_in(const char *text, size_t length, size_t piece, size_t *used)
{
    enum http_progress progress = HTTP_MORE;
    http_parser_reset(&parser);
    *used = 0;
    while (progress == HTTP_MORE && *used < length) {
        const size_t size = length - *used < piece ? length - *used : piece;
        uint8_t *copy = malloc(size);
        size_t taken;
        memcpy(copy, text + *used, size);
        progress = http_parse(&parser, copy, size, &taken);
        free(copy);
        if (progress == HTTP_MORE)
            assert_int_equal(taken, size);
        *used += taken;
    }
    return progress;
}

static enum http_progress parse(const char *text)
{
    size_t used, again;
    const size_t length = strlen(text);
    const enum http_progress progress = parse_in(text, length, length, &used);
    const struct http_parser whole = parser;
    for (size_t piece = 1; piece < 8; piece++) {
        assert_int_equal(parse_in(text, length, piece, &again), progress);
        assert_int_equal(again, used);
        assert_int_equal(parser.status, whole.status);
        assert_string_equal(parser.request.target, whole.request.target);
    }
    return progress;
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *target, *query;
        enum http_method method;
        bool keep;
    } good[] = {
        {GET END, "/", "", HTTP_GET, true},
        {"HEAD /metrics HTTP/1.1\r\n" END, "/metrics", "", HTTP_HEAD, true},
        {"GET /api/fdb?from=7&x HTTP/1.1\r\n" END, "/api/fdb", "from=7&x", HTTP_GET, true},
        {"GET /? HTTP/1.1\r\n" END, "/", "", HTTP_GET, true},
        {"GET http://box:80/healthz HTTP/1.1\r\n" END, "/healthz", "", HTTP_GET, true},
        {"GET http://box HTTP/1.1\r\n" END, "/", "", HTTP_GET, true},
        {"GET http://box?q HTTP/1.1\r\n" END, "/", "q", HTTP_GET, true},
        {"GET http://box?x=/y HTTP/1.1\r\n" END, "/", "x=/y", HTTP_GET, true},
        {"GET http://box/a?x=/y HTTP/1.1\r\n" END, "/a", "x=/y", HTTP_GET, true},
        {"GET HTTP://BOX/a HTTP/1.1\r\n" END, "/a", "", HTTP_GET, true},
        {"GET http:// HTTP/1.1\r\n" END, "/", "", HTTP_GET, true},
        {"GET / HTTP/1.9\r\n" END, "/", "", HTTP_GET, true},
        {"GET / HTTP/1.0\r\n\r\n", "/", "", HTTP_GET, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "/", "", HTTP_GET, true},
        {GET "Connection: close\r\n" END, "/", "", HTTP_GET, false},
        {GET "CONNECTION:\tTE, Close \r\n" END, "/", "", HTTP_GET, false},
        {GET "Connection: keep-alive, Upgrade, close\r\n" END, "/", "", HTTP_GET, false},
        {GET "Connection: " FIFTY ",close ,,\r\n" END, "/", "", HTTP_GET, false},
        {GET "Connection: close\r\nConnection: TE\r\n" END, "/", "", HTTP_GET, false},
        {GET "Connection: closed, not close, enclose\r\n" END, "/", "", HTTP_GET, true},
        {GET "X: close, close\r\n" END, "/", "", HTTP_GET, true},
        {"GET / HTTP/1.0\r\nConnection: TE , Keep-Alive\r\n\r\n", "/", "", HTTP_GET, true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "/", "", HTTP_GET, false},
        {GET "Connection: keep-alive\r\n" END, "/", "", HTTP_GET, true},
        {"\r\n\r\n" GET END, "/", "", HTTP_GET, true},
        {"GET / HTTP/1.1\nHost: box\n\n", "/", "", HTTP_GET, true},
        {GET "Host:\r\n\r\n", "/", "", HTTP_GET, true},
        {GET "Content-Length: 0\r\n" END, "/", "", HTTP_GET, true},
        {GET "X-" FIFTY ": " FIFTY FIFTY "\r\nY: \xc3\xa4\r\n" END, "/", "", HTTP_GET, true},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (parse(good[i].text) != HTTP_DONE)
            fail_msg("case %zu: status %u", i, parser.status);
        assert_string_equal(parser.request.target, good[i].target);
        assert_string_equal(parser.request.query, good[i].query);
        assert_int_equal(parser.request.method, good[i].method);
        assert_int_equal(parser.request.keep_alive, good[i].keep);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned status;
    } bad[] = {
        {"G ET / HTTP/1.1\r\n" END, 400},
        {" GET / HTTP/1.1\r\n" END, 400},
        {"GET  / HTTP/1.1\r\n" END, 400},
        {"GET /\r\n", 400}, // HTTP/0.9
        {"GET /a b HTTP/1.1\r\n" END, 400},
        {"GET /\x80 HTTP/1.1\r\n" END, 400},
        {"GET box HTTP/1.1\r\n" END, 400},
        {"GET https://box/ HTTP/1.1\r\n" END, 400},
        {"GET * HTTP/1.1\r\n" END, 400},
        {"GET / HTTP/1.1 \r\n" END, 400},
        {"GET / HTTP/11\r\n" END, 400},
        {"GET / http/1.1\r\n" END, 400},
        {"GET / " FIFTY "\r\n" END, 400},
        {"GET / HTTP/2.0\r\n" END, 505},
        {"GET / HTTP/0.9\r\n" END, 505},
        {"POST / HTTP/1.1\r\n" END, 405},
        {"OPTIONS * HTTP/1.1\r\n" END, 405},
        {"BREW /pot HTTP/1.1\r\n" END, 501},
        {"get / HTTP/1.1\r\n" END, 501},
        {FIFTY " / HTTP/1.1\r\n" END, 501},
        {GET "\r\n", 400}, // no Host
        {GET HOST END, 400},
        {GET "Host : box\r\n\r\n", 400},
        {GET HOST " folded\r\n\r\n", 400},
        {GET "no colon\r\n" END, 400},
        {GET ": x\r\n" END, 400},
        {GET "A\r\n" END, 400},
        {GET "X: \x01\r\n" END, 400},
        {GET "X: a\rb\r\n" END, 400},
        {"GET / HTTP/1.1\rHost: box\r\n\r\n", 400},
        {GET HOST "\rX", 400},
        {GET "Content-Length: 5\r\n" END, 413},
        {GET "Content-Length: 99999999999999999999999999\r\n" END, 400},
        {GET "Content-Length: -1\r\n" END, 400},
        {GET "Content-Length: 0x5\r\n" END, 400},
        {GET "Content-Length:\r\n" END, 400},
        {GET "Content-Length: 0\r\nContent-Length: 0\r\n" END, 400},
        {GET "Transfer-Encoding: chunked\r\n" END, 413},
        {"GET /" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY " HTTP/1.1\r\n" END, 414},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse(bad[i].text) != HTTP_REFUSED || parser.status != bad[i].status)
            fail_msg("case %zu: status %u, expected %u", i, parser.status, bad[i].status);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    static char text[2 * HTTP_HEAD_MAX];
    size_t used;
    // A target of the longest length, and one byte more.
    for (unsigned more = 0; more < 2; more++) {
        snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\n" END, HTTP_TARGET_MAX - 1 + (int)more,
                 0);
        assert_int_equal(parse(text), more == 0 ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(parser.status, more == 0 ? 0 : 414);
    }
    // As many fields as there may be, Host among them, and one more.
    for (unsigned more = 0; more < 2; more++) {
        strcpy(text, GET HOST);
        for (unsigned i = 0; i < HTTP_FIELDS_MAX - 1 + more; i++)
            strcat(text, "a: b\r\n");
        strcat(text, "\r\n");
        assert_int_equal(parse(text), more == 0 ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(parser.status, more == 0 ? 0 : 431);
    }
    // A head of exactly the longest length, and one byte more.
    for (unsigned more = 0; more < 2; more++) {
        const int rest = HTTP_HEAD_MAX - (int)strlen(GET HOST "X: \r\n\r\n") + (int)more;
        snprintf(text, sizeof text, GET HOST "X: %0*d\r\n\r\n", rest, 0);
        assert_int_equal(parse(text), more == 0 ? HTTP_DONE : HTTP_REFUSED);
        assert_int_equal(parser.status, more == 0 ? 0 : 431);
    }
    // What never ends is refused all the same.
    memset(text, 'a', sizeof text);
    memcpy(text, GET, strlen(GET));
    assert_int_equal(parse_in(text, sizeof text, 100, &used), HTTP_REFUSED);
    assert_int_equal(parser.status, 431);
    assert_int_equal(used, HTTP_HEAD_MAX);
    memset(text, '\n', sizeof text);
    assert_int_equal(parse_in(text, sizeof text, 100, &used), HTTP_REFUSED);
}

// What follows a request is left for the next one.
static void test_pipelining(void **state)
{
    (void)state;
    static const char first[] = "GET /a HTTP/1.1\r\n" END, both[] = "GET /a HTTP/1.1\r\n" END GET;
    size_t used;
    assert_int_equal(parse_in(both, strlen(both), 1000, &used), HTTP_DONE);
    assert_int_equal(used, strlen(first));
    assert_string_equal(parser.request.target, "/a");
}

static void test_begun(void **state)
{
    (void)state;
    size_t used;
    http_parser_reset(&parser);
    assert_false(http_parser_begun(&parser));
    http_parse(&parser, (const uint8_t *)"\r\n", 2, &used);
    assert_false(http_parser_begun(&parser));
    http_parse(&parser, (const uint8_t *)"G", 1, &used);
    assert_true(http_parser_begun(&parser));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
