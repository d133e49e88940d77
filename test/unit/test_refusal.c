/* test_refusal.c - code, request id and hint out of the texts Redshift refuses an UNLOAD with. */
#include "unit.h"

#include "unload/refusal.h"

static R2dError read(const char *message)
{
    R2dError err = {.code = "stale", .request_id = "stale", .hint = "stale", .message = "kept"};
    r2d_refusal_read(r2d_view_of(message), &err);
    assert_string_equal(err.message, "kept");
    return err;
}

static void check(const char *message, const char *code, const char *request_id, const char *hint)
{
    R2dError err = read(message);
    assert_string_equal(err.code, code);
    assert_string_equal(err.request_id, request_id);
    if (hint[0] == '\0' ? err.hint[0] != '\0' : strstr(err.hint, hint) == NULL)
        fail_msg("%s: hint \"%s\"", message, err.hint);
}

static void an_error_of_s3_gives_code_and_request_id(void **state)
{
    (void)state;
    check("S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 9QK5,ExtRid "
          "u+/=,CanRetry 1",
          "AccessDenied", "9QK5", "s3:PutObject");
    check("S3ServiceException:The specified bucket does not exist,Status 404,Error "
          "NoSuchBucket,Rid A1,ExtRid B2,CanRetry 0",
          "NoSuchBucket", "A1", "stage");
    check("S3ServiceException:User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: "
          "s3:PutObject on resource: \"a,Error b,Rid c\",Status 403,Error AccessDenied,Rid "
          "XY,ExtRid Z,CanRetry 1",
          "AccessDenied", "XY", "s3:PutObject");
}

static void what_may_pass_is_told_from_what_must_be_mended(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate, *message, *detail;
        bool may_pass;
    } cases[] = {
        {"57014", "Query (1) cancelled on user's request", "", true},
        {"57P01", "terminating connection due to administrator command", "", true},
        {"08006", "server closed the connection unexpectedly", "", true},
        {"53100", "could not extend file", "", true},
        {"XX000", "Disk Full", "error: Disk Full code: 1016", true},
        {"XX000", "1023", "Serializable isolation violation on table - 1", true},
        {"XX000",
         "S3ServiceException:We encountered an internal error.,Status 500,Error "
         "InternalError,Rid A,ExtRid B,CanRetry 1",
         "", true},
        {"XX000",
         "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid "
         "A,ExtRid B,CanRetry 1",
         "", true},
        {"XX000",
         "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid A,ExtRid "
         "B,CanRetry 1",
         "", false},
        {"XX000", "User arn:a is not authorized to assume IAM Role arn:b", "", false},
        {"XX000", "Assert", "", false},
        {"42501", "permission denied for relation x", "", false},
        {"22P02", "invalid input syntax", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (r2d_refusal_may_pass(cases[i].sqlstate, r2d_view_of(cases[i].message),
                                 r2d_view_of(cases[i].detail)) != cases[i].may_pass)
            fail_msg("%s %s", cases[i].sqlstate, cases[i].message);
}

static void other_texts_give_what_they_hold(void **state)
{
    (void)state;
    check("User arn:aws:redshift:r:1:dbuser:c/u is not authorized to assume IAM Role arn:x", "", "",
          "iam_role");
    check("S3ServiceException:The bucket you are attempting to access must be addressed using the "
          "specified endpoint.",
          "", "", "stage_region");
    check("The S3 bucket addressed by the query is in a different region from this cluster.", "",
          "", "stage_region");
    check("syntax error at or near \"x,Error y\"", "", "", "");
    check("S3ServiceException:slow,Status 503,Error SlowDown", "SlowDown", "", "");
    check("S3ServiceException", "", "", "");
    check("", "", "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_of_s3_gives_code_and_request_id),
        cmocka_unit_test(what_may_pass_is_told_from_what_must_be_mended),
        cmocka_unit_test(other_texts_give_what_they_hold),
    };
    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
