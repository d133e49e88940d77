/* projection.c - the table of Redshift's types, and the expression of each; see projection.h. */
#include "projection.h"

#include <stdio.h>

/* How a value is made one of the four forms whose rendering in JSON is documented. */
typedef enum Form {
    FORM_AS_IS,
    FORM_VARCHAR,
    FORM_LONG_VARCHAR, /* text of any length: named, for one page says that the default is 256 */
    FORM_BIGINT,
    FORM_REAL,
    FORM_BOOLEAN,
    FORM_DATE,
    FORM_TIMESTAMP,
    FORM_TIMESTAMP_TZ,
    FORM_HEX,
    FORM_GEOMETRY,
    FORM_GEOGRAPHY,
    FORM_REFUSED,
} Form;

/* What the typmod says, for names. */
typedef enum Modifier { MOD_NONE, MOD_LENGTH, MOD_PRECISION_SCALE } Modifier;

typedef struct RemoteType {
    uint32_t oid;
    const char *name;
    R2dColumnType type;
    Form form;
    Modifier modifier;
} RemoteType;

/* oid has an implicit cast to bigint; the other types of the catalog (xid, tid, vectors ...) have
 * no documented one and are left to the rule for unknown types. */
static const RemoteType types[] = {
    {16, "boolean", R2D_COL_BOOLEAN, FORM_BOOLEAN, MOD_NONE},
    {18, "\"char\"", R2D_COL_TEXT, FORM_LONG_VARCHAR, MOD_NONE},
    {19, "name", R2D_COL_TEXT, FORM_LONG_VARCHAR, MOD_NONE},
    {20, "bigint", R2D_COL_INTEGER, FORM_AS_IS, MOD_NONE},
    {21, "smallint", R2D_COL_INTEGER, FORM_AS_IS, MOD_NONE},
    {23, "integer", R2D_COL_INTEGER, FORM_AS_IS, MOD_NONE},
    {25, "text", R2D_COL_TEXT, FORM_LONG_VARCHAR, MOD_NONE},
    {26, "oid", R2D_COL_INTEGER, FORM_BIGINT, MOD_NONE},
    {700, "real", R2D_COL_REAL, FORM_REAL, MOD_NONE},
    {701, "double precision", R2D_COL_DOUBLE, FORM_VARCHAR, MOD_NONE},
    {705, "unknown", R2D_COL_TEXT, FORM_LONG_VARCHAR, MOD_NONE},
    {1042, "character", R2D_COL_CHAR, FORM_AS_IS, MOD_LENGTH},
    {1043, "character varying", R2D_COL_TEXT, FORM_AS_IS, MOD_LENGTH},
    {1082, "date", R2D_COL_DATE, FORM_DATE, MOD_NONE},
    {1083, "time without time zone", R2D_COL_TEXT, FORM_VARCHAR, MOD_NONE},
    {1114, "timestamp without time zone", R2D_COL_TIMESTAMP, FORM_TIMESTAMP, MOD_NONE},
    {1184, "timestamp with time zone", R2D_COL_TIMESTAMP_TZ, FORM_TIMESTAMP_TZ, MOD_NONE},
    {1186, "interval", R2D_COL_INTERVAL, FORM_VARCHAR, MOD_NONE},
    {1188, "interval year to month", R2D_COL_INTERVAL, FORM_VARCHAR, MOD_NONE},
    {1190, "interval day to second", R2D_COL_INTERVAL, FORM_VARCHAR, MOD_NONE},
    {1266, "time with time zone", R2D_COL_TEXT, FORM_VARCHAR, MOD_NONE},
    {1700, "numeric", R2D_COL_DECIMAL, FORM_VARCHAR, MOD_PRECISION_SCALE},
    {2935, "hllsketch", R2D_COL_TEXT, FORM_REFUSED, MOD_NONE},
    {3000, "geometry", R2D_COL_EWKT, FORM_GEOMETRY, MOD_NONE},
    {3001, "geography", R2D_COL_EWKT, FORM_GEOGRAPHY, MOD_NONE},
    {3999, "geometry", R2D_COL_EWKT, FORM_GEOMETRY, MOD_NONE},
    {4000, "super", R2D_COL_SUPER, FORM_AS_IS, MOD_NONE},
    {6551, "varbyte", R2D_COL_BYTES, FORM_HEX, MOD_LENGTH},
};

static const RemoteType *find_type(uint32_t oid)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].oid == oid)
            return &types[i];
    return NULL;
}

void r2d_projection_type_name(const R2dRemoteColumn *remote, char *out, size_t out_size)
{
    const RemoteType *type = find_type(remote->type_oid);
    int32_t value = remote->typmod - 4;
    if (type == NULL)
        snprintf(out, out_size, "type with OID %u", (unsigned)remote->type_oid);
    else if (type->modifier == MOD_LENGTH && remote->typmod > 4)
        snprintf(out, out_size, "%s(%d)", type->name, (int)value);
    else if (type->modifier == MOD_PRECISION_SCALE && remote->typmod > 4)
        snprintf(out, out_size, "%s(%d,%d)", type->name, (int)(value >> 16) & 0xFFFF,
                 (int)value & 0xFFFF);
    else
        snprintf(out, out_size, "%s", type->name);
}

/* Without a length the column may hold anything: as many pieces as an item can need. */
static int count_pieces(int32_t typmod)
{
    if (typmod <= 4)
        return R2D_BYTES_PIECES_MAX;
    int64_t pieces = ((int64_t)typmod - 4 + R2D_BYTES_PIECE - 1) / R2D_BYTES_PIECE;
    return pieces < R2D_BYTES_PIECES_MAX ? (int)pieces : R2D_BYTES_PIECES_MAX;
}

static R2dStatus refuse_type(const R2dRemoteColumn *remote, const RemoteType *type, R2dError *err)
{
    r2d_fail(err, R2D_ERR_ARGUMENT, "column \"%.*s\" is of type %s, which cannot be exported",
             (int)(remote->name.len < 200 ? remote->name.len : 200), remote->name.data, type->name);
    if (err != NULL)
        snprintf(err->hint, sizeof err->hint,
                 "Select HLL_CARDINALITY(...) of it, or leave the column out.");
    return R2D_FAILED;
}

R2dStatus r2d_projection_column(const R2dRemoteColumn *remote, R2dColumn *column, R2dError *err)
{
    const RemoteType *type = find_type(remote->type_oid);
    if (type != NULL && type->form == FORM_REFUSED)
        return refuse_type(remote, type, err);
    column->name = remote->name;
    column->type = type != NULL ? type->type : R2D_COL_TEXT;
    column->piece_count = column->type == R2D_COL_BYTES ? count_pieces(remote->typmod) : 1;
    return R2D_OK;
}

#define MARKER      "'" R2D_VALUE_UNREPRESENTABLE "'"
#define FIRST_DAY   "0001-01-01"
#define LAST_DAY    "9999-12-31"
#define LAST_MOMENT "9999-12-31 23:59:59.999999"

static bool append_date(R2dBytes *out, int index)
{
    return r2d_bytes_appendf(
        out,
        "CASE WHEN c%d BETWEEN '" FIRST_DAY "'::date AND '" LAST_DAY
        "'::date THEN TO_CHAR(c%d,'YYYY-MM-DD') WHEN c%d IS NOT NULL THEN " MARKER " END",
        index, index, index);
}

/* `moment` is a TIMESTAMP: the column, or a zoned one moved to UTC. */
static bool append_timestamp(R2dBytes *out, const char *moment)
{
    return r2d_bytes_appendf(out,
                             "CASE WHEN %s BETWEEN '" FIRST_DAY
                             " 00:00:00'::timestamp AND '" LAST_MOMENT
                             "'::timestamp THEN TO_CHAR(%s,'YYYY-MM-DD') || 'T' || "
                             "TO_CHAR(%s,'HH24:MI:SS.US') WHEN %s IS NOT NULL THEN " MARKER " END",
                             moment, moment, moment, moment);
}

static bool append_pieces(R2dBytes *out, int index, int piece_count)
{
    bool ok = r2d_bytes_appendf(out, "TO_HEX(SUBSTRING(c%d, 1, %d)) AS c%d", index, R2D_BYTES_PIECE,
                                index);
    for (int k = 1; ok && k < piece_count; k++)
        ok = r2d_bytes_appendf(out, ", NULLIF(TO_HEX(SUBSTRING(c%d, %d, %d)),'') AS c%d_%d", index,
                               1 + k * R2D_BYTES_PIECE, R2D_BYTES_PIECE, index, k);
    return ok;
}

/*
 * 17 significant digits carry a double without loss. The text must stay below 65,535 bytes or the
 * function fails, and with it the whole UNLOAD.
 *
 * A coordinate is at most 24 characters (sign, 17 digits, point, e-308) and a separator. In
 * memory it takes 8 bytes, and each member of a collection at least 8 (or 5 for a point, whose
 * name and parentheses take 12 characters) against at most 28 characters
 * ("GEOMETRYCOLLECTION ZM EMPTY,"): never more than 4 characters a byte. So 16,000 bytes are at
 * most 64,000 characters, and the SRID 16 more. The points (57 characters each, plane and in a
 * collection) are a second net: the size in memory is Redshift's own affair.
 */
static bool append_geometry(R2dBytes *out, int index)
{
    return r2d_bytes_appendf(out,
                             "CASE WHEN ST_NPoints(c%d) <= 1000 AND ST_MemSize(c%d) <= 16000 THEN "
                             "ST_AsEWKT(c%d, 17) WHEN c%d IS NOT NULL THEN " MARKER " END",
                             index, index, index, index);
}

/* The size in memory cannot be asked for: 113 characters a point, with four coordinates and in a
 * collection of its own ("POINT ZM (...),"); 576 of them are 65,088, and the SRID 16 more. */
static bool append_geography(R2dBytes *out, int index)
{
    return r2d_bytes_appendf(out,
                             "CASE WHEN ST_NPoints(c%d) <= 576 THEN ST_AsEWKT(c%d, 17) "
                             "WHEN c%d IS NOT NULL THEN " MARKER " END",
                             index, index, index);
}

static bool append_form(R2dBytes *out, Form form, int index)
{
    char moment[48];
    switch (form) {
    case FORM_AS_IS:
        return r2d_bytes_appendf(out, "c%d", index);
    case FORM_LONG_VARCHAR:
        return r2d_bytes_appendf(out, "c%d::varchar(65535)", index);
    case FORM_BIGINT:
        return r2d_bytes_appendf(out, "c%d::bigint", index);
    case FORM_REAL:
        return r2d_bytes_appendf(out, "c%d::float8::varchar", index);
    case FORM_BOOLEAN:
        return r2d_bytes_appendf(out, "CASE WHEN c%d THEN 'true' WHEN NOT c%d THEN 'false' END",
                                 index, index);
    case FORM_DATE:
        return append_date(out, index);
    case FORM_TIMESTAMP:
        snprintf(moment, sizeof moment, "c%d", index);
        return append_timestamp(out, moment);
    case FORM_TIMESTAMP_TZ:
        snprintf(moment, sizeof moment, "(c%d AT TIME ZONE 'UTC')", index);
        return append_timestamp(out, moment);
    case FORM_GEOMETRY:
        return append_geometry(out, index);
    case FORM_GEOGRAPHY:
        return append_geography(out, index);
    default:
        return r2d_bytes_appendf(out, "c%d::varchar", index);
    }
}

bool r2d_projection_expression(const R2dRemoteColumn *remote, const R2dColumn *column, int index,
                               R2dBytes *out)
{
    const RemoteType *type = find_type(remote->type_oid);
    Form form = type != NULL ? type->form : FORM_LONG_VARCHAR;
    size_t before = out->len;
    bool ok = form == FORM_HEX
                  ? append_pieces(out, index, column->piece_count)
                  : append_form(out, form, index) && r2d_bytes_appendf(out, " AS c%d", index);
    if (!ok)
        out->len = before;
    return ok;
}
