/* redact.c - see redact.h. */
#include "redact.h"

#define RECOGNISED_BYTES 12 /* fewer say too little, and are found in harmless texts */

static size_t common_bytes(const char *text, R2dView secret)
{
    size_t len = 0;
    while (len < secret.len && text[len] == secret.data[len])
        len++;
    return len;
}

static void redact_text(char *text, R2dView secret)
{
    if (secret.len < RECOGNISED_BYTES)
        return;
    for (char *at = text; *at != '\0'; at++) {
        size_t len = common_bytes(at, secret);
        if (len >= RECOGNISED_BYTES)
            memset(at, '*', len);
    }
}

void r2d_redact(const R2dCredentials *credentials, R2dError *err)
{
    char *const texts[] = {err->code, err->request_id, err->message, err->detail, err->hint};
    if (credentials == NULL)
        return;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        redact_text(texts[i], r2d_bytes_view(&credentials->secret_access_key));
        redact_text(texts[i], r2d_bytes_view(&credentials->session_token));
    }
}
