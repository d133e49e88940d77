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
    char silence[64];
    if (strncmp(text, "Operation too slow", 18) == 0) { /* its figures are not the user's */
        snprintf(silence, sizeof silence, "no byte came or went for %d s",
                 (exchange->silence_timeout_ms + 999) / 1000);
        text = silence;
    }
    r2d_fail(&exchange->error, R2D_ERR_NETWORK, "no complete reply from %.*s: %s", (int)host.len,
             host.data, text);
    exchange->error.action = action;
    if (hint != NULL)
        snprintf(exchange->error.hint, sizeof exchange->error.hint, "%s", hint);
}
