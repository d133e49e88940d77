/* unit.c - allocators, clock and files for the unit tests. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *counting_resize(void *context, void *ptr, size_t size)
{
    UnitAlloc *unit = context;
    unit->calls++;
    if (unit->fail_at > 0 && unit->calls >= unit->fail_at)
        return NULL;
    if (size > unit->largest)
        unit->largest = size;
    void *block = realloc(ptr, size);
    if (ptr == NULL && block != NULL)
        unit->live++;
    return block;
}

static void counting_release(void *context, void *ptr)
{
    UnitAlloc *unit = context;
    unit->live--;
    free(ptr);
}

void unit_alloc_init(UnitAlloc *unit)
{
    *unit = (UnitAlloc){
        .alloc = {.resize = counting_resize, .release = counting_release, .context = unit}};
}

static int64_t read_mono(void *context)
{
    return ((UnitClock *)context)->mono_us;
}

static int64_t read_wall(void *context)
{
    return ((UnitClock *)context)->wall_us;
}

void unit_clock_init(UnitClock *unit)
{
    *unit = (UnitClock){.clock = {.mono_us = read_mono, .wall_us = read_wall, .context = unit},
                        .mono_us = R2D_US_PER_S,
                        .wall_us = 1767225600 * R2D_US_PER_S};
}

void unit_read_file(const char *path, R2dBytes *out)
{
    FILE *file = fopen(path, "rb");
    char chunk[4096];
    size_t n;
    if (file == NULL)
        fail_msg("cannot open %s", path);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_true(r2d_bytes_append(out, chunk, n));
    fclose(file);
}

void unit_temp_file(char path[UNIT_PATH_MAX])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, UNIT_PATH_MAX, "%s/rs2ddb-test-XXXXXX", folder != NULL ? folder : P_tmpdir);
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        abort();
    }
    close(fd);
}
