/*
 * lanes.h - frequent exchanges on connections that are kept. Private to the client over libcurl.
 *
 * Lanes (lane.h) are made as exchanges need them; the one that was used last is used first, so that
 * those beyond what is needed fall idle and are closed by the other side.
 */
#ifndef R2D_HTTP_LANES_H
#define R2D_HTTP_LANES_H

#include "lane.h"

struct R2dLanes {
    R2dCurlEngine *engine;
    R2dHttpDoneList *done;
    R2dLane **lanes; /* a lane's socket is watched with owner: its place here + 1 */
    int count, room;
    R2dLane *idle;     /* connected; the last used first */
    R2dLane *closed;   /* free to dial */
    int64_t check_us;  /* no exchange times out before; INT64_MAX: none runs */
    char *read_buffer; /* R2D_CONNECTION_READ_BYTES */
};

bool r2d_lanes_open(R2dLanes *lanes, R2dCurlEngine *engine, R2dHttpDoneList *done);
void r2d_lanes_close(R2dLanes *lanes); /* cancels all exchanges */

/* The contract of http.h; the exchange is frequent. A lane knows its exchange, not the other way
 * round: exchange->transport belongs to transfers. */
R2dStatus r2d_lanes_start(R2dLanes *lanes, R2dHttpExchange *exchange, R2dError *err);
void r2d_lanes_cancel(R2dLanes *lanes, const R2dHttpExchange *exchange); /* harmless: see http.h */

void r2d_lanes_socket(R2dLanes *lanes, const R2dHttpReady *ready);
void r2d_lanes_check_time(R2dLanes *lanes);   /* once a step */
int r2d_lanes_wait_ms(const R2dLanes *lanes); /* until it has something to do; -1: no limit */

#endif
