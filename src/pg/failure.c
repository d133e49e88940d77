/* failure.c - errors of this process, to be stored. */
#include "failure.h"

void r2d_failure_of(const ErrorData *error, R2dFailure *failure)
{
    const R2dRemoteMark *mark = r2d_error_mark();

    *failure = (R2dFailure){.message = error->message,
                            .detail = error->detail,
                            .hint = error->hint,
                            .code = mark->code[0] ? pstrdup(mark->code) : NULL,
                            .request_id = mark->request_id[0] ? pstrdup(mark->request_id) : NULL,
                            .position = error->cursorpos};
    strlcpy(failure->sqlstate, unpack_sql_state(error->sqlerrcode), sizeof failure->sqlstate);
}

bool r2d_failure_passes(const ErrorData *error)
{
    int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

    return category == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION);
}
