/* calendar.h - dates, timestamps and intervals as the projection writes them; private to encode. */
#ifndef R2D_CALENDAR_H
#define R2D_CALENDAR_H

#include "../base/bytes.h"

/* Exactly YYYY-MM-DD, years 0001 to 9999. */
bool r2d_calendar_is_date(R2dView text);

/* Exactly YYYY-MM-DDTHH:MM:SS.ffffff. */
bool r2d_calendar_is_timestamp(R2dView text);

/*
 * An interval in PostgreSQL's style ("1 year 2 mons -3 days +04:05:06.789") as ISO 8601
 * ("P1Y2M-3DT4H5M6.789S"). The looser "1 years 2 mons 3 days 4 hours 5 mins 6.789 secs" is read
 * too. out has room for 8 bytes more than text. The length, 0 when it cannot be read.
 */
size_t r2d_calendar_interval(R2dView text, char *out);

#endif
