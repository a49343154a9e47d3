// SPDX-License-Identifier: BSD-2-Clause
// Heads of HTTP answers, and the bounded text that they are written into.
// links: net/stack/http_answer.c net/stack/text.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/stack/http_answer.h"

// Memory of exactly that size, so that the sanitizer sees any write beyond it.
static char *buffer_of(size_t size)
{
    static char *last;
    free(last);
    last = malloc(size);
    assert_non_null(last);
    return last;
}

static void test_what_does_not_fit_is_left_out(void **state)
{
    (void)state;
    struct text text;
    text_init(&text, buffer_of(8), 8);
    assert_string_equal(text.base, "");
    text_printf(&text, "%s", "1234567"); // with its NUL exactly 8
    assert_string_equal(text.base, "1234567");
    assert_false(text.cut);
    text_append(&text, "x", 1);
    assert_true(text.cut);
    text_init(&text, buffer_of(8), 8);
    text_printf(&text, "%d", 123);
    text_printf(&text, "%d", 45678);
    assert_true(text.cut);
    assert_string_equal(text.base, "123");
    text_append(&text, "4567", 4);
    assert_string_equal(text.base, "1234567");
}

static void test_json(void **state)
{
    (void)state;
    struct text text;
    text_init(&text, buffer_of(64), 64);
    text_json(&text, "a\"b\\c\n\x01\x7f\xc3");
    assert_string_equal(text.base, "\"a\\\"b\\\\c\\u000a\\u0001??\"");
    // All of it or nothing.
    text_init(&text, buffer_of(8), 8);
    text_append(&text, "ab", 2);
    text_json(&text, "cde");
    assert_string_equal(text.base, "ab\"cde\"");
    text_init(&text, buffer_of(8), 8);
    text_append(&text, "ab", 2);
    text_json(&text, "cdef");
    assert_true(text.cut);
    assert_string_equal(text.base, "ab");
    for (size_t size = 1; size < 16; size++) {
        text_init(&text, buffer_of(size), size);
        text_json(&text, "\x01\x02");
        assert_int_equal(text.used, size > 14 ? 14 : 0);
    }
}

static void test_heads(void **state)
{
    (void)state;
    struct text text;
    struct http_answer answer = {.status = 200,
                                 .type = "text/html",
                                 .framing = HTTP_LENGTH,
                                 .length = 42,
                                 .keep = true,
                                 .minor = 1};
    text_init(&text, buffer_of(HTTP_ANSWER_HEAD_MAX), HTTP_ANSWER_HEAD_MAX);
    http_answer_head(&text, &answer);
    assert_false(text.cut);
    assert_int_equal(strncmp(text.base, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", 42), 0);
    assert_non_null(strstr(text.base, "\r\nContent-Length: 42\r\n"));
    assert_null(strstr(text.base, "Connection"));
    assert_null(strstr(text.base, "Transfer-Encoding"));
    assert_non_null(strstr(text.base, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(text.base, "default-src 'none'"));
    assert_string_equal(text.base + text.used - 4, "\r\n\r\n");

    answer.minor = 0;
    text_init(&text, buffer_of(HTTP_ANSWER_HEAD_MAX), HTTP_ANSWER_HEAD_MAX);
    http_answer_head(&text, &answer);
    assert_non_null(strstr(text.base, "\r\nConnection: keep-alive\r\n"));

    answer.keep = false;
    answer.framing = HTTP_CHUNKED;
    text_init(&text, buffer_of(HTTP_ANSWER_HEAD_MAX), HTTP_ANSWER_HEAD_MAX);
    http_answer_head(&text, &answer);
    assert_non_null(strstr(text.base, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text.base, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_null(strstr(text.base, "Content-Length"));
}

// Every status that the server sends has a reason, and its head fits.
static void test_statuses(void **state)
{
    (void)state;
    static const unsigned statuses[] = {200, 400, 404, 405, 408, 413, 414, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct text text;
        const struct http_answer answer = {.status = statuses[i],
                                           .type = "text/plain; version=0.0.4; charset=utf-8",
                                           .framing = HTTP_LENGTH,
                                           .length = SIZE_MAX};
        text_init(&text, buffer_of(HTTP_ANSWER_HEAD_MAX), HTTP_ANSWER_HEAD_MAX);
        http_answer_head(&text, &answer);
        assert_false(text.cut);
        assert_string_not_equal(http_reason(statuses[i]), "Unknown");
        assert_int_equal(strstr(text.base, "\r\nAllow: GET, HEAD\r\n") != NULL, statuses[i] == 405);
        assert_int_equal(strstr(text.base, "\r\nRetry-After: 1\r\n") != NULL, statuses[i] == 503);
    }
    assert_string_equal(http_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_does_not_fit_is_left_out),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
