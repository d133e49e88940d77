/* lanes.c - see lanes.h. */
#include "lanes.h"
#include "request_head.h"

static void push(R2dLane **list, R2dLane *lane)
{
    lane->next = *list;
    *list = lane;
}

void r2d_lanes_put(R2dLane *lane)
{
    R2dLanes *lanes = lane->lanes;
    push(lane->connection.fd >= 0 ? &lanes->idle : &lanes->closed, lane);
}

void r2d_lanes_take(R2dLane *lane)
{
    R2dLane **at = &lane->lanes->idle;
    while (*at != lane)
        at = &(*at)->next;
    *at = lane->next;
}

void r2d_lanes_note_due(R2dLane *lane)
{
    int64_t due_us = r2d_lane_due_us(lane);
    if (due_us < lane->lanes->check_us)
        lane->lanes->check_us = due_us;
}

void r2d_lanes_socket(R2dLanes *lanes, const R2dHttpReady *ready)
{
    R2dLane *lane = lanes->lanes[ready->owner - 1];
    if (lane->connection.fd == ready->fd)
        r2d_lane_ready(lane, ready->events);
}

static int64_t now_us(void)
{
    return r2d_mono_us(&r2d_clock_system);
}

void r2d_lanes_check_time(R2dLanes *lanes)
{
    int64_t at_us;
    if (lanes->check_us == INT64_MAX || (at_us = now_us()) < lanes->check_us)
        return;
    lanes->check_us = INT64_MAX;
    for (int i = 0; i < lanes->count; i++) {
        r2d_lane_check_time(lanes->lanes[i], at_us);
        r2d_lanes_note_due(lanes->lanes[i]);
    }
}

int r2d_lanes_wait_ms(const R2dLanes *lanes)
{
    if (lanes->check_us == INT64_MAX)
        return -1;
    int64_t left_us = lanes->check_us - now_us();
    return left_us <= 0 ? 0 : (int)((left_us + R2D_US_PER_MS - 1) / R2D_US_PER_MS);
}

static R2dLane *add_lane(R2dLanes *lanes)
{
    if (lanes->count == lanes->room) {
        int room = lanes->room > 0 ? lanes->room * 2 : 16;
        R2dLane **more =
            r2d_resize(lanes->engine->alloc, lanes->lanes, (size_t)room * sizeof *more);
        if (more == NULL)
            return NULL;
        lanes->lanes = more;
        lanes->room = room;
    }
    R2dLane *lane = r2d_lane_new(lanes, (uint32_t)lanes->count + 1);
    if (lane != NULL)
        lanes->lanes[lanes->count++] = lane;
    return lane;
}

static R2dLane *find_idle(const R2dLanes *lanes, R2dView origin)
{
    R2dLane *lane = lanes->idle;
    while (lane != NULL && (lane->origin.len != origin.len + 1 ||
                            memcmp(lane->origin.data, origin.data, origin.len) != 0))
        lane = lane->next;
    return lane;
}

/* A lane with a connection to the origin, else one without. NULL: memory is out. */
static R2dLane *take_lane(R2dLanes *lanes, R2dView origin)
{
    R2dLane *lane = find_idle(lanes, origin);
    if (lane != NULL) {
        r2d_lanes_take(lane);
        return lane;
    }
    lane = lanes->closed;
    if (lane == NULL)
        return add_lane(lanes);
    lanes->closed = lane->next;
    return lane;
}

R2dStatus r2d_lanes_start(R2dLanes *lanes, R2dHttpExchange *exchange, R2dError *err)
{
    R2dLane *lane = take_lane(lanes, r2d_http_origin(exchange->url));
    if (lane == NULL)
        return r2d_fail_memory(err);
    R2dStatus status = r2d_lane_start(lane, exchange, err);
    if (status != R2D_OK)
        r2d_lanes_put(lane);
    return status;
}

void r2d_lanes_cancel(R2dLanes *lanes, const R2dHttpExchange *exchange)
{
    for (int i = 0; i < lanes->count; i++)
        if (lanes->lanes[i]->exchange == exchange)
            r2d_lane_cancel(lanes->lanes[i]);
}

bool r2d_lanes_open(R2dLanes *lanes, R2dCurlEngine *engine, R2dHttpDoneList *done)
{
    *lanes = (R2dLanes){.engine = engine, .done = done, .check_us = INT64_MAX};
    lanes->read_buffer = r2d_new(engine->alloc, R2D_CONNECTION_READ_BYTES);
    return lanes->read_buffer != NULL;
}

void r2d_lanes_close(R2dLanes *lanes)
{
    const R2dAlloc *alloc = lanes->engine->alloc;
    for (int i = 0; i < lanes->count; i++)
        if (lanes->lanes[i]->exchange != NULL)
            r2d_lane_cancel(lanes->lanes[i]);
    for (int i = 0; i < lanes->count; i++)
        r2d_lane_free(lanes->lanes[i]);
    r2d_release(alloc, lanes->lanes);
    r2d_release(alloc, lanes->read_buffer);
    lanes->lanes = NULL;
    lanes->read_buffer = NULL;
    lanes->count = 0;
}
