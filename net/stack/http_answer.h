// SPDX-License-Identifier: BSD-2-Clause
// The head of an HTTP answer. RFC 9110 (fields, statuses), RFC 9112 (framing).
#pragma once
#include "net/stack/http_parse.h"
#include "net/stack/page.h"

// How the end of the body is told.
enum http_framing {
    HTTP_LENGTH,  // Content-Length
    HTTP_CHUNKED, // Transfer-Encoding: chunked
    HTTP_CLOSE,   // the connection ends
};

struct http_answer {
    unsigned status;
    const char *type;
    enum http_framing framing;
    size_t length;  // of HTTP_LENGTH
    bool keep;      // the connection stays open
    unsigned minor; // of the request's version
};

// "Not Found" for 404, and so on.
const char *http_reason(unsigned status);

// Appends the head with the empty line at its end. At most HTTP_ANSWER_HEAD_MAX bytes.
enum { HTTP_ANSWER_HEAD_MAX = 640 };
void http_answer_head(struct text *out, const struct http_answer *answer);
