/* s3_reply.c - Content-Length, Content-Range and ETag; see s3_reply.h. */
#include "s3_reply.h"

/* Takes digits off the front of *rest. */
static bool take_number(R2dView *rest, int64_t *value)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9')
        len++;
    if (!r2d_view_to_int64(r2d_view(rest->data, len), value))
        return false;
    *rest = r2d_view(rest->data + len, rest->len - len);
    return true;
}

static bool take_text(R2dView *rest, R2dView text)
{
    if (!r2d_view_starts(*rest, text))
        return false;
    *rest = r2d_view(rest->data + text.len, rest->len - text.len);
    return true;
}

/* "bytes 5-9/10" or "bytes 5-9/" and a star. */
static bool read_range(R2dView header, R2dS3Reply *reply)
{
    int64_t last;
    if (!take_text(&header, R2D_VIEW("bytes ")) || !take_number(&header, &reply->first) ||
        !take_text(&header, R2D_VIEW("-")) || !take_number(&header, &last) ||
        !take_text(&header, R2D_VIEW("/")) || last < reply->first)
        return false;
    if (!r2d_view_equal(header, R2D_VIEW("*")) &&
        (!take_number(&header, &reply->total) || header.len > 0 || last >= reply->total))
        return false;
    int64_t length = last - reply->first + 1;
    if (reply->length >= 0 && reply->length != length)
        return false;
    reply->length = length;
    return true;
}

R2dStatus r2d_s3_read_reply(const R2dHttpExchange *exchange, R2dS3Reply *reply, R2dError *err)
{
    R2dView length = r2d_http_response_header(exchange, "content-length");
    R2dView range = r2d_http_response_header(exchange, "content-range");
    *reply =
        (R2dS3Reply){.length = -1, .total = -1, .etag = r2d_http_response_header(exchange, "etag")};
    if (length.len > 0 && !r2d_view_to_int64(length, &reply->length))
        return r2d_fail(err, R2D_ERR_DATA, "came with the Content-Length \"%.*s\"",
                        (int)(length.len < 40 ? length.len : 40), length.data);
    if (exchange->status == 206) {
        if (!read_range(range, reply))
            return r2d_fail(err, R2D_ERR_DATA, "came with the Content-Range \"%.*s\"",
                            (int)(range.len < 80 ? range.len : 80),
                            range.len > 0 ? range.data : "");
        return R2D_OK;
    }
    reply->total = reply->length;
    return R2D_OK;
}
