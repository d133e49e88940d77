/* split_source.h - bytes in two pieces, for trying every place where they can be cut. */
#ifndef R2D_SPLIT_SOURCE_H
#define R2D_SPLIT_SOURCE_H

#include "unit.h"

#include "fetch/source.h"

/* The bytes up to `cut`, R2D_AGAIN, the bytes behind it; an empty piece is left out. The pieces lie
 * in blocks of their own size, so that a sanitizer sees who reads on behind one. */
R2dSource *split_source_open(R2dView data, size_t cut);

#endif
