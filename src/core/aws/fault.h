/*
 * fault.h - what can be done about an error reply: the table of service, operation, status and
 * code.
 */
#ifndef R2D_FAULT_H
#define R2D_FAULT_H

#include "../base/bytes.h"
#include "../base/status.h"

typedef struct R2dFault {
    const char *service;   /* signing name */
    const char *operation; /* "BatchWriteItem", "GetObject", ... or "" */
    int http_status;
    const char *code;    /* "" when the reply named none */
    const char *message; /* of the service, or "" */
    const char *reasons; /* of a throttle, or "" */
} R2dFault;

/*
 * The action. R2D_ACT_REJECT only for operations that write rows. R2D_ACT_CLOCK only where the
 * service speaks of the time; for a refused signature see r2d_fault_may_be_clock.
 */
R2dAction r2d_fault_action(const R2dFault *fault);

/* The signature was refused: R2D_ACT_CLOCK instead, if the clocks turn out to differ. */
bool r2d_fault_may_be_clock(const R2dFault *fault);

/* "DynamoDB" of "dynamodb"; the signing name itself when it is not known. */
const char *r2d_fault_service_name(const char *service);

/* What the user can do, or "". */
void r2d_fault_hint(const R2dFault *fault, char *hint, size_t size);

#endif
