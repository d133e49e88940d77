/* failure.c - network failures in words. */
#include "failure.h"

#include <stdio.h>

/* Host and port; a user name and password in front of them are left out. */
static R2dView host_of(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    size_t len = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', len);
    return at == NULL ? r2d_view(host, len) : r2d_view(at + 1, len - (size_t)(at + 1 - host));
}

void r2d_http_failure(R2dHttpExchange *exchange, R2dAction action, const char *text,
                      const char *hint)
{
    R2dView host = host_of(exchange->url);
    r2d_fail(&exchange->error, R2D_ERR_NETWORK, "no complete reply from %.*s: %s", (int)host.len,
             host.data, text);
    exchange->error.action = action;
    if (hint != NULL)
        snprintf(exchange->error.hint, sizeof exchange->error.hint, "%s", hint);
}

void r2d_http_failure_silence(R2dHttpExchange *exchange)
{
    char text[64];
    snprintf(text, sizeof text, "no byte came or went for %d s",
             (exchange->silence_timeout_ms + 999) / 1000);
    r2d_http_failure(exchange, R2D_ACT_RETRY, text, NULL);
}
