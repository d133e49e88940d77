/*
 * profile.h - one profile of the shared credentials file (an INI file). Private to credentials.
 */
#ifndef R2D_PROFILE_H
#define R2D_PROFILE_H

#include "../base/bytes.h"

/* Views into the text; empty: not there. */
typedef struct R2dProfile {
    R2dView access_key_id;
    R2dView secret_access_key;
    R2dView session_token;
} R2dProfile;

/* Reads a file of at most 1 MB into an empty buffer. R2D_END when there is no such file. The caller
 * wipes the buffer. */
R2dStatus r2d_profile_read_file(const char *path, R2dBytes *text, R2dError *err);

/*
 * Looks for [name] (also "[profile name]"). Comments start with # or ; at a line's begin, or after
 * a blank behind a value. A profile written twice is merged, the later value wins. Lines that are
 * indented belong to the setting above and are skipped, as are lines that make no sense.
 */
void r2d_profile_find(R2dView text, const char *name, R2dProfile *profile);

#endif
