/*
 * refusal.h - what Redshift tells about AWS when it refuses an UNLOAD: S3's code and request id
 * stand in its text, and nowhere else.
 */
#ifndef R2D_REFUSAL_H
#define R2D_REFUSAL_H

#include "../base/bytes.h"
#include "../base/status.h"

/*
 * Reads the primary message of an error of the warehouse and fills code, request_id and hint of
 * *err, "" where the message says nothing of it. Nothing else in *err is touched. The hints name
 * the server options to look at.
 */
void r2d_refusal_read(R2dView message, R2dError *err);

/*
 * Whether a statement that failed so may work when it is sent again: it was cancelled, the
 * warehouse was restarted, short of something, or in conflict, or S3 was. What the user must mend,
 * as a missing permission, is none of these.
 */
bool r2d_refusal_may_pass(const char *sqlstate, R2dView message, R2dView detail);

#endif
