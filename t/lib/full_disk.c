/* full_disk.c - preloaded by tests: while the file $FULL_DISK_FLAG exists, no file below "base/" of
 * the server can become longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_full(int fd, off_t end)
{
    const char *flag = getenv("FULL_DISK_FLAG");
    char link[64], path[4096];
    struct stat status;
    ssize_t len;

    if (flag == NULL || access(flag, F_OK) != 0 || fstat(fd, &status) != 0 || end <= status.st_size)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path - 1);
    if (len < 0)
        return 0;
    path[len] = '\0';
    return strstr(path, "/base/") != NULL;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);

    if (real == NULL)
        real = dlsym(RTLD_NEXT, "pwrite");
    if (is_full(fd, offset + (off_t)size)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    static ssize_t (*real)(int, const struct iovec *, int, off_t);
    off_t end = offset;

    if (real == NULL)
        real = dlsym(RTLD_NEXT, "pwritev");
    for (int i = 0; i < count; i++)
        end += (off_t)parts[i].iov_len;
    if (is_full(fd, end)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    static int (*real)(int, off_t, off_t);

    if (real == NULL)
        real = dlsym(RTLD_NEXT, "posix_fallocate");
    return is_full(fd, offset + size) ? ENOSPC : real(fd, offset, size);
}

int posix_fallocate64(int fd, off_t offset, off_t size)
{
    return posix_fallocate(fd, offset, size);
}
