/* test_endpoint.c - hosts of the services, S3 addressing, endpoints given as URLs. */
#include "unit.h"

#include "aws/endpoint.h"

#include <stdio.h>

static void services_have_hosts_in_every_partition(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"dynamodb", "us-west-2", "dynamodb.us-west-2.amazonaws.com"},
        {"dynamodb", "cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"},
        {"redshift-data", "us-gov-west-1", "redshift-data.us-gov-west-1.amazonaws.com"},
        {"sts", "eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"},
        {"dynamodb", "us-iso-east-1", "dynamodb.us-iso-east-1.c2s.ic.gov"},
        {"dynamodb", "us-isob-east-1", "dynamodb.us-isob-east-1.sc2s.sgov.gov"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dEndpoint endpoint;
        char url[300];
        snprintf(url, sizeof url, "https://%s", cases[i][2]);
        assert_int_equal(r2d_endpoint_service(&endpoint, cases[i][0], cases[i][1], NULL), R2D_OK);
        assert_string_equal(endpoint.host, cases[i][2]);
        assert_string_equal(endpoint.base_url, url);
    }
}

static void what_is_no_region_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",          "us west 2",   "us-west-2.evil.com/",
        "US-WEST-2", "us-west-2#",  "-x",
        "a@b",       "us-west-2\n", "abcdefghijabcdefghijabcdefghij-12"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dEndpoint endpoint;
        R2dError err;
        bool path_style;
        assert_int_equal(r2d_endpoint_service(&endpoint, "dynamodb", cases[i], &err), R2D_FAILED);
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
        assert_int_equal(r2d_endpoint_s3(&endpoint, "bucket", cases[i], &path_style, &err),
                         R2D_FAILED);
    }
}

static void buckets_are_addressed_as_their_names_allow(void **state)
{
    (void)state;
    static const struct {
        const char *bucket, *host;
        bool path_style;
    } cases[] = {
        {"stage", "stage.s3.eu-west-1.amazonaws.com", false},
        {"a-b-1", "a-b-1.s3.eu-west-1.amazonaws.com", false},
        {"my.bucket", "s3.eu-west-1.amazonaws.com", true},
        {"Upper", "s3.eu-west-1.amazonaws.com", true},
        {"under_score", "s3.eu-west-1.amazonaws.com", true},
        {"long-long-long-long-long-long-long-long-long-long-long-long-long-",
         "s3.eu-west-1.amazonaws.com", true},
    };
    R2dEndpoint endpoint;
    bool path_style;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            r2d_endpoint_s3(&endpoint, cases[i].bucket, "eu-west-1", &path_style, NULL), R2D_OK);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_int_equal(path_style, cases[i].path_style);
    }
    static const char *const bad[] = {"",
                                      "ab",
                                      "a/b",
                                      "a b",
                                      "b\xC3\xBC"
                                      "cket",
                                      "x.com/#",
                                      "a:b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(r2d_endpoint_s3(&endpoint, bad[i], "eu-west-1", &path_style, NULL),
                         R2D_FAILED);
}

static void custom_endpoints_are_normalised(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"http://127.0.0.1:4566", "http://127.0.0.1:4566", "127.0.0.1:4566"},
        {"http://LocalHost:8000/", "http://localhost:8000", "localhost:8000"},
        {"https://host", "https://host", "host"},
        {"https://host:443", "https://host", "host"},
        {"http://host:80/", "http://host", "host"},
        {"https://host:80", "https://host:80", "host:80"},
        {"http://[::1]:9000", "http://[::1]:9000", "[::1]:9000"},
        {"https://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]"},
        {"https://vpce-1a-x.dynamodb.us-west-2.vpce.amazonaws.com",
         "https://vpce-1a-x.dynamodb.us-west-2.vpce.amazonaws.com",
         "vpce-1a-x.dynamodb.us-west-2.vpce.amazonaws.com"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dEndpoint endpoint;
        assert_int_equal(r2d_endpoint_custom(&endpoint, cases[i][0], NULL), R2D_OK);
        assert_string_equal(endpoint.base_url, cases[i][1]);
        assert_string_equal(endpoint.host, cases[i][2]);
    }
}

static void odd_endpoints_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "host:8000",
        "ftp://host",
        "HTTP//host",
        "http://",
        "http:///",
        "http://:80",
        "http://host/path",
        "http://host?q",
        "http://host#f",
        "http://host:0",
        "http://host:65536",
        "http://host:8o",
        "http://host:",
        "http://ho st",
        "http://host\r\nx: y",
        "http://.host",
        "http://%31host",
        "http://[::1",
        "http://[::1]x",
        "http://[fe80::1%25eth0]",
        "http://[nonsense]",
        "http://host\\@other",
        "http://user:topsecret@host",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dEndpoint endpoint;
        R2dError err;
        if (r2d_endpoint_custom(&endpoint, cases[i], &err) != R2D_FAILED)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
        assert_null(strstr(err.message, "topsecret"));
    }
}

static void metadata_addresses_are_refused_in_every_spelling(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "http://169.254.169.254",     "http://169.254.170.2:80",
        "http://2852039166",          "http://0xa9fea9fe",
        "http://0xa9.254.0251.0376",  "http://169.16689662",
        "http://169.254.43518",       "http://[fd00:ec2::254]",
        "http://[fe80::1]",           "http://[::ffff:169.254.169.254]",
        "http://[::ffff:a9fe:a9fe]",  "http://[64:ff9b::169.254.169.254]",
        "http://[::169.254.169.254]",
    };
    static const char *const taken[] = {"http://169.253.0.1", "http://169.255.0.1",
                                        "http://[::1]",       "http://[fd00:ec3::1]",
                                        "http://10.0.0.1",    "http://169-254.example.com"};
    R2dEndpoint endpoint;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (r2d_endpoint_custom(&endpoint, refused[i], NULL) != R2D_FAILED)
            fail_msg("accepted: %s", refused[i]);
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (r2d_endpoint_custom(&endpoint, taken[i], NULL) != R2D_OK)
            fail_msg("refused: %s", taken[i]);
    }
}

static void long_input_never_overflows(void **state)
{
    (void)state;
    char text[2000];
    R2dEndpoint endpoint;
    bool path_style;
    for (size_t len = 1; len < sizeof text; len += 7) {
        memset(text, 'a', len);
        text[len] = '\0';
        r2d_endpoint_service(&endpoint, "dynamodb", text, NULL);
        r2d_endpoint_s3(&endpoint, text, "us-east-1", &path_style, NULL);
        if (len > 8) {
            memcpy(text, "http://", 7);
            R2dStatus status = r2d_endpoint_custom(&endpoint, text, NULL);
            assert_int_equal(status, len - 7 <= 255 ? R2D_OK : R2D_FAILED);
        }
    }
}

static void encoding_keeps_only_the_unreserved(void **state)
{
    (void)state;
    R2dBytes out;
    char raw[256];
    r2d_bytes_init(&out, &r2d_alloc_libc);
    assert_true(r2d_endpoint_encode(&out, R2D_VIEW("a/b c+d=\xC3\xBC~%"), true));
    assert_view(r2d_bytes_view(&out), "a/b%20c%2Bd%3D%C3%BC~%25");
    out.len = 0;
    assert_true(r2d_endpoint_encode(&out, R2D_VIEW("a/b"), false));
    assert_view(r2d_bytes_view(&out), "a%2Fb");
    for (int i = 0; i < 256; i++)
        raw[i] = (char)i;
    out.len = 0;
    assert_true(r2d_endpoint_encode(&out, r2d_view(raw, 256), false));
    assert_int_equal(out.len, 66 + 190 * 3);
    assert_true(r2d_endpoint_encode(&out, r2d_view(NULL, 0), true));
    assert_int_equal(out.len, 66 + 190 * 3);
    r2d_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_have_hosts_in_every_partition),
        cmocka_unit_test(what_is_no_region_is_refused),
        cmocka_unit_test(buckets_are_addressed_as_their_names_allow),
        cmocka_unit_test(custom_endpoints_are_normalised),
        cmocka_unit_test(odd_endpoints_are_refused),
        cmocka_unit_test(metadata_addresses_are_refused_in_every_spelling),
        cmocka_unit_test(long_input_never_overflows),
        cmocka_unit_test(encoding_keeps_only_the_unreserved),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
