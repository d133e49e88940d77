/* notice.c - see notice.h. */
#include "notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_MS     2000
#define OFTEN_MS     10000
#define SELDOM_MS    60000
#define SELDOM_AT_MS (10 * SELDOM_MS)
#define BAR_CHARS    20
#define NUMBER_SIZE  32

typedef struct Text {
    char *data;
    size_t size;
    size_t len;
} Text;

int64_t r2d_notice_next_ms(int64_t elapsed_ms)
{
    if (elapsed_ms < FIRST_MS)
        return FIRST_MS;
    return elapsed_ms + (elapsed_ms < SELDOM_AT_MS ? OFTEN_MS : SELDOM_MS);
}

__attribute__((format(printf, 2, 3))) static void add(Text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(text->data + text->len, text->size - text->len, format, args);
    va_end(args);
    if (written > 0)
        text->len += (size_t)written;
    if (text->len >= text->size)
        text->len = text->size - 1;
}

/* 1234567 as 1,234,567 */
static const char *grouped(int64_t number, char out[NUMBER_SIZE])
{
    char digits[NUMBER_SIZE];
    int count = snprintf(digits, sizeof digits, "%lld", (long long)number);
    char *end = out;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    *end = '\0';
    return out;
}

static void add_rows(Text *text, int64_t rows)
{
    char number[NUMBER_SIZE];
    add(text, "%s %s", grouped(rows, number), rows == 1 ? "row" : "rows");
}

static void add_time(Text *text, int64_t seconds)
{
    add(text, "%02lld:%02d:%02d", (long long)(seconds / 3600), (int)(seconds / 60 % 60),
        (int)(seconds % 60));
}

static void add_bar(Text *text, double percent)
{
    int full = (int)(percent / 100 * BAR_CHARS);
    add(text, " [");
    for (int i = 0; i < BAR_CHARS; i++)
        add(text, i < full ? "#" : ".");
    add(text, "]");
}

static void add_unload(Text *text, const R2dNotice *notice)
{
    if (notice->unload_seconds < 0)
        return;
    add(text, " for ");
    add_time(text, notice->unload_seconds);
    if (notice->unload_rows >= 0) {
        add(text, ", ");
        add_rows(text, notice->unload_rows);
        add(text, " so far");
    }
}

static void add_share(Text *text, const R2dNotice *notice)
{
    if (notice->percent >= 0 && notice->rows_unloaded >= 0) {
        add_bar(text, notice->percent);
        add(text, " %.1f %% of ", notice->percent);
        add_rows(text, notice->rows_unloaded);
    } else if (notice->rows_settled >= 0) {
        add(text, ", ");
        add_rows(text, notice->rows_settled);
        add(text, " so far");
    }
}

static void add_rates(Text *text, const R2dNotice *notice)
{
    char number[NUMBER_SIZE];
    if (notice->rows_per_s >= 0)
        add(text, ", %s rows/s", grouped((int64_t)notice->rows_per_s, number));
    if (notice->units_per_s >= 0)
        add(text, ", %s units/s", grouped((int64_t)notice->units_per_s, number));
    if (notice->seconds_left >= 0) {
        add(text, ", ");
        add_time(text, notice->seconds_left);
        add(text, " left");
    }
    if (notice->throttled_share >= 0.005)
        add(text, ", throttled by DynamoDB: %.0f %% of writes came back",
            notice->throttled_share * 100);
}

void r2d_notice_text(const R2dNotice *notice, char *text, size_t size)
{
    Text out = {.data = text, .size = size};
    add(&out, "%s", notice->state);
    if (strcmp(notice->state, "interrupted") == 0)
        add(&out, ", no worker runs it");
    else if (strcmp(notice->state, "unloading") == 0)
        add_unload(&out, notice);
    else if (strcmp(notice->state, "loading") == 0) {
        add_share(&out, notice);
        add_rates(&out, notice);
    }
}
