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

void r2d_failure_of_core(const R2dError *err, R2dFailure *failure)
{
    *failure = (R2dFailure){.message = r2d_from_utf8_or_null(r2d_view_of(err->message)),
                            .detail = r2d_from_utf8_or_null(r2d_view_of(err->detail)),
                            .hint = r2d_from_utf8_or_null(r2d_view_of(err->hint)),
                            .code = err->code[0] ? err->code : NULL,
                            .request_id = err->request_id[0] ? err->request_id : NULL};
    strlcpy(failure->sqlstate, unpack_sql_state(r2d_error_sqlstate(err)), sizeof failure->sqlstate);
}

bool r2d_failure_passes(const ErrorData *error)
{
    int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

    return category == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION);
}
