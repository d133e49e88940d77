/* clock.c - the system clocks, and the three date formats of AWS. */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * R2D_US_PER_S + now.tv_nsec / 1000;
}

static int64_t system_mono_us(void *context)
{
    (void)context;
    return read_clock_us(CLOCK_MONOTONIC);
}

static int64_t system_wall_us(void *context)
{
    (void)context;
    return read_clock_us(CLOCK_REALTIME);
}

const R2dClock r2d_clock_system = {.mono_us = system_mono_us, .wall_us = system_wall_us};

void r2d_clock_amz_date(int64_t wall_us, char out[17])
{
    time_t seconds = (time_t)(wall_us / R2D_US_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, 17, "%Y%m%dT%H%M%SZ", &utc);
}

/* strptime needs a terminated string and reads month names in the process's locale, which
 * PostgreSQL sets; so the two formats are read by hand. */
static bool to_wall_us(int year, int month, int day, int hour, int minute, int second,
                       int64_t *wall_us)
{
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60 || hour < 0 || minute < 0 || second < 0)
        return false;
    struct tm utc = {.tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second};
    *wall_us = (int64_t)timegm(&utc) * R2D_US_PER_S;
    return true;
}

bool r2d_clock_parse_http_date(R2dView text, int64_t *wall_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[40], month_name[4];
    int day, year, hour, minute, second;
    r2d_text_copy(copy, sizeof copy, text.data, text.len);
    if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &day, month_name, &year,
               &hour, &minute, &second) != 6)
        return false;
    const char *at = strstr(months, month_name);
    if (at == NULL || strlen(month_name) != 3 || (at - months) % 3 != 0)
        return false;
    return to_wall_us(year, (int)(at - months) / 3 + 1, day, hour, minute, second, wall_us);
}

bool r2d_clock_parse_iso(R2dView text, int64_t *wall_us)
{
    char copy[40];
    int year, month, day, hour, minute, second;
    r2d_text_copy(copy, sizeof copy, text.data, text.len);
    if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return false;
    return text.data[text.len - 1] == 'Z' &&
           to_wall_us(year, month, day, hour, minute, second, wall_us);
}
