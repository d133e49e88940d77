/* request_lines.c - request headers, checked and laid out for the transport. */
#include "request_lines.h"
#include "header_line.h"

static bool is_header_text(R2dView text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_url_text(const char *url)
{
    while ((unsigned char)*url > 0x20 && *url != 0x7f)
        url++;
    return *url == '\0';
}

bool r2d_http_request_is_clean(const R2dHttpExchange *exchange)
{
    if (!is_url_text(exchange->url))
        return false;
    for (int i = 0; i < exchange->header_count; i++) {
        const R2dHttpHeader *header = &exchange->headers[i];
        if (!is_header_text(header->name) || !is_header_text(header->value))
            return false;
    }
    return true;
}

static size_t line_size(const R2dHttpHeader *header)
{
    return header->name.len + header->value.len + sizeof ": ";
}

/* The room has been reserved: appending cannot fail, nor move the lines before. */
static const char *write_line(R2dBytes *lines, const R2dHttpHeader *header)
{
    const char *start = lines->data + lines->len;
    r2d_bytes_append_view(lines, header->name);
    r2d_bytes_append_text(lines, header->value.len > 0 ? ": " : ";");
    r2d_bytes_append_view(lines, header->value);
    r2d_bytes_append_char(lines, '\0');
    return start;
}

R2dStatus r2d_http_request_lines(const R2dHttpExchange *exchange, R2dBytes *lines,
                                 const char *starts[R2D_HTTP_HEADERS_MAX], R2dError *err)
{
    size_t total = 0;
    if (!r2d_http_request_is_clean(exchange))
        return r2d_fail(err, R2D_ERR_ARGUMENT, "a URL or request header has a control character");
    for (int i = 0; i < exchange->header_count; i++)
        total += line_size(&exchange->headers[i]);
    lines->len = 0;
    if (!r2d_bytes_reserve(lines, total))
        return r2d_fail_memory(err);
    for (int i = 0; i < exchange->header_count; i++)
        starts[i] = write_line(lines, &exchange->headers[i]);
    return R2D_OK;
}

bool r2d_http_request_has_header(const R2dHttpExchange *exchange, const char *name)
{
    for (int i = 0; i < exchange->header_count; i++)
        if (r2d_http_same_text(exchange->headers[i].name, r2d_view_of(name)))
            return true;
    return false;
}
