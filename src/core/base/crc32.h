/* crc32.h - the CRC-32 of zlib and of x-amz-crc32, eight bytes at a time. */
#ifndef R2D_CRC32_H
#define R2D_CRC32_H

#include "bytes.h"

uint32_t r2d_crc32(R2dView data); /* of the whole; 0 for nothing */

#endif
