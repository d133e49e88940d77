/* profile.c - the INI dialect of the shared credentials file. */
#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1024 * 1024)

static R2dStatus read_all(int fd, const char *path, R2dBytes *text, R2dError *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_BYTES_MAX)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "\"%s\" is not a file of credentials", path);
    if (!r2d_bytes_reserve(text, (size_t)info.st_size + 1)) /* once: no copies are left behind */
        return r2d_fail_memory(err);
    while (text->len < text->capacity) {
        ssize_t n = read(fd, text->data + text->len, text->capacity - text->len);
        if (n == 0)
            return R2D_OK;
        if (n < 0 && errno != EINTR)
            return r2d_fail(err, R2D_ERR_ARGUMENT, "cannot read \"%s\": %s", path,
                            strerrordesc_np(errno));
        text->len += n > 0 ? (size_t)n : 0;
    }
    return R2D_OK;
}

R2dStatus r2d_profile_read_file(const char *path, R2dBytes *text, R2dError *err)
{
    /* non-blocking: a pipe of that name must not hold the server up */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return R2D_END;
    if (fd < 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "cannot open \"%s\": %s", path,
                        strerrordesc_np(errno));
    R2dStatus status = read_all(fd, path, text, err);
    close(fd);
    return status;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static R2dView trim(R2dView text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = r2d_view(text.data + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* A value ends where " #" or " ;" begins; a # inside a secret does not end it. */
static R2dView cut_comment(R2dView text)
{
    for (size_t i = 1; i < text.len; i++) {
        if ((text.data[i] == '#' || text.data[i] == ';') && is_blank(text.data[i - 1]))
            return r2d_view(text.data, i);
    }
    return text;
}

/* The name in "[name]", "[ profile name ]". */
static R2dView section_name(R2dView line)
{
    const char *end = memchr(line.data, ']', line.len);
    if (end == NULL)
        return r2d_view(NULL, 0);
    R2dView name = trim(r2d_view(line.data + 1, (size_t)(end - line.data) - 1));
    if (r2d_view_starts(name, R2D_VIEW("profile")) && name.len > 7 && is_blank(name.data[7]))
        name = trim(r2d_view(name.data + 7, name.len - 7));
    return name;
}

static bool equal_ignoring_case(R2dView text, const char *lower)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (lower[i] == '\0' || (c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i])
            return false;
    }
    return lower[text.len] == '\0';
}

static void take_setting(R2dView line, R2dProfile *profile)
{
    const char *equals = memchr(line.data, '=', line.len);
    if (equals == NULL)
        return;
    size_t at = (size_t)(equals - line.data);
    R2dView name = trim(r2d_view(line.data, at));
    R2dView value = trim(cut_comment(r2d_view(equals + 1, line.len - at - 1)));
    if (equal_ignoring_case(name, "aws_access_key_id"))
        profile->access_key_id = value;
    else if (equal_ignoring_case(name, "aws_secret_access_key"))
        profile->secret_access_key = value;
    else if (equal_ignoring_case(name, "aws_session_token"))
        profile->session_token = value;
}

void r2d_profile_find(R2dView text, const char *name, R2dProfile *profile)
{
    bool inside = false;
    *profile = (R2dProfile){0};
    if (r2d_view_starts(text, R2D_VIEW("\xEF\xBB\xBF"))) /* some editors write a mark */
        text = r2d_view(text.data + 3, text.len - 3);
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        R2dView line = trim(r2d_view(text.data, len));
        bool indented = is_blank(text.data[0]);
        text = end != NULL ? r2d_view(end + 1, text.len - len - 1) : r2d_view(NULL, 0);
        if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
            continue;
        if (line.data[0] == '[') {
            inside = r2d_view_equal(section_name(line), r2d_view_of(name));
        } else if (inside && !indented) {
            take_setting(line, profile);
        }
    }
}
