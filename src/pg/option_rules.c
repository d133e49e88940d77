/* option_rules.c - the table of options, and the validator of the foreign data wrapper. */
#include "option_rules.h"

#include "access/reloptions.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "../core/aws/endpoint.h"
#include "../core/base/address.h"
#include "../core/fetch/s3_object.h"
#include "../core/unload/command.h"

static void invalid_value(const char *name, const char *value, const char *wanted)
{
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for option \"%s\": \"%s\"", name, value),
                    errhint("%s", wanted)));
}

static void check_bool(const char *name, const char *value)
{
    bool ignored;
    if (!parse_bool(value, &ignored))
        invalid_value(name, value, "Use on or off.");
}

static void check_number(const char *name, const char *value, int least, int most, const char *what)
{
    int64_t number;
    if (!r2d_view_to_int64(r2d_view_of(value), &number) || number < least || number > most)
        invalid_value(name, value, psprintf("Use %d to %d%s.", least, most, what));
}

static void check_port(const char *name, const char *value)
{
    check_number(name, value, 1, 65535, "");
}

/* MAXFILESIZE takes 5 MB to 6.2 GB (facts: redshift 1.3). */
static void check_file_mb(const char *name, const char *value)
{
    check_number(name, value, 5, 6200, " MB");
}

static void check_connect_timeout(const char *name, const char *value)
{
    check_number(name, value, 1, 600, " seconds");
}

static void check_timeout(const char *name, const char *value)
{
    check_number(name, value, 1, 3600, " seconds");
}

/* They go into headers. The value is a secret, and shown to nobody. */
static void check_aws_key(const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("invalid value for option \"%s\"", name),
                            errdetail("It contains a blank, or a character that is not in ASCII."),
                            errhint("Copy it again: AWS's keys and tokens have neither.")));
}

static void check_search_path(const char *name, const char *value)
{
    List *schemas;
    if (!SplitIdentifierString(pstrdup(value), ',', &schemas) || schemas == NIL)
        invalid_value(name, value, "Use schema names with commas between them.");
}

static void check_grace(const char *name, const char *value)
{
    int64_t seconds;
    if (!r2d_view_to_int64(r2d_view_of(value), &seconds) || seconds < 0 || seconds > 300)
        invalid_value(name, value, "Use 0 to 300 seconds.");
}

static void check_compression(const char *name, const char *value)
{
    R2dCompression ignored;
    if (!r2d_compression_from_name(r2d_view_of(value), &ignored))
        invalid_value(name, value, "Use zstd, gzip or none.");
}

static void check_sslmode(const char *name, const char *value)
{
    static const char *const modes[] = {"disable", "allow",     "prefer",
                                        "require", "verify-ca", "verify-full"};
    for (int i = 0; i < lengthof(modes); i++)
        if (strcmp(value, modes[i]) == 0)
            return;
    invalid_value(name, value, "Use disable, allow, prefer, require, verify-ca or verify-full.");
}

static void check_stage(const char *name, const char *value)
{
    R2dView bucket, key;
    if (r2d_s3_parse_uri(r2d_view_of(value), &bucket, &key, NULL) != R2D_OK)
        invalid_value(name, value, "Use s3://bucket/ or s3://bucket/folder/.");
}

static void check_endpoint(const char *name, const char *value)
{
    R2dEndpoint endpoint;
    R2dError err;
    if (r2d_endpoint_custom(&endpoint, value, &err) == R2D_OK)
        return;
    if (strchr(value, '@') != NULL) /* a password may stand before it */
        value = "...@...";
    invalid_value(name, value, psprintf("Use http://host:port or https://host (%s).", err.message));
}

/* libpq takes several with commas between them, and looks for a socket of this machine where one is
 * empty, or begins with a slash or an at sign. */
static void check_host(const char *name, const char *value)
{
    char *rest = pstrdup(value);
    char *host;

    while ((host = strsep(&rest, ",")) != NULL) {
        if (host[0] == '\0' || host[0] == '/' || host[0] == '@' || strpbrk(host, " \t") != NULL)
            invalid_value(name, value, "Use the name or the address of a host.");
        if (r2d_address_text_is_metadata(host))
            invalid_value(name, value, "A link-local address cannot be a warehouse.");
    }
}

static void check_region(const char *name, const char *value)
{
    R2dEndpoint endpoint;
    R2dError err;
    if (r2d_endpoint_service(&endpoint, "dynamodb", value, &err) != R2D_OK)
        invalid_value(name, value, err.hint);
}

static void check_role(const char *name, const char *value)
{
    R2dError err;
    if (r2d_unload_check_role(r2d_view_of(value), &err) != R2D_OK)
        invalid_value(name, value, err.hint);
}

#define SERVER      ForeignServerRelationId
#define MAPPING     UserMappingRelationId
#define FIELD(name) offsetof(R2dOptions, name)

static const R2dOptionRule rules[] = {
    {"host", SERVER, false, FIELD(host), check_host},
    {"port", SERVER, false, FIELD(port), check_port},
    {"dbname", SERVER, false, FIELD(dbname), NULL},
    {"sslmode", SERVER, false, FIELD(sslmode), check_sslmode},
    {"sslrootcert", SERVER, true, FIELD(sslrootcert), NULL},
    {"connect_timeout", SERVER, false, FIELD(connect_timeout), check_connect_timeout},
    {"search_path", SERVER, false, FIELD(search_path), check_search_path},
    {"query_group", SERVER, false, FIELD(query_group), NULL},
    {"region", SERVER, false, FIELD(region), check_region},
    {"stage_region", SERVER, false, FIELD(stage_region), check_region},
    {"dynamodb_region", SERVER, false, FIELD(dynamodb_region), check_region},
    {"iam_role", SERVER, false, FIELD(iam_role), check_role},
    {"stage", SERVER, false, FIELD(stage), check_stage},
    {"compression", SERVER, false, FIELD(compression), check_compression},
    {"max_file_mb", SERVER, false, FIELD(max_file_mb), check_file_mb},
    {"case_sensitive", SERVER, false, FIELD(case_sensitive), check_bool},
    {"s3_endpoint", SERVER, true, FIELD(s3_endpoint), check_endpoint},
    {"dynamodb_endpoint", SERVER, true, FIELD(dynamodb_endpoint), check_endpoint},
    {"ca_file", SERVER, true, FIELD(ca_file), NULL},
    {"server_credentials", SERVER, true, FIELD(server_credentials), check_bool},
    {"request_timeout", SERVER, false, FIELD(request_timeout), check_timeout},
    {"late_write_grace", SERVER, false, FIELD(late_write_grace), check_grace},
    {"service_error_patience", SERVER, false, FIELD(service_error_patience), check_timeout},
    {"user", MAPPING, false, FIELD(user), NULL},
    {"password", MAPPING, false, FIELD(password), NULL},
    {"aws_access_key_id", MAPPING, false, FIELD(aws_access_key_id), check_aws_key},
    {"aws_secret_access_key", MAPPING, false, FIELD(aws_secret_access_key), check_aws_key},
    {"aws_session_token", MAPPING, false, FIELD(aws_session_token), check_aws_key},
    {"password_required", MAPPING, true, FIELD(password_required), check_bool},
};

const R2dOptionRule *r2d_option_rule(const char *name, Oid catalog)
{
    for (int i = 0; i < lengthof(rules); i++)
        if (rules[i].catalog == catalog && strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

static void refuse_option(const char *name, Oid catalog)
{
    Oid other = catalog == SERVER ? MAPPING : SERVER;
    StringInfoData valid;

    if (r2d_option_rule(name, other) != NULL)
        ereport(ERROR,
                (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                 errmsg("option \"%s\" does not belong here", name),
                 catalog == SERVER ? errhint("Put it into the user mapping: everybody may read the "
                                             "options of a server.")
                                   : errhint("Put it into the options of the server.")));
    initStringInfo(&valid);
    for (int i = 0; i < lengthof(rules); i++)
        if (rules[i].catalog == catalog)
            appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", rules[i].name);
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", name),
                    valid.len > 0 ? errhint("Valid options here are: %s.", valid.data)
                                  : errhint("There are no valid options here.")));
}

/* Whatever the option: what comes out of a file with a line break at its end fails later, and far
 * from here. */
static void refuse_control_characters(const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("option \"%s\" must not contain control characters", name),
                            errhint("A line break may stand at its end.")));
}

PG_FUNCTION_INFO_V1(rs2ddb_validator);
PGDLLEXPORT Datum rs2ddb_validator(PG_FUNCTION_ARGS)
{
    List *options = untransformRelOptions(PG_GETARG_DATUM(0));
    Oid catalog = PG_GETARG_OID(1);
    ListCell *cell;

    foreach (cell, options) {
        DefElem *element = lfirst(cell);
        const R2dOptionRule *rule = r2d_option_rule(element->defname, catalog);
        if (rule == NULL)
            refuse_option(element->defname, catalog);
        if (rule->superuser_only && !superuser())
            ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                            errmsg("only superusers may set option \"%s\"", rule->name)));
        if (defGetString(element)[0] == '\0') /* libpq would look elsewhere for it */
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("option \"%s\" must not be empty", rule->name),
                            errhint("Leave it out, or take it away with DROP.")));
        refuse_control_characters(rule->name, defGetString(element));
        if (rule->check != NULL)
            rule->check(rule->name, defGetString(element));
    }
    PG_RETURN_VOID();
}
