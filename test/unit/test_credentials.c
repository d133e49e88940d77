/* test_credentials.c - keys are found where the SDKs find them, and leave nothing behind. */
#include "unit.h"

#include "aws/credentials.h"
#include "aws/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[UNIT_PATH_MAX];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

static int clean_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
}

static void expect(R2dCredentials *credentials, const char *id, const char *secret,
                   const char *token)
{
    R2dError err;
    if (r2d_credentials_from_server(credentials, &err) != R2D_OK)
        fail_msg("%s", err.message);
    assert_view(r2d_bytes_view(&credentials->access_key_id), id);
    assert_view(r2d_bytes_view(&credentials->secret_access_key), secret);
    assert_view(r2d_bytes_view(&credentials->session_token), token);
}

static void each_set_is_a_new_generation(void **state)
{
    (void)state;
    UnitAlloc unit;
    R2dCredentials credentials;
    unit_alloc_init(&unit);
    r2d_credentials_init(&credentials, &unit.alloc);
    assert_int_equal(credentials.generation, 0);
    assert_true(r2d_credentials_set(&credentials, R2D_VIEW("a"), R2D_VIEW("b"), R2D_VIEW("c")));
    uint32_t first = credentials.generation;
    assert_true(r2d_credentials_set(&credentials, R2D_VIEW("d"), R2D_VIEW("e"), r2d_view("", 0)));
    assert_true(credentials.generation != first && credentials.generation != 0);
    assert_view(r2d_bytes_view(&credentials.access_key_id), "d");
    assert_int_equal(credentials.session_token.len, 0);
    credentials.generation = UINT32_MAX;
    assert_true(r2d_credentials_set(&credentials, R2D_VIEW("d"), R2D_VIEW("e"), r2d_view("", 0)));
    assert_int_equal(credentials.generation, 1);
    r2d_credentials_wipe(&credentials);
    r2d_credentials_wipe(&credentials);
    assert_int_equal(unit.live, 0);
}

static char last_released[256];

static void *keep_resize(void *context, void *ptr, size_t size)
{
    (void)context;
    return realloc(ptr, size);
}

static void look_and_release(void *context, void *ptr)
{
    (void)context;
    memcpy(last_released, ptr, 64);
    free(ptr);
}

static void secrets_are_overwritten_before_they_are_freed(void **state)
{
    (void)state;
    R2dAlloc alloc = {.resize = keep_resize, .release = look_and_release};
    R2dCredentials credentials;
    r2d_credentials_init(&credentials, &alloc);
    R2dView secret = R2D_VIEW("0123456789012345678901234567890123456789");
    assert_true(r2d_credentials_set(&credentials, R2D_VIEW("id"), secret, r2d_view("", 0)));
    memset(last_released, 'x', sizeof last_released);
    assert_true(
        r2d_credentials_set(&credentials, r2d_view("", 0), r2d_view("", 0), r2d_view("", 0)));
    for (int i = 0; i < 64; i++)
        assert_int_equal(last_released[i], 0);
    r2d_credentials_wipe(&credentials);
}

static void the_environment_comes_first(void **state)
{
    (void)state;
    R2dCredentials credentials;
    r2d_credentials_init(&credentials, &r2d_alloc_libc);
    write_file("[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
    expect(&credentials, "F", "G", "");
    setenv("AWS_ACCESS_KEY_ID", "EID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "ES", 1);
    expect(&credentials, "EID", "ES", "");
    setenv("AWS_SECURITY_TOKEN", "old", 1);
    expect(&credentials, "EID", "ES", "old");
    setenv("AWS_SESSION_TOKEN", "new", 1);
    expect(&credentials, "EID", "ES", "new");
    setenv("AWS_PROFILE", "default", 1); /* chosen: goes before the environment */
    expect(&credentials, "F", "G", "");
    r2d_credentials_wipe(&credentials);
}

static void half_a_key_is_an_error(void **state)
{
    (void)state;
    R2dCredentials credentials;
    R2dError err;
    r2d_credentials_init(&credentials, &r2d_alloc_libc);
    write_file("[default]\naws_secret_access_key = topsecret\n");
    assert_int_equal(r2d_credentials_from_server(&credentials, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_null(strstr(err.message, "topsecret"));
    setenv("AWS_ACCESS_KEY_ID", "EID", 1);
    assert_int_equal(r2d_credentials_from_server(&credentials, &err), R2D_FAILED);
    assert_non_null(strstr(err.message, "environment"));
    r2d_credentials_wipe(&credentials);
}

static void nowhere_says_where_it_looked(void **state)
{
    (void)state;
    R2dCredentials credentials;
    R2dError err;
    r2d_credentials_init(&credentials, &r2d_alloc_libc);
    unlink(path);
    assert_int_equal(r2d_credentials_from_server(&credentials, &err), R2D_FAILED);
    assert_int_equal(err.kind, R2D_ERR_ARGUMENT);
    assert_non_null(strstr(err.hint, "AWS_ACCESS_KEY_ID"));
    setenv("AWS_PROFILE", "absent", 1);
    write_file("[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
    assert_int_equal(r2d_credentials_from_server(&credentials, &err), R2D_FAILED);
    assert_non_null(strstr(err.hint, "absent"));
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/tmp", 1); /* a directory */
    assert_int_equal(r2d_credentials_from_server(&credentials, &err), R2D_FAILED);
    r2d_credentials_wipe(&credentials);
}

static void odd_files_are_read_as_the_sdks_read_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *profile, *id, *secret, *token;
    } cases[] = {
        {"[p]\naws_access_key_id=I\naws_secret_access_key=S", "p", "I", "S", ""},
        {"\xEF\xBB\xBF[p]\r\naws_access_key_id = I\r\naws_secret_access_key = S\r\n", "p", "I", "S",
         ""},
        {"# c\n; c\n\n[other]\naws_access_key_id=X\n[p] ; c\n# c\naws_access_key_id=I # c\n"
         "aws_secret_access_key=S\t; c\n",
         "p", "I", "S", ""},
        {"[profile p]\nAWS_Access_Key_Id=I\naws_secret_access_key=S\naws_session_token=T=/+==\n",
         "p", "I", "S", "T=/+=="},
        {"[ profile\tp ]\naws_access_key_id=I\naws_secret_access_key=S\n", "p", "I", "S", ""},
        {"[p]\naws_access_key_id=I\naws_secret_access_key=a#b;c\n", "p", "I", "a#b;c", ""},
        {"[p]\naws_access_key_id=I\n[q]\naws_access_key_id=Q\n[p]\naws_secret_access_key=S\n"
         "aws_access_key_id=J\n",
         "p", "J", "S", ""},
        {"[p]\ns3 =\n  aws_access_key_id = nested\naws_access_key_id=I\naws_secret_access_key=S\n",
         "p", "I", "S", ""},
        {"aws_access_key_id=outside\n[p\naws_access_key_id=broken\n[p]\nnonsense\n=\n= x\n"
         "aws_access_key_id\naws_access_key_id=I\naws_secret_access_key=S\n",
         "p", "I", "S", ""},
        {"[profile]\naws_access_key_id=I\naws_secret_access_key=S\n", "profile", "I", "S", ""},
        {"[p]\naws_access_key_id=I\naws_access_key_id_2=X\naws_secret_access_key=S", "p", "I", "S",
         ""},
        {"[pp]\naws_access_key_id=I\n", "p", "", "", ""},
        {"[p]\naws_access_key_id = \n", "p", "", "", ""},
        {"", "p", "", "", ""},
        {"[", "p", "", "", ""},
        {"[]", "", "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        R2dProfile profile;
        r2d_profile_find(r2d_view_of(cases[i].text), cases[i].profile, &profile);
        assert_view(profile.access_key_id, cases[i].id);
        assert_view(profile.secret_access_key, cases[i].secret);
        assert_view(profile.session_token, cases[i].token);
    }
}

static void random_files_never_hurt(void **state)
{
    (void)state;
    static const char alphabet[] = "[]=#; \t\r\npaws_access_key_id\xFF";
    uint32_t seed = 11;
    char text[80];
    for (int round = 0; round < 200000; round++) {
        R2dProfile profile;
        size_t len = (seed >> 9) % sizeof text;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        seed = seed * 1664525 + 1013904223;
        r2d_profile_find(r2d_view(text, len), "p", &profile);
    }
}

static void memory_failures_leave_nothing_behind(void **state)
{
    (void)state;
    write_file("[default]\naws_access_key_id=F\naws_secret_access_key=G\naws_session_token=H\n");
    for (long fail_at = 1;; fail_at++) {
        UnitAlloc unit;
        R2dCredentials credentials;
        R2dError err;
        unit_alloc_init(&unit);
        unit.fail_at = fail_at;
        r2d_credentials_init(&credentials, &unit.alloc);
        R2dStatus status = r2d_credentials_from_server(&credentials, &err);
        r2d_credentials_wipe(&credentials);
        assert_int_equal(unit.live, 0);
        if (status == R2D_OK)
            break;
        assert_int_equal(err.kind, R2D_ERR_MEMORY);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, clean_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_set_is_a_new_generation), TEST(secrets_are_overwritten_before_they_are_freed),
        TEST(the_environment_comes_first),  TEST(half_a_key_is_an_error),
        TEST(nowhere_says_where_it_looked), TEST(odd_files_are_read_as_the_sdks_read_them),
        TEST(random_files_never_hurt),      TEST(memory_failures_leave_nothing_behind),
    };
    unit_temp_file(path);
    int failed = cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
    unlink(path);
    return failed;
}
