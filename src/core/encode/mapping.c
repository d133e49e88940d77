/* mapping.c - the plan of a job, made ready for the row path. */
#include "mapping.h"

#include "../base/text.h"
#include "attribute.h"

#include <stdio.h>

enum { NAME_BYTES_MAX = 65535, KEY_NAME_BYTES_MAX = 255, LABEL_BYTES = 128 };

/* The name, short enough for a message. */
static const char *label(R2dView name, char out[LABEL_BYTES])
{
    r2d_text_copy(out, LABEL_BYTES, name.data, name.len);
    return out;
}

static R2dStatus check_name(const R2dColumn *column, R2dError *err)
{
    char name[LABEL_BYTES];
    size_t limit = column->key != R2D_KEY_NONE ? KEY_NAME_BYTES_MAX : NAME_BYTES_MAX;
    if (column->name.len == 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "an attribute name must not be empty");
    if (column->name.len > limit)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "the attribute name \"%s\" is longer than %zu bytes",
                        label(column->name, name), limit);
    if (memchr(column->name.data, '\0', column->name.len) != NULL)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "the attribute name \"%s\" contains a zero byte",
                        label(column->name, name));
    return R2D_OK;
}

static R2dStatus check_pieces(const R2dColumn *column, R2dError *err)
{
    char name[LABEL_BYTES];
    int limit = column->type == R2D_COL_BYTES ? R2D_BYTES_PIECES_MAX : 1;
    if (column->piece_count < 1 || column->piece_count > limit)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "column \"%s\" cannot have %d pieces",
                        label(column->name, name), column->piece_count);
    return R2D_OK;
}

/* Notes column `index` as a key when its role says so. */
static R2dStatus note_key(R2dMapping *mapping, const R2dColumn *column, int index, R2dError *err)
{
    char name[LABEL_BYTES];
    if (column->key == R2D_KEY_NONE)
        return R2D_OK;
    bool partition = column->key == R2D_KEY_PARTITION;
    R2dKeySpec *key = partition ? &mapping->partition_key : &mapping->sort_key;
    const char *type = r2d_column_attribute_type(column->type);
    if (key->column >= 0)
        return r2d_fail(err, R2D_ERR_ARGUMENT, "column \"%s\" is a second %s key",
                        label(column->name, name), partition ? "partition" : "sort");
    if (strlen(type) != 1)
        return r2d_fail(err, R2D_ERR_ARGUMENT,
                        "column \"%s\" of type %s cannot be a key: a key is a string, a number or "
                        "bytes",
                        label(column->name, name), r2d_column_type_name(column->type));
    *key = (R2dKeySpec){.column = index, .type = type[0]};
    return R2D_OK;
}

static bool set_column(R2dMapping *mapping, R2dMappedColumn *mapped, const R2dColumn *column)
{
    mapped->column = *column;
    mapped->name_bytes = column->name.len;
    mapped->first_value = mapping->file_column_count;
    mapping->file_column_count += column->piece_count;
    char *name = r2d_new(mapping->alloc, column->name.len);
    mapped->column.name = r2d_view(name, name != NULL ? column->name.len : 0);
    if (name == NULL)
        return false;
    memcpy(name, column->name.data, column->name.len);
    if (!r2d_text_append_quoted(&mapped->prefix, column->name) ||
        !r2d_bytes_append_char(&mapped->prefix, ':') ||
        !r2d_bytes_append_view(&mapped->open, r2d_bytes_view(&mapped->prefix)) ||
        !r2d_bytes_append_text(&mapped->open, r2d_attribute_opening(column->type)) ||
        !r2d_bytes_reserve(&mapped->open, R2D_ATTRIBUTE_STRIDE))
        return false;
    memset(mapped->open.data + mapped->open.len, 0, R2D_ATTRIBUTE_STRIDE);
    mapping->fixed_bytes += mapped->open.len + R2D_ATTRIBUTE_SPARE;
    return true;
}

static R2dStatus add_columns(R2dMapping *mapping, const R2dColumn *columns, int column_count,
                             R2dError *err)
{
    mapping->columns = r2d_new(mapping->alloc, (size_t)column_count * sizeof *mapping->columns);
    if (mapping->columns == NULL)
        return r2d_fail_memory(err);
    for (int i = 0; i < column_count; i++) {
        R2dMappedColumn *mapped = &mapping->columns[i];
        R2dStatus status = check_name(&columns[i], err);
        if (status == R2D_OK)
            status = check_pieces(&columns[i], err);
        if (status == R2D_OK)
            status = note_key(mapping, &columns[i], i, err);
        if (status != R2D_OK)
            return status;
        r2d_bytes_init(&mapped->prefix, mapping->alloc);
        r2d_bytes_init(&mapped->open, mapping->alloc);
        mapping->column_count++;
        if (!set_column(mapping, mapped, &columns[i]))
            return r2d_fail_memory(err);
    }
    return R2D_OK;
}

static R2dStatus check_distinct(const R2dMapping *mapping, R2dError *err)
{
    char name[LABEL_BYTES];
    for (int i = 1; i < mapping->column_count; i++) {
        R2dView view = mapping->columns[i].column.name;
        for (int j = 0; j < i; j++) {
            if (r2d_view_equal(view, mapping->columns[j].column.name))
                return r2d_fail(err, R2D_ERR_ARGUMENT, "two attributes are named \"%s\"",
                                label(view, name));
        }
    }
    return R2D_OK;
}

static bool name_file_column(R2dMapping *mapping, int value, int column, int piece)
{
    char text[32];
    int len = piece == 0 ? snprintf(text, sizeof text, "c%d", column)
                         : snprintf(text, sizeof text, "c%d_%d", column, piece);
    char *name = r2d_new(mapping->alloc, (size_t)len);
    if (name == NULL)
        return false;
    memcpy(name, text, (size_t)len);
    mapping->file_columns[value] = r2d_view(name, (size_t)len);
    return true;
}

static R2dStatus name_file_columns(R2dMapping *mapping, R2dError *err)
{
    size_t size = (size_t)mapping->file_column_count * sizeof *mapping->file_columns;
    mapping->file_columns = r2d_new(mapping->alloc, size);
    if (mapping->file_columns == NULL)
        return r2d_fail_memory(err);
    for (int i = 0; i < mapping->column_count; i++) {
        const R2dMappedColumn *mapped = &mapping->columns[i];
        for (int piece = 0; piece < mapped->column.piece_count; piece++) {
            if (!name_file_column(mapping, mapped->first_value + piece, i, piece))
                return r2d_fail_memory(err);
        }
    }
    return R2D_OK;
}

R2dWriteMode r2d_write_mode_from_name(R2dView name)
{
    if (r2d_view_equal(name, R2D_VIEW("put")))
        return R2D_WRITE_PUT;
    return r2d_view_equal(name, R2D_VIEW("delete")) ? R2D_WRITE_DELETE : R2D_WRITE_UNKNOWN;
}

R2dStatus r2d_mapping_init(R2dMapping *mapping, const R2dAlloc *alloc, const R2dColumn *columns,
                           int column_count, R2dWriteMode mode, R2dError *err)
{
    *mapping = (R2dMapping){.alloc = alloc,
                            .mode = mode,
                            .partition_key = {.column = -1},
                            .sort_key = {.column = -1},
                            .fixed_bytes = R2D_ATTRIBUTE_SPARE};
    R2dStatus status = add_columns(mapping, columns, column_count, err);
    if (status == R2D_OK)
        status = check_distinct(mapping, err);
    if (status == R2D_OK && mode == R2D_WRITE_UNKNOWN)
        status = r2d_fail(err, R2D_ERR_ARGUMENT, "the write mode is unknown");
    if (status == R2D_OK && mapping->partition_key.column < 0)
        status = r2d_fail(err, R2D_ERR_ARGUMENT, "no column is the partition key");
    if (status == R2D_OK)
        status = name_file_columns(mapping, err);
    if (status != R2D_OK)
        r2d_mapping_free(mapping);
    return status;
}

void r2d_mapping_free(R2dMapping *mapping)
{
    const R2dAlloc *alloc = mapping->alloc;
    for (int i = 0; i < mapping->column_count; i++) {
        R2dMappedColumn *mapped = &mapping->columns[i];
        r2d_release(alloc, (char *)mapped->column.name.data);
        r2d_bytes_free(&mapped->prefix);
        r2d_bytes_free(&mapped->open);
    }
    for (int i = 0; mapping->file_columns != NULL && i < mapping->file_column_count; i++)
        r2d_release(alloc, (char *)mapping->file_columns[i].data);
    r2d_release(alloc, mapping->columns);
    r2d_release(alloc, mapping->file_columns);
    *mapping = (R2dMapping){.alloc = alloc};
}
