// SPDX-License-Identifier: BSD-2-Clause
// The head of an HTTP answer. There is no Date: a server without a calendar must not send one (RFC
// 9110, 6.6.1).
#include "net/stack/http_answer.h"

const char *http_reason(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

// Nothing is fetched from elsewhere, nothing may frame the page, nothing is kept by caches: the
// content security policy (W3C CSP Level 3) says the first two to the browser.
static const char security[] =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n";

void http_answer_head(struct text *out, const struct http_answer *answer)
{
    text_printf(out, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n", answer->status,
                http_reason(answer->status), answer->type);
    if (answer->framing == HTTP_LENGTH)
        text_printf(out, "Content-Length: %zu\r\n", answer->length);
    else if (answer->framing == HTTP_CHUNKED)
        text_printf(out, "Transfer-Encoding: chunked\r\n");
    if (!answer->keep)
        text_printf(out, "Connection: close\r\n");
    else if (answer->minor == 0)
        text_printf(out, "Connection: keep-alive\r\n");
    if (answer->status == 405)
        text_printf(out, "Allow: GET, HEAD\r\n");
    if (answer->status == 503)
        text_printf(out, "Retry-After: 1\r\n");
    text_append(out, security, sizeof security - 1);
    text_append(out, "\r\n", 2);
}
