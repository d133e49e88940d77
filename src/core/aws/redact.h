/*
 * redact.h - keeps secrets out of error texts, whatever a service or a proxy before it echoes.
 */
#ifndef R2D_REDACT_H
#define R2D_REDACT_H

#include "../base/status.h"
#include "credentials.h"

/* Overwrites with '*' what stands in the texts of *err of the secret key and the session token;
 * also their beginnings, as far as a text that was cut shows them. */
void r2d_redact(const R2dCredentials *credentials, R2dError *err);

#endif
