/* done_list.c - finished exchanges, linked through next_done. */
#include "done_list.h"

void r2d_http_done_append(R2dHttpDoneList *list, R2dHttpExchange *exchange)
{
    exchange->next_done = NULL;
    if (list->last != NULL)
        list->last->next_done = exchange;
    else
        list->first = exchange;
    list->last = exchange;
}

void r2d_http_done_remove(R2dHttpDoneList *list, R2dHttpExchange *exchange)
{
    R2dHttpExchange *before = NULL, *at = list->first;
    while (at != NULL && at != exchange) {
        before = at;
        at = at->next_done;
    }
    if (at == NULL)
        return;
    if (before != NULL)
        before->next_done = at->next_done;
    else
        list->first = at->next_done;
    if (list->last == at)
        list->last = before;
    at->next_done = NULL;
}
