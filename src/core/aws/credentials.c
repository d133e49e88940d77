/* credentials.c - keys given by the user, or the server's own from environment and files. */
#include "credentials.h"
#include "digest.h"
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>

void r2d_credentials_init(R2dCredentials *credentials, const R2dAlloc *alloc)
{
    *credentials = (R2dCredentials){.generation = 0};
    r2d_bytes_init(&credentials->access_key_id, alloc);
    r2d_bytes_init(&credentials->secret_access_key, alloc);
    r2d_bytes_init(&credentials->session_token, alloc);
}

static void wipe_bytes(R2dBytes *bytes)
{
    if (bytes->data != NULL)
        r2d_digest_wipe(bytes->data, bytes->capacity);
    r2d_bytes_free(bytes);
}

/* Never 0, and never the same again: a signing key derived from an old secret is not found. */
static void next_generation(R2dCredentials *credentials)
{
    if (++credentials->generation == 0)
        credentials->generation = 1;
}

void r2d_credentials_wipe(R2dCredentials *credentials)
{
    wipe_bytes(&credentials->access_key_id);
    wipe_bytes(&credentials->secret_access_key);
    wipe_bytes(&credentials->session_token);
    next_generation(credentials);
}

/* Into a block of the right size at once: a buffer that grows would leave copies behind. */
static bool set_bytes(R2dBytes *bytes, R2dView value)
{
    wipe_bytes(bytes);
    return value.len == 0 || r2d_bytes_append_view(bytes, value);
}

bool r2d_credentials_set(R2dCredentials *credentials, R2dView access_key_id,
                         R2dView secret_access_key, R2dView session_token)
{
    next_generation(credentials);
    if (set_bytes(&credentials->access_key_id, access_key_id) &&
        set_bytes(&credentials->secret_access_key, secret_access_key) &&
        set_bytes(&credentials->session_token, session_token))
        return true;
    r2d_credentials_wipe(credentials);
    return false;
}

static bool same(const R2dBytes *one, const R2dBytes *other)
{
    return r2d_view_equal(r2d_bytes_view(one), r2d_bytes_view(other));
}

bool r2d_credentials_renew(R2dCredentials *credentials, R2dCredentials *fresh)
{
    bool others = !same(&credentials->access_key_id, &fresh->access_key_id) ||
                  !same(&credentials->secret_access_key, &fresh->secret_access_key) ||
                  !same(&credentials->session_token, &fresh->session_token);
    if (!others) {
        r2d_credentials_wipe(fresh);
        return false;
    }
    r2d_credentials_wipe(credentials);
    fresh->generation = credentials->generation;
    *credentials = *fresh;
    r2d_credentials_init(fresh, credentials->access_key_id.alloc);
    return true;
}

static const char *env(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static R2dStatus set_from(R2dCredentials *credentials, const R2dProfile *keys, const char *where,
                          R2dError *err)
{
    if (keys->access_key_id.len == 0 || keys->secret_access_key.len == 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "%s has one of the two AWS keys, not both", where);
    if (!r2d_credentials_set(credentials, keys->access_key_id, keys->secret_access_key,
                             keys->session_token))
        return r2d_fail_memory(err);
    return R2D_OK;
}

/* R2D_END: the environment says nothing. A key without its secret is an error, not a reason to
 * go on looking. */
static R2dStatus from_environment(R2dCredentials *credentials, R2dError *err)
{
    const char *id = env("AWS_ACCESS_KEY_ID"), *secret = env("AWS_SECRET_ACCESS_KEY");
    const char *token = env("AWS_SESSION_TOKEN");
    if (id == NULL && secret == NULL)
        return R2D_END;
    if (token == NULL)
        token = env("AWS_SECURITY_TOKEN");
    R2dProfile keys = {.access_key_id = r2d_view_of(id != NULL ? id : ""),
                       .secret_access_key = r2d_view_of(secret != NULL ? secret : ""),
                       .session_token = r2d_view_of(token != NULL ? token : "")};
    return set_from(credentials, &keys, "the server's environment", err);
}

static bool credentials_path(char *path, size_t size)
{
    const char *file = env("AWS_SHARED_CREDENTIALS_FILE"), *home = env("HOME");
    if (file != NULL)
        return (size_t)snprintf(path, size, "%s", file) < size;
    return home != NULL && (size_t)snprintf(path, size, "%s/.aws/credentials", home) < size;
}

/* R2D_END: no file, or the profile is not in it. */
static R2dStatus from_file(R2dCredentials *credentials, const char *profile, R2dError *err)
{
    char path[1024];
    R2dBytes text;
    R2dProfile keys = {0};
    if (!credentials_path(path, sizeof path))
        return R2D_END;
    r2d_bytes_init(&text, credentials->secret_access_key.alloc);
    R2dStatus status = r2d_profile_read_file(path, &text, err);
    if (status == R2D_OK) {
        r2d_profile_find(r2d_bytes_view(&text), profile, &keys);
        if (keys.access_key_id.len == 0 && keys.secret_access_key.len == 0)
            status = R2D_END;
        else
            status =
                set_from(credentials, &keys, "the profile in the shared credentials file", err);
    }
    wipe_bytes(&text);
    return status;
}

R2dStatus r2d_credentials_from_server(R2dCredentials *credentials, R2dError *err)
{
    const char *profile = env("AWS_PROFILE");
    R2dStatus status = R2D_END;
    if (profile == NULL) /* a profile that was chosen goes before the environment */
        status = from_environment(credentials, err);
    if (status == R2D_END)
        status = from_file(credentials, profile != NULL ? profile : "default", err);
    if (status != R2D_END)
        return status;
    r2d_fail(err, R2D_ERR_ARGUMENT, "the server has no AWS credentials");
    if (err != NULL)
        snprintf(
            err->hint, sizeof err->hint,
            "Looked at AWS_ACCESS_KEY_ID in the server's environment, then at profile \"%.64s\" "
            "in the shared credentials file. Or give keys in the user mapping.",
            profile != NULL ? profile : "default");
    return R2D_FAILED;
}
