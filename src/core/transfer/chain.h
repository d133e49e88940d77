/* chain.h - opening a transfer over any source of bytes. For transfer.c and its unit tests. */
#ifndef R2D_CHAIN_H
#define R2D_CHAIN_H

#include "../fetch/source.h"
#include "transfer.h"

/* r2d_transfer_file_open over `source` (owned from here on) instead of an S3 object. */
R2dStatus r2d_transfer_source_open(R2dTransfer *transfer, R2dSource *source, int64_t skip_rows,
                                   R2dError *err);
/* What r2d_transfer_file_open does for a file that was begun before. */
void r2d_transfer_take_over(R2dTransfer *transfer, const R2dTransferFile *file);

#endif
