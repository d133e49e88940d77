/* request_head.c - see request_head.h. */
#include "request_head.h"
#include "request_lines.h"

R2dView r2d_http_origin(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    return r2d_view(url, (size_t)(host - url) + strcspn(host, "/?#"));
}

/* The authority without the port that its scheme implies. */
static R2dView host_of(R2dView origin)
{
    const char *scheme_end = memmem(origin.data, origin.len, "://", 3);
    size_t scheme_len = scheme_end != NULL ? (size_t)(scheme_end + 3 - origin.data) : 0;
    R2dView host = r2d_view(origin.data + scheme_len, origin.len - scheme_len);
    R2dView port = scheme_len == strlen("https://") ? R2D_VIEW(":443") : R2D_VIEW(":80");
    if (host.len > port.len && memcmp(host.data + host.len - port.len, port.data, port.len) == 0)
        host.len -= port.len;
    return host;
}

/* Path and query; a fragment stays here. */
static bool append_target(const char *rest, R2dBytes *out)
{
    return (*rest == '/' || r2d_bytes_append_char(out, '/')) &&
           r2d_bytes_append(out, rest, strcspn(rest, "#"));
}

static bool append_header(R2dBytes *out, R2dView name, R2dView value)
{
    return r2d_bytes_append_view(out, name) &&
           r2d_bytes_append_text(out, value.len > 0 ? ": " : ":") &&
           r2d_bytes_append_view(out, value) && r2d_bytes_append_text(out, "\r\n");
}

static bool append_headers(const R2dHttpExchange *exchange, R2dBytes *out)
{
    for (int i = 0; i < exchange->header_count; i++)
        if (!append_header(out, exchange->headers[i].name, exchange->headers[i].value))
            return false;
    return true;
}

/* A body is announced, and that one is missing where one is expected. */
static bool append_length(const R2dHttpExchange *exchange, R2dBytes *out)
{
    char digits[20];
    size_t at = sizeof digits, length = exchange->body.len;
    if (length == 0 && strcmp(exchange->method, "POST") != 0 &&
        strcmp(exchange->method, "PUT") != 0)
        return true;
    do
        digits[--at] = (char)('0' + length % 10);
    while ((length /= 10) > 0);
    return append_header(out, R2D_VIEW("Content-Length"),
                         r2d_view(digits + at, sizeof digits - at));
}

R2dStatus r2d_http_request_head(const R2dHttpExchange *exchange, const char *user_agent,
                                R2dBytes *out, R2dError *err)
{
    R2dView origin = r2d_http_origin(exchange->url);
    if (!r2d_http_request_is_clean(exchange))
        return r2d_fail(err, R2D_ERR_ARGUMENT, "a URL or request header has a control character");
    bool ok = r2d_bytes_append_text(out, exchange->method) && r2d_bytes_append_char(out, ' ') &&
              append_target(origin.data + origin.len, out) &&
              r2d_bytes_append_text(out, " HTTP/1.1\r\n") &&
              append_header(out, R2D_VIEW("Host"), host_of(origin)) &&
              (user_agent == NULL ||
               append_header(out, R2D_VIEW("User-Agent"), r2d_view_of(user_agent))) &&
              append_headers(exchange, out) && append_length(exchange, out) &&
              r2d_bytes_append_text(out, "\r\n");
    return ok ? R2D_OK : r2d_fail_memory(err);
}
