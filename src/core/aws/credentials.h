/*
 * credentials.h - where the keys come from.
 *
 * Secrets stay in this struct: never in tables, logs, error text. r2d_credentials_wipe clears them.
 */
#ifndef R2D_CREDENTIALS_H
#define R2D_CREDENTIALS_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dCredentials {
    R2dBytes access_key_id;
    R2dBytes secret_access_key;
    R2dBytes session_token; /* empty: none */
    uint32_t generation;    /* changes with every refresh; signing keys are cached by it */
} R2dCredentials;

void r2d_credentials_init(R2dCredentials *credentials, const R2dAlloc *alloc);
void r2d_credentials_wipe(R2dCredentials *credentials); /* overwrites, then frees */

/* Keys given by the user (the user mapping). token may be empty. false when memory is out. */
bool r2d_credentials_set(R2dCredentials *credentials, R2dView access_key_id,
                         R2dView secret_access_key, R2dView session_token);

/* Takes over what `fresh` holds, and empties it. False, and no new generation, when these are the
 * same keys. */
bool r2d_credentials_renew(R2dCredentials *credentials, R2dCredentials *fresh);

/*
 * The server's own: environment, then the shared credentials file (AWS_PROFILE), in the order of
 * the SDKs (facts: aws 7.1, 7.2). R2D_ERR_ARGUMENT with a hint when there is none. Whether the
 * user may act with them is for the caller to decide, before.
 */
R2dStatus r2d_credentials_from_server(R2dCredentials *credentials, R2dError *err);

#endif
