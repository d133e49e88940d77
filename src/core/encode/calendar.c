/* calendar.c - dates, timestamps and intervals as the projection writes them. */
#include "calendar.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether text has the shape of pattern, in which 0 stands for any digit. */
static bool has_shape(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++) {
        if (*pattern == '0' ? !is_digit(*text) : *text != *pattern)
            return false;
    }
    return true;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool is_date(const char *text)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!has_shape(text, "0000-00-00") || memcmp(text, "0000", 4) == 0)
        return false;
    int month = two_digits(text + 5), day = two_digits(text + 8);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

bool r2d_calendar_is_date(R2dView text)
{
    return text.len == 10 && is_date(text.data);
}

bool r2d_calendar_is_timestamp(R2dView text)
{
    return text.len == 26 && is_date(text.data) && has_shape(text.data + 10, "T00:00:00.000000") &&
           two_digits(text.data + 11) < 24 && two_digits(text.data + 14) < 60 &&
           two_digits(text.data + 17) < 60;
}

/* A sign and a number without leading zeros; both views empty: zero. */
typedef struct Part {
    bool negative;
    R2dView digits;
    R2dView fraction; /* with its point, without trailing zeros */
} Part;

static void advance(R2dView *text, size_t len)
{
    *text = r2d_view(text->data + len, text->len - len);
}

static bool take(R2dView *text, char c)
{
    if (text->len == 0 || text->data[0] != c)
        return false;
    advance(text, 1);
    return true;
}

static R2dView take_digits(R2dView *text)
{
    size_t len = 0;
    while (len < text->len && is_digit(text->data[len]))
        len++;
    R2dView digits = r2d_view(text->data, len);
    advance(text, len);
    return digits;
}

static bool read_fraction(R2dView *text, Part *part)
{
    R2dView fraction = *text;
    part->fraction = r2d_view(text->data, 0);
    if (!take(text, '.'))
        return true;
    fraction.len = take_digits(text).len + 1;
    if (fraction.len == 1)
        return false;
    while (fraction.len > 0 && strchr("0.", fraction.data[fraction.len - 1]) != NULL)
        fraction.len--;
    part->fraction = fraction;
    return true;
}

/* Digits with an optional fraction. */
static bool read_number(R2dView *text, Part *part)
{
    part->digits = take_digits(text);
    if (part->digits.len == 0)
        return false;
    while (part->digits.len > 0 && part->digits.data[0] == '0')
        advance(&part->digits, 1);
    return read_fraction(text, part);
}

static bool read_part(R2dView *text, Part *part)
{
    part->negative = take(text, '-');
    if (!part->negative)
        take(text, '+');
    return read_number(text, part);
}

static char *put_part(char *out, const Part *part, char unit)
{
    if (part->digits.len == 0 && part->fraction.len == 0)
        return out;
    if (part->negative)
        *out++ = '-';
    if (part->digits.len == 0)
        *out++ = '0';
    memcpy(out, part->digits.data, part->digits.len);
    out += part->digits.len;
    memcpy(out, part->fraction.data, part->fraction.len);
    out += part->fraction.len;
    *out++ = unit;
    return out;
}

/* The rest of a time behind its hours, ":MM:SS" and maybe a fraction; NULL when it is none. */
static char *put_time(char *out, R2dView *text, const Part *hours)
{
    Part minutes, seconds;
    R2dView rest = *text;
    if (rest.len < 6 || !has_shape(rest.data, ":00:00") || rest.data[1] > '5' || rest.data[4] > '5')
        return NULL;
    if (hours->fraction.len > 0)
        return NULL;
    R2dView minutes_text = r2d_view(rest.data + 1, 2);
    read_number(&minutes_text, &minutes);
    advance(text, 4);
    if (!read_number(text, &seconds))
        return NULL;
    minutes.negative = seconds.negative = hours->negative;
    out = put_part(out, hours, 'H');
    out = put_part(out, &minutes, 'M');
    return put_part(out, &seconds, 'S');
}

typedef enum Rank {
    RANK_NONE,
    RANK_YEAR,
    RANK_MONTH,
    RANK_DAY,
    RANK_HOUR,
    RANK_MINUTE,
    RANK_SECOND
} Rank;

/* Takes a word off the front of text; RANK_NONE when it is no unit. */
static Rank read_unit(R2dView *text)
{
    static const struct {
        R2dView word;
        Rank rank;
    } units[] = {
        {{"year", 4}, RANK_YEAR},     {{"mon", 3}, RANK_MONTH},  {{"month", 5}, RANK_MONTH},
        {{"day", 3}, RANK_DAY},       {{"hour", 4}, RANK_HOUR},  {{"min", 3}, RANK_MINUTE},
        {{"minute", 6}, RANK_MINUTE}, {{"sec", 3}, RANK_SECOND}, {{"second", 6}, RANK_SECOND},
    };
    size_t len = 0;
    while (len < text->len && text->data[len] != ' ')
        len++;
    R2dView word = r2d_view(text->data, len);
    advance(text, len);
    if (len > 1 && word.data[len - 1] == 's')
        word.len--;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (r2d_view_equal(word, units[i].word))
            return units[i].rank;
    }
    return RANK_NONE;
}

typedef struct IntervalOut {
    char *at;
    char *time; /* where the T stands; NULL: none yet */
    Rank rank;  /* of the last part: they come in order */
} IntervalOut;

static void begin_time(IntervalOut *out)
{
    if (out->time == NULL) {
        out->time = out->at;
        *out->at++ = 'T';
    }
}

/* One part: a time, or a number and its unit. */
static bool convert_part(R2dView *text, IntervalOut *out)
{
    static const char letters[] = " YMDHMS";
    Part part;
    if (!read_part(text, &part))
        return false;
    if (text->len > 0 && text->data[0] == ':') {
        if (out->rank >= RANK_HOUR)
            return false;
        begin_time(out);
        out->rank = RANK_SECOND;
        out->at = put_time(out->at, text, &part);
        return out->at != NULL;
    }
    Rank rank = take(text, ' ') ? read_unit(text) : RANK_NONE;
    if (rank <= out->rank || (part.fraction.len > 0 && rank != RANK_SECOND))
        return false;
    out->rank = rank;
    if (rank >= RANK_HOUR)
        begin_time(out);
    out->at = put_part(out->at, &part, letters[rank]);
    return true;
}

size_t r2d_calendar_interval(R2dView text, char *out)
{
    static const char zero[] = "PT0S";
    IntervalOut parts = {.at = out};
    *parts.at++ = 'P';
    do {
        if (!convert_part(&text, &parts))
            return 0;
    } while (take(&text, ' '));
    if (text.len > 0)
        return 0;
    if (parts.time != NULL && parts.at == parts.time + 1)
        parts.at = parts.time;
    if (parts.at > out + 1)
        return (size_t)(parts.at - out);
    memcpy(out, zero, sizeof zero - 1);
    return sizeof zero - 1;
}
