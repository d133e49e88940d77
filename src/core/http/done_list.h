/* done_list.h - a client's finished exchanges, first finished first. Private to the clients. */
#ifndef R2D_HTTP_DONE_LIST_H
#define R2D_HTTP_DONE_LIST_H

#include "http.h"

typedef struct R2dHttpDoneList {
    R2dHttpExchange *first;
    R2dHttpExchange *last;
} R2dHttpDoneList;

/* The exchange must not be in the list yet; its next_done is the link. */
void r2d_http_done_append(R2dHttpDoneList *list, R2dHttpExchange *exchange);

/* Takes one out; harmless when it is not in the list. */
void r2d_http_done_remove(R2dHttpDoneList *list, R2dHttpExchange *exchange);

#endif
