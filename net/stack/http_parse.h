// SPDX-License-Identifier: BSD-2-Clause
// The head of an HTTP request, byte by byte: HTTP/1.1 as RFC 9112 has it, semantics RFC 9110.
//
// Pure: it looks at bytes and keeps what the server needs of them, in a structure of fixed size.
// Anything that two readers could understand differently (a header line that is folded, a blank
// before the colon, two lengths) ends the request, so that nobody in between sees another one.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_TARGET_MAX = 256, // bytes of the request target
    HTTP_HEAD_MAX = 4096,  // bytes of the whole head, line ends included
    HTTP_FIELDS_MAX = 48,  // header fields
    HTTP_WORD_MAX = 20,    // bytes that are kept of a field's name or value
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER_METHOD };

struct http_request {
    enum http_method method;
    uint8_t minor;                    // of the version: HTTP/1.0 or HTTP/1.1, and 1 for later ones
    bool keep_alive;                  // the connection may serve another request
    bool body;                        // a body follows: this server wants none
    char target[HTTP_TARGET_MAX + 1]; // the path, with the query cut off, NUL-terminated
    const char *query;                // in target, behind the path; "" when there is none
};

struct http_parser {
    struct http_request request;
    // What follows is the parser's own.
    uint8_t state;
    uint16_t status; // 0: so far, so good
    uint16_t head, fields, length;
    bool known; // a method that HTTP has, and this server does not
    bool host, host_twice, length_seen;
    bool close, keep_alive; // words of Connection fields
    char name[HTTP_WORD_MAX + 1], value[HTTP_WORD_MAX + 1];
    uint8_t name_length, value_length; // up to HTTP_WORD_MAX + 1: more was there
};

enum http_progress {
    HTTP_MORE,    // all bytes were taken, and the head goes on
    HTTP_DONE,    // the head is complete
    HTTP_REFUSED, // status says why; the connection must be closed after the answer
};

// Forgets everything: the next byte begins a request.
void http_parser_reset(struct http_parser *parser);

// Takes bytes of a request's head. *used is how many were taken; after HTTP_DONE the rest belongs
// to the body or to the next request. After HTTP_DONE or HTTP_REFUSED the parser wants a reset.
enum http_progress http_parse(struct http_parser *parser, const uint8_t *data, size_t length,
                              size_t *used);

// Whether any byte of a request has come, other than empty lines ahead of it.
bool http_parser_begun(const struct http_parser *parser);
