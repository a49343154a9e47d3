// SPDX-License-Identifier: BSD-2-Clause
// A state machine over the bytes of a request's head. Section numbers are those of RFC 9112 where
// nothing else is said.
#include "net/stack/http_parse.h"

#include <string.h>
#include <strings.h>

enum state {
    BEFORE, // 2.2: empty lines ahead of the request line are passed over
    METHOD,
    TARGET,
    VERSION,
    LINE_END,    // after CR, expecting LF
    FIELD_START, // of a header field, or of the empty line
    FIELD_NAME,
    FIELD_BLANK, // between the colon and the value
    FIELD_VALUE,
    FIELD_LINE_END,
    HEAD_END, // after the CR of the empty line
    FINISHED,
};

void http_parser_reset(struct http_parser *parser)
{
    memset(parser, 0, sizeof *parser);
    parser->request.query = "";
}

bool http_parser_begun(const struct http_parser *parser)
{
    return parser->state != BEFORE;
}

static void refuse(struct http_parser *parser, uint16_t status)
{
    parser->status = status;
}

// 5.6.2 of RFC 9110: what a method or a field name is made of.
static bool token_byte(uint8_t byte)
{
    if (byte >= 0x80)
        return false;
    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z'))
        return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static char lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : (char)byte;
}

// Keeps a byte of a word; one word too long is marked by its length.
static void keep(char *word, uint8_t *length, uint8_t byte)
{
    if (*length < HTTP_WORD_MAX)
        word[*length] = (char)byte;
    if (*length <= HTTP_WORD_MAX)
        ++*length;
    word[*length < HTTP_WORD_MAX ? *length : HTTP_WORD_MAX] = '\0';
}

static bool is(const char *word, uint8_t length, const char *text)
{
    return length <= HTTP_WORD_MAX && strcmp(word, text) == 0;
}

static void clear_words(struct http_parser *parser)
{
    parser->name_length = parser->value_length = 0;
    parser->name[0] = parser->value[0] = '\0';
}

// --- the request line --------------------------------------------------------------------------

static void method_ends(struct http_parser *parser)
{
    static const char *const others[] = {"POST",    "PUT",   "DELETE", "CONNECT",
                                         "OPTIONS", "TRACE", "PATCH"};
    const char *name = parser->name;
    const uint8_t length = parser->name_length;
    parser->request.method = is(name, length, "GET")    ? HTTP_GET
                             : is(name, length, "HEAD") ? HTTP_HEAD
                                                        : HTTP_OTHER_METHOD;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        parser->known |= is(name, length, others[i]);
    clear_words(parser);
    parser->state = TARGET;
}

// 3.2: the origin form "/path?query", or the absolute form, of which scheme and authority are cut
// off; the scheme is in capitals or not (4.2.3 of RFC 9110), and an empty path is "/". The other
// forms are for methods that this server does not have.
static void target_ends(struct http_parser *parser)
{
    struct http_request *request = &parser->request;
    request->target[parser->length] = '\0';
    char *path = request->target;
    if (strncasecmp(path, "http://", 7) == 0) {
        const char *rest = path + 7 + strcspn(path + 7, "/?");
        char *to = path + (*rest != '/');
        *path = '/';
        memmove(to, rest, strlen(rest) + 1);
    } else if (*path != '/' && request->method != HTTP_OTHER_METHOD) {
        refuse(parser, 400);
    }
    char *query = strchr(path, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
    parser->state = VERSION;
}

static void target_byte(struct http_parser *parser, uint8_t byte)
{
    if (byte == ' ' && parser->length > 0)
        target_ends(parser);
    else if (byte <= ' ' || byte >= 0x7f)
        refuse(parser, 400);
    else if (parser->length == HTTP_TARGET_MAX)
        refuse(parser, 414);
    else
        parser->request.target[parser->length++] = (char)byte;
}

// 2.3: HTTP/ digit . digit. A later minor version of HTTP/1 is understood as 1.1.
static void version_ends(struct http_parser *parser)
{
    const char *version = parser->name;
    if (parser->name_length != 8 || strncmp(version, "HTTP/", 5) != 0 || version[5] < '0' ||
        version[5] > '9' || version[6] != '.' || version[7] < '0' || version[7] > '9')
        refuse(parser, 400);
    else if (version[5] != '1')
        refuse(parser, 505);
    parser->request.minor = version[7] != '0';
    clear_words(parser);
}

static void version_byte(struct http_parser *parser, uint8_t byte)
{
    if (byte == '\r' || byte == '\n') {
        version_ends(parser);
        parser->state = byte == '\r' ? LINE_END : FIELD_START;
    } else if (parser->name_length == HTTP_WORD_MAX) {
        refuse(parser, 400);
    } else {
        keep(parser->name, &parser->name_length, byte);
    }
}

// --- header fields -----------------------------------------------------------------------------

// 6.3: a body of no bytes is none.
static void content_length(struct http_parser *parser)
{
    const char *value = parser->value;
    const size_t digits = strspn(value, "0123456789");
    if (parser->length_seen || digits == 0 || value[digits] != '\0' ||
        parser->value_length > HTTP_WORD_MAX) {
        refuse(parser, 400);
        return;
    }
    parser->length_seen = true;
    parser->request.body |= strspn(value, "0") != digits;
}

static void trim_value(struct http_parser *parser)
{
    uint8_t *length = &parser->value_length;
    while (*length > 0 && *length <= HTTP_WORD_MAX &&
           (parser->value[*length - 1] == ' ' || parser->value[*length - 1] == '\t'))
        parser->value[--*length] = '\0';
}

static bool is_connection(const struct http_parser *parser)
{
    return is(parser->name, parser->name_length, "connection");
}

// One of the words of a Connection field (7.6.1 of RFC 9110).
static void connection_option(struct http_parser *parser)
{
    trim_value(parser);
    parser->close |= is(parser->value, parser->value_length, "close");
    parser->keep_alive |= is(parser->value, parser->value_length, "keep-alive");
    parser->value_length = 0;
    parser->value[0] = '\0';
}

static void field_ends(struct http_parser *parser)
{
    struct http_request *request = &parser->request;
    trim_value(parser);
    if (is(parser->name, parser->name_length, "host")) {
        parser->host_twice |= parser->host;
        parser->host = true;
    } else if (is_connection(parser)) {
        connection_option(parser);
    } else if (is(parser->name, parser->name_length, "content-length")) {
        content_length(parser);
    } else if (is(parser->name, parser->name_length, "transfer-encoding")) {
        request->body = true;
    }
    clear_words(parser);
}

static void field_starts(struct http_parser *parser, uint8_t byte)
{
    if (byte == '\r') {
        parser->state = HEAD_END;
    } else if (byte == '\n') {
        parser->state = FINISHED;
    } else if (!token_byte(byte)) {
        refuse(parser, 400); // 5.2: a folded line among them
    } else if (parser->fields == HTTP_FIELDS_MAX) {
        refuse(parser, 431);
    } else {
        parser->fields++;
        keep(parser->name, &parser->name_length, (uint8_t)lower(byte));
        parser->state = FIELD_NAME;
    }
}

// 5.5 of RFC 9110: visible characters, blanks and what is beyond ASCII.
static void value_byte(struct http_parser *parser, uint8_t byte)
{
    if (byte == '\r')
        parser->state = FIELD_LINE_END;
    else if (byte == '\n')
        parser->state = FIELD_START;
    else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
        refuse(parser, 400);
    else if (byte == ',' && is_connection(parser))
        connection_option(parser);
    else if (parser->value_length > 0 || (byte != ' ' && byte != '\t'))
        keep(parser->value, &parser->value_length, (uint8_t)lower(byte));
    if (parser->state == FIELD_BLANK && byte != ' ' && byte != '\t')
        parser->state = FIELD_VALUE;
    if (parser->state == FIELD_LINE_END || parser->state == FIELD_START)
        field_ends(parser);
}

// --- the whole ---------------------------------------------------------------------------------

// What only the whole head can show. 3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0.
// 9.3: whether the connection may go on.
static void head_ends(struct http_parser *parser)
{
    struct http_request *request = &parser->request;
    request->keep_alive = !parser->close && (request->minor != 0 || parser->keep_alive);
    if (parser->host_twice || (request->minor != 0 && !parser->host))
        refuse(parser, 400);
    else if (request->method == HTTP_OTHER_METHOD)
        refuse(parser, parser->known ? 405 : 501);
    else if (request->body)
        refuse(parser, 413);
}

static void line_ends(struct http_parser *parser, uint8_t byte, enum state next)
{
    if (byte == '\n')
        parser->state = (uint8_t)next;
    else
        refuse(parser, 400); // a bare CR
}

static void take(struct http_parser *parser, uint8_t byte)
{
    switch ((enum state)parser->state) {
    case BEFORE:
        if (byte == '\r' || byte == '\n')
            break;
        parser->state = METHOD;
        __attribute__((fallthrough));
    case METHOD:
        if (byte == ' ' && parser->name_length > 0)
            method_ends(parser);
        else if (!token_byte(byte))
            refuse(parser, 400);
        else if (parser->name_length == HTTP_WORD_MAX)
            refuse(parser, 501);
        else
            keep(parser->name, &parser->name_length, byte);
        break;
    case TARGET:
        target_byte(parser, byte);
        break;
    case VERSION:
        version_byte(parser, byte);
        break;
    case LINE_END:
        line_ends(parser, byte, FIELD_START);
        break;
    case FIELD_START:
        field_starts(parser, byte);
        break;
    case FIELD_NAME:
        if (byte == ':')
            parser->state = FIELD_BLANK;
        else if (!token_byte(byte))
            refuse(parser, 400); // 5.1: no blank before the colon
        else
            keep(parser->name, &parser->name_length, (uint8_t)lower(byte));
        break;
    case FIELD_BLANK:
    case FIELD_VALUE:
        value_byte(parser, byte);
        break;
    case FIELD_LINE_END:
        line_ends(parser, byte, FIELD_START);
        break;
    case HEAD_END:
        line_ends(parser, byte, FINISHED);
        break;
    case FINISHED:
        refuse(parser, 400);
        break;
    }
}

enum http_progress http_parse(struct http_parser *parser, const uint8_t *data, size_t length,
                              size_t *used)
{
    *used = 0;
    while (parser->status == 0 && parser->state != FINISHED && *used < length) {
        if (parser->head == HTTP_HEAD_MAX) {
            refuse(parser, 431);
            break;
        }
        parser->head++;
        take(parser, data[(*used)++]);
        if (parser->status == 0 && parser->state == FINISHED)
            head_ends(parser);
    }
    if (parser->status != 0)
        return HTTP_REFUSED;
    return parser->state == FINISHED ? HTTP_DONE : HTTP_MORE;
}
