/* scan_json.c - lines of JSON objects to rows. */
#include "scan_json.h"

#include "../base/text.h"
#include "column_names.h"
#include "json_text.h"
#include "lines.h"

struct R2dScanJson {
    const R2dAlloc *alloc;
    R2dLines lines;
    R2dColumnNames names;
    R2dJsonStack stack;
    R2dBytes key; /* a key that was written with escapes, decoded */
    R2dValue *values;
    int64_t row_number; /* of the last row returned or skipped */
    bool out_of_memory; /* while reading an escaped key */
};

static bool read_word(R2dJsonCursor *cursor, R2dValue *value)
{
    static const struct {
        R2dView word;
        R2dValueKind kind;
    } words[] = {
        {{"null", 4}, R2D_VALUE_NULL},   {{"true", 4}, R2D_VALUE_TRUE},
        {{"false", 5}, R2D_VALUE_FALSE}, {{"t", 1}, R2D_VALUE_TRUE},
        {{"f", 1}, R2D_VALUE_FALSE},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (r2d_json_word(cursor, words[i].word)) {
            *value = (R2dValue){.kind = words[i].kind, .raw = words[i].word};
            return true;
        }
    }
    return r2d_json_fault(cursor, cursor->at, "row_syntax", "there is no valid value");
}

/* `value` is set only when the text of the value is in order. */
static bool read_value(R2dScanJson *scan, R2dJsonCursor *cursor, R2dValue *value)
{
    const char *begin = cursor->at;
    R2dView token;
    if (begin == cursor->end)
        return r2d_json_fault(cursor, begin, "row_syntax", "the line ends before a value");
    if (*begin == '"')
        return r2d_json_string(cursor, value);
    if (r2d_json_is_number_start(*begin)) {
        if (!r2d_json_number(cursor, &token))
            return false;
        *value = (R2dValue){.kind = R2D_VALUE_NUMBER, .raw = token};
        return true;
    }
    if (*begin != '{' && *begin != '[')
        return read_word(cursor, value);
    if (!r2d_json_nested(cursor, &scan->stack))
        return false;
    token = r2d_view(begin, (size_t)(cursor->at - begin));
    *value = (R2dValue){.kind = R2D_VALUE_NESTED, .raw = token};
    return true;
}

/* Escapes were checked when the string was read. */
static bool decode_key(R2dScanJson *scan, R2dView raw)
{
    scan->key.len = 0;
    scan->out_of_memory = !r2d_bytes_reserve(&scan->key, raw.len);
    if (!scan->out_of_memory)
        scan->key.len = r2d_text_decode(raw, scan->key.data);
    return !scan->out_of_memory;
}

/* A key in any place; *column is -1 for one that nobody asked for. */
static bool read_key(R2dScanJson *scan, R2dJsonCursor *cursor, int *column)
{
    R2dValue key;
    if (cursor->at == cursor->end || *cursor->at != '"')
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "a name in quotes is missing");
    if (!r2d_json_string(cursor, &key))
        return false;
    if (key.escaped && !decode_key(scan, key.raw))
        return false;
    *column =
        r2d_column_names_find(&scan->names, key.escaped ? r2d_bytes_view(&scan->key) : key.raw);
    r2d_json_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != ':')
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "a colon is missing");
    cursor->at++;
    return true;
}

/* One key and its value; *next is the column that is expected, and then the one after this. */
static bool read_member(R2dScanJson *scan, R2dJsonCursor *cursor, int *next)
{
    const char *begin = cursor->at;
    int column = *next;
    R2dValue unknown;
    if (column < scan->names.count &&
        r2d_column_names_expected(&scan->names, column, cursor->at, cursor->end, cursor->readable))
        cursor->at += scan->names.expected[column].len;
    else if (!read_key(scan, cursor, &column))
        return false;
    r2d_json_blanks(cursor);
    if (column < 0)
        return read_value(scan, cursor, &unknown);
    if (scan->values[column].kind != R2D_VALUE_ABSENT)
        return r2d_json_fault(cursor, begin, "row_duplicate", "a name occurs twice");
    *next = column + 1;
    return read_value(scan, cursor, &scan->values[column]);
}

static bool read_members(R2dScanJson *scan, R2dJsonCursor *cursor)
{
    int next = 0;
    for (;;) {
        r2d_json_blanks(cursor);
        if (!read_member(scan, cursor, &next))
            return false;
        r2d_json_blanks(cursor);
        if (cursor->at == cursor->end)
            return r2d_json_fault(cursor, cursor->at, "row_syntax",
                                  "the line ends within the object");
        char c = *cursor->at++;
        if (c == '}')
            return true;
        if (c != ',')
            return r2d_json_fault(cursor, cursor->at - 1, "row_syntax", "a comma is missing");
    }
}

static bool read_object(R2dScanJson *scan, R2dJsonCursor *cursor)
{
    memset(scan->values, 0, (size_t)scan->names.count * sizeof *scan->values);
    r2d_json_blanks(cursor);
    if (cursor->at == cursor->end)
        return r2d_json_fault(cursor, cursor->at, "row_empty", "the line is empty");
    if (*cursor->at != '{')
        return r2d_json_fault(cursor, cursor->at, "row_syntax", "the line is no JSON object");
    cursor->at++;
    r2d_json_blanks(cursor);
    if (cursor->at < cursor->end && *cursor->at == '}')
        cursor->at++;
    else if (!read_members(scan, cursor))
        return false;
    r2d_json_blanks(cursor);
    return cursor->at == cursor->end ||
           r2d_json_fault(cursor, cursor->at, "row_syntax", "something follows the object");
}

static R2dStatus read_row(R2dScanJson *scan, const R2dLine *line, bool *bad, R2dReason *reason,
                          R2dError *err)
{
    R2dJsonCursor cursor = {.at = line->text.data,
                            .begin = line->text.data,
                            .end = line->text.data + line->text.len,
                            .readable = line->readable};
    *bad = line->too_long || !read_object(scan, &cursor);
    if (scan->out_of_memory) {
        scan->out_of_memory = false;
        return r2d_fail_memory(err);
    }
    if (line->too_long) {
        memset(scan->values, 0, (size_t)scan->names.count * sizeof *scan->values);
        r2d_reason_set(reason, "row_length", "the line is longer than %zu bytes",
                       scan->lines.limit_bytes);
    } else if (*bad) {
        r2d_reason_set(reason, cursor.fault_code, "%s, at byte %zu of the line", cursor.fault_text,
                       (size_t)(cursor.fault_at - cursor.begin) + 1);
    }
    return R2D_OK;
}

R2dStatus r2d_scan_json_next(R2dScanJson *scan, R2dRow *row, bool *bad, R2dReason *reason,
                             R2dError *err)
{
    R2dLine line;
    *bad = false;
    R2dStatus status = r2d_lines_next(&scan->lines, &line, err);
    if (status != R2D_OK)
        return status;
    scan->row_number++;
    *row = (R2dRow){.number = scan->row_number,
                    .line = line.text,
                    .values = scan->values,
                    .value_count = scan->names.count};
    return read_row(scan, &line, bad, reason, err);
}

R2dStatus r2d_scan_json_skip(R2dScanJson *scan, int64_t count, int64_t *left, R2dError *err)
{
    *left = count;
    R2dStatus status = r2d_lines_skip(&scan->lines, left, err);
    scan->row_number += count - *left;
    return status;
}

R2dScanJson *r2d_scan_json_open(const R2dAlloc *alloc, R2dSource *source,
                                const R2dScanJsonOptions *options, R2dError *err)
{
    R2dScanJson *scan = r2d_new(alloc, sizeof *scan);
    if (scan == NULL) {
        r2d_source_close(source);
        r2d_fail_memory(err);
        return NULL;
    }
    scan->alloc = alloc;
    scan->lines = (R2dLines){.source = source, .limit_bytes = options->line_limit_bytes};
    r2d_bytes_init(&scan->lines.held, alloc);
    r2d_bytes_init(&scan->key, alloc);
    scan->stack.limit = options->depth_limit;
    scan->stack.bits = r2d_new(alloc, (size_t)options->depth_limit / 8 + 1);
    scan->values = r2d_new(alloc, (size_t)options->column_count * sizeof *scan->values);
    bool named =
        r2d_column_names_init(&scan->names, alloc, options->columns, options->column_count);
    if (named && scan->stack.bits != NULL && scan->values != NULL)
        return scan;
    r2d_scan_json_close(scan);
    r2d_fail_memory(err);
    return NULL;
}

void r2d_scan_json_close(R2dScanJson *scan)
{
    if (scan == NULL)
        return;
    r2d_source_close(scan->lines.source);
    r2d_bytes_free(&scan->lines.held);
    r2d_bytes_free(&scan->key);
    r2d_column_names_free(&scan->names);
    r2d_release(scan->alloc, scan->stack.bits);
    r2d_release(scan->alloc, scan->values);
    r2d_release(scan->alloc, scan);
}
