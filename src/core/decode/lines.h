/*
 * lines.h - a source cut into lines; private to decode.
 *
 * A line that lies whole within a chunk of the source is lent from there; only a
 * line that spans chunks is copied, and never more of it than the limit.
 */
#ifndef R2D_LINES_H
#define R2D_LINES_H

#include "../fetch/source.h"

#define R2D_LINE_KEPT_BYTES 4096 /* what is kept of a line over the limit */

typedef struct R2dLines {
    R2dSource *source;
    size_t limit_bytes;
    R2dView rest;   /* of the chunk, not looked at yet */
    R2dBytes held;  /* the beginning of a line that spans chunks */
    bool begun;     /* some of the current line is behind us (held, or dropped) */
    bool too_long;  /* ... and it passed the limit */
    bool held_lent; /* held was handed out as a line: empty it first */
    bool ended;     /* the source said R2D_END */
} R2dLines;

typedef struct R2dLine {
    R2dView text;         /* without newline and carriage return */
    const char *readable; /* >= the end of text: bytes up to here may be loaded */
    bool too_long;        /* text is only its beginning */
} R2dLine;

/* Lent until the next call. R2D_AGAIN, R2D_END, R2D_FAILED as the source says. */
R2dStatus r2d_lines_next(R2dLines *lines, R2dLine *line, R2dError *err);

/* Passes over *left lines, counting it down. R2D_OK when it is 0. */
R2dStatus r2d_lines_skip(R2dLines *lines, int64_t *left, R2dError *err);

#endif
