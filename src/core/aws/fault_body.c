/* fault_body.c - error bodies of the JSON and XML services. */
#include "fault_body.h"
#include "../base/json.h"
#include "../base/xml.h"

#include <stdio.h>

static bool is_code_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

void r2d_fault_body_code(R2dView text, char *code, size_t size)
{
    const char *hash = text.len > 0 ? memrchr(text.data, '#', text.len) : NULL;
    if (hash != NULL)
        text = r2d_view(hash + 1, text.len - (size_t)(hash + 1 - text.data));
    size_t len = 0;
    while (len < text.len && is_code_char(text.data[len]))
        len++;
    r2d_text_copy(code, size, text.data, len);
}

/* Up to the line's end: what follows a refused signature is the canonical request, and with it the
 * session token. */
static void copy_line(char *to, size_t size, R2dView text)
{
    size_t len = 0;
    while (len < text.len && text.data[len] != '\n' && text.data[len] != '\r')
        len++;
    r2d_text_copy(to, size, text.data, len);
    for (; *to != '\0'; to++) {
        if ((unsigned char)*to < 0x20 || *to == 0x7f)
            *to = ' ';
    }
}

static const char *find(R2dView text, const char *what)
{
    return text.len > 0 ? memmem(text.data, text.len, what, strlen(what)) : NULL;
}

static const char *find_last(R2dView text, const char *what)
{
    const char *found = NULL;
    for (const char *at; (at = find(text, what)) != NULL;) {
        found = at;
        text = r2d_view(at + 1, text.len - (size_t)(at + 1 - text.data));
    }
    return found;
}

/* "Value '<the whole request>' at 'requestItems' failed ..." without the request. */
static void copy_message(R2dFaultBody *out, R2dView text)
{
    static const char start[] = "Value '", stop[] = "' at '";
    char head[128];
    const char *from = find(text, start);
    if (from == NULL) {
        copy_line(out->message, sizeof out->message, text);
        return;
    }
    from += sizeof start - 1;
    R2dView rest = r2d_view(from, text.len - (size_t)(from - text.data));
    const char *to = find_last(rest, stop);
    copy_line(head, sizeof head, r2d_view(text.data, (size_t)(from - text.data)));
    int len = snprintf(out->message, sizeof out->message, "%s...", head);
    if (to != NULL)
        copy_line(out->message + len, sizeof out->message - (size_t)len,
                  r2d_view(to, rest.len - (size_t)(to - rest.data)));
}

static void copy_text(R2dJsonNode node, char *to, size_t size)
{
    R2dView text;
    if (to[0] == '\0' && r2d_json_text(node, &text))
        copy_line(to, size, text);
}

static void read_reasons(R2dJsonNode list, R2dFaultBody *out)
{
    for (int i = 0; i < r2d_json_length(list); i++) {
        char reason[96] = "", resource[160] = "", text[288];
        size_t len = strlen(out->reasons);
        copy_text(r2d_json_member(r2d_json_element(list, i), "reason"), reason, sizeof reason);
        copy_text(r2d_json_member(r2d_json_element(list, i), "resource"), resource,
                  sizeof resource);
        if (reason[0] == '\0')
            continue;
        snprintf(text, sizeof text, "%s%s%s%s", len > 0 ? ", " : "", reason,
                 resource[0] != '\0' ? " on " : "", resource);
        r2d_text_copy(out->reasons + len, sizeof out->reasons - len, text, strlen(text));
    }
}

static void read_json(const R2dAlloc *alloc, R2dView body, R2dFaultBody *out)
{
    R2dJson *json;
    R2dView text;
    if (r2d_json_parse(alloc, body, &json, NULL) != R2D_OK)
        return;
    R2dJsonNode root = r2d_json_root(json);
    if (r2d_json_text(r2d_json_member(root, "__type"), &text) ||
        r2d_json_text(r2d_json_member(root, "code"), &text))
        r2d_fault_body_code(text, out->code, sizeof out->code);
    if (r2d_json_text(r2d_json_member(root, "message"), &text) ||
        r2d_json_text(r2d_json_member(root, "Message"), &text))
        copy_message(out, text);
    read_reasons(r2d_json_member(root, "ThrottlingReasons"), out);
    read_reasons(r2d_json_member(root, "throttlingReasons"), out);
    r2d_json_free(json);
}

static bool ends_in(R2dView path, const char *end)
{
    size_t len = strlen(end);
    return path.len >= len && memcmp(path.data + path.len - len, end, len) == 0 &&
           (path.len == len || path.data[path.len - len - 1] == '/');
}

static bool visit(void *context, R2dView path, R2dView text)
{
    R2dFaultBody *out = context;
    if (ends_in(path, "Error/Code"))
        r2d_fault_body_code(text, out->code, sizeof out->code);
    else if (ends_in(path, "Error/Message"))
        copy_message(out, text);
    else if (ends_in(path, "RequestId") || ends_in(path, "RequestID"))
        copy_line(out->request_id, sizeof out->request_id, text);
    else if (ends_in(path, "Error/Region"))
        copy_line(out->region, sizeof out->region, text);
    else if (ends_in(path, "Error/ServerTime"))
        copy_line(out->server_time, sizeof out->server_time, text);
    else if (out->code[0] == '\0' && ends_in(path, "UnknownOperationException"))
        r2d_fault_body_code(path, out->code, sizeof out->code);
    return true;
}

void r2d_fault_body_read(const R2dAlloc *alloc, R2dView body, R2dFaultBody *out)
{
    size_t at = 0;
    memset(out, 0, sizeof *out);
    while (at < body.len && memchr(" \t\r\n", body.data[at], 4) != NULL)
        at++;
    if (at == body.len)
        return;
    if (body.data[at] == '{')
        read_json(alloc, body, out);
    else if (body.data[at] == '<')
        r2d_xml_read(alloc, r2d_view(body.data + at, body.len - at), visit, out, NULL);
}
