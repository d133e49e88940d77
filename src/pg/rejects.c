/* rejects.c - see rejects.h. */
#include "rejects.h"

char *r2d_rejects_remark(int64 stored, int64 rejected)
{
    if (stored >= rejected)
        return NULL;
    return psprintf(INT64_FORMAT " of " INT64_FORMAT " rejects are stored in rs2ddb.reject", stored,
                    rejected);
}
