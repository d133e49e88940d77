/*
 * lane.h - a connection that carries one exchange at a time and is kept for the next. Private to
 * lanes.c, which owns the lanes.
 *
 * A lane that was used before and is closed without a word, before any byte of a reply, takes a new
 * connection and sends again, once: so the request must be one that may be repeated (RFC 9110,
 * section 9.2.2).
 */
#ifndef R2D_HTTP_LANE_H
#define R2D_HTTP_LANE_H

#include "curl_connection.h"
#include "done_list.h"
#include "reply.h"

typedef struct R2dLanes R2dLanes;

typedef struct R2dLane {
    R2dCurlConnection connection; /* must be first */
    R2dLanes *lanes;
    uint32_t owner;       /* of its socket in the watch */
    struct R2dLane *next; /* in the list of idle or of closed lanes */
    R2dHttpExchange *exchange;
    R2dBytes origin; /* where the connection leads; zero-terminated */
    R2dBytes first;  /* head, and the beginning of the body */
    size_t body_in_first;
    size_t sent;        /* of first, then of the rest of the body */
    bool is_sent;       /* all of it */
    bool is_used;       /* the connection has carried a request before this one */
    bool waits_to_send; /* for the socket */
    R2dReply reply;
    int64_t silent_us; /* when the silence is too long; while connected */
    int64_t total_us;  /* when the exchange has taken too long; 0: no limit */
} R2dLane;

R2dLane *r2d_lane_new(R2dLanes *lanes, uint32_t owner); /* NULL: memory is out */
void r2d_lane_free(R2dLane *lane);                      /* it carries nothing */

/* On a lane that carries nothing, whether it is connected to the exchange's origin or closed. On
 * failure it is as it was. */
R2dStatus r2d_lane_start(R2dLane *lane, R2dHttpExchange *exchange, R2dError *err);
void r2d_lane_cancel(R2dLane *lane); /* the exchange is IDLE, the lane closed */

void r2d_lane_ready(R2dLane *lane, uint32_t events); /* of its socket */

/* When it must be checked, whatever the socket does; INT64_MAX: never. */
int64_t r2d_lane_due_us(const R2dLane *lane);
void r2d_lane_check_time(R2dLane *lane, int64_t now_us);

/* What lanes.c does: takes a lane that carries nothing any more (connected, it is kept), and takes
 * an idle one out of its list, which must be put back then. */
void r2d_lanes_put(R2dLane *lane);
void r2d_lanes_take(R2dLane *lane);
void r2d_lanes_note_due(R2dLane *lane);

#endif
