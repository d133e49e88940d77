/* unit.h - what every unit test includes: cmocka, and allocators that watch or fail. */
#ifndef R2D_UNIT_H
#define R2D_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"

/* An allocator that counts live blocks and can fail the n-th allocation from now. */
typedef struct UnitAlloc {
    R2dAlloc alloc; /* hand out &unit.alloc */
    long live;      /* blocks not released */
    size_t largest; /* bytes of the largest block so far */
    long calls;     /* resize calls so far */
    long fail_at;   /* calls == fail_at fails, and every later one; 0: never */
} UnitAlloc;

void unit_alloc_init(UnitAlloc *unit);

/* A clock that only the test moves. */
typedef struct UnitClock {
    R2dClock clock; /* hand out &unit.clock */
    int64_t mono_us;
    int64_t wall_us;
} UnitClock;

void unit_clock_init(UnitClock *unit);

/* Reads a whole file (path relative to the project's root); fails the test when it cannot. */
void unit_read_file(const char *path, R2dBytes *out);

#define UNIT_PATH_MAX 256

/* Makes an empty file of its own in $TMPDIR, or where the system keeps such files; the caller
 * unlinks it. */
void unit_temp_file(char path[UNIT_PATH_MAX]);

#define assert_view(view, text)                                                                    \
    do {                                                                                           \
        R2dView view_ = (view);                                                                    \
        assert_int_equal(view_.len, strlen(text));                                                 \
        assert_memory_equal(view_.data, text, view_.len);                                          \
    } while (0)

#endif
