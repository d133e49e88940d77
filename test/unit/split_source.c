/* split_source.c - see split_source.h. */
#include "split_source.h"

#include <stdlib.h>

typedef struct SplitSource {
    R2dSource source;
    char *pieces[2];
    size_t lens[2];
    int next;
    bool waited;
} SplitSource;

static R2dStatus split_read(R2dSource *source, R2dView *chunk, R2dError *err)
{
    SplitSource *split = (SplitSource *)source;
    (void)err;
    if (split->next == 1 && !split->waited) {
        split->waited = true;
        return R2D_AGAIN;
    }
    while (split->next < 2 && split->lens[split->next] == 0)
        split->next++;
    if (split->next == 2)
        return R2D_END;
    *chunk = r2d_view(split->pieces[split->next], split->lens[split->next]);
    split->next++;
    return R2D_OK;
}

static void split_close(R2dSource *source)
{
    SplitSource *split = (SplitSource *)source;
    free(split->pieces[0]);
    free(split->pieces[1]);
    free(split);
}

static char *copy(const char *data, size_t len)
{
    char *piece = malloc(len + (len == 0));
    assert_non_null(piece);
    if (len > 0)
        memcpy(piece, data, len);
    return piece;
}

R2dSource *split_source_open(R2dView data, size_t cut)
{
    static const R2dSourceOps ops = {.read = split_read, .close = split_close};
    SplitSource *split = calloc(1, sizeof *split);
    assert_non_null(split);
    split->source.ops = &ops;
    split->lens[0] = cut;
    split->lens[1] = data.len - cut;
    split->pieces[0] = copy(data.data, cut);
    split->pieces[1] = copy(data.len > 0 ? data.data + cut : NULL, data.len - cut);
    return &split->source;
}
