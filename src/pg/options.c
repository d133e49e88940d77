/* options.c - reading the options of a server and a mapping for a job. */
#include "options.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "compat.h"
#include "option_rules.h"

#define R2D_WRAPPER "rs2ddb"

#define LATE_WRITE_GRACE_S 10

static void read_options(List *list, R2dOptions *options, Oid catalog)
{
    ListCell *cell;
    foreach (cell, list) {
        DefElem *element = lfirst(cell);
        const R2dOptionRule *rule = r2d_option_rule(element->defname, catalog);
        if (rule != NULL && defGetString(element)[0] != '\0')
            *(const char **)((char *)options + rule->field) = r2d_to_utf8(defGetString(element));
    }
}

static ForeignServer *find_server(const char *name, Oid role)
{
    ForeignServer *server = GetForeignServerByName(name, true);
    AclResult allowed;

    if (server == NULL || strcmp(GetForeignDataWrapper(server->fdwid)->fdwname, R2D_WRAPPER) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("warehouse \"%s\" does not exist", name),
                 errhint("Create it with CREATE SERVER %s FOREIGN DATA WRAPPER rs2ddb "
                         "OPTIONS (...). The third argument is a warehouse; a key is named: "
                         "key => '{...}'.",
                         quote_identifier(name))));
    allowed = r2d_server_aclcheck(server->serverid, role);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, OBJECT_FOREIGN_SERVER, server->servername);
    return server;
}

static bool has_mapping(Oid server, Oid role)
{
    return SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(role),
                                 ObjectIdGetDatum(server)) ||
           SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid),
                                 ObjectIdGetDatum(server));
}

/* Whoever owns a server can make mappings for anybody, and decides where the data goes: the server
 * of a stranger is taken only when it is named. A superuser has the privileges of all roles, and
 * trusts those that it is a member of. */
static bool trusts_owner(Oid role, Oid owner)
{
    return superuser_arg(owner) || is_member_of_role_nosuper(role, owner) ||
           (!superuser_arg(role) && has_privs_of_role(role, owner));
}

static int compare_names(const ListCell *one, const ListCell *other)
{
    return strcmp(lfirst(one), lfirst(other));
}

/* Names of the servers that a call without one may mean, sorted: of those for which the role has a
 * mapping, or has none. */
static List *candidates(Oid role, bool mapped)
{
    Oid wrapper = get_foreign_data_wrapper_oid(R2D_WRAPPER, false);
    Relation servers = table_open(ForeignServerRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(servers, InvalidOid, false, NULL, 0, NULL);
    List *names = NIL;
    HeapTuple tuple;

    while ((tuple = systable_getnext(scan)) != NULL) {
        Form_pg_foreign_server row = (Form_pg_foreign_server)GETSTRUCT(tuple);
        if (row->srvfdw == wrapper && has_mapping(row->oid, role) == mapped &&
            trusts_owner(role, row->srvowner) && r2d_server_aclcheck(row->oid, role) == ACLCHECK_OK)
            names = lappend(names, pstrdup(NameStr(row->srvname)));
    }
    systable_endscan(scan);
    table_close(servers, AccessShareLock);
    list_sort(names, compare_names);
    return names;
}

static const char *join(List *names)
{
    StringInfoData text;
    ListCell *cell;

    initStringInfo(&text);
    foreach (cell, names)
        appendStringInfo(&text, "%s%s", cell == list_head(names) ? "" : ", ", (char *)lfirst(cell));
    return text.data;
}

const char *r2d_options_only_server(Oid role)
{
    List *names = candidates(role, true);

    if (names == NIL) /* then the missing mapping is what will be told */
        names = candidates(role, false);
    if (names == NIL)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT),
                 errmsg("there is no warehouse that you may use without naming it"),
                 errdetail("It needs USAGE on the server, a user mapping, and an owner who is a "
                           "superuser, you, or a role that you are a member of."),
                 errhint("Create one with CREATE SERVER ... FOREIGN DATA WRAPPER rs2ddb and CREATE "
                         "USER MAPPING, or name one: rs2ddb_export(..., server => '...').")));
    if (list_length(names) > 1)
        ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_PARAMETER),
                        errmsg("there is more than one warehouse that you may use"),
                        errdetail("They are: %s.", join(names)),
                        errhint("Name one: rs2ddb_export(..., server => '...').")));
    return linitial(names);
}

static void require_option(const char *value, const char *name, Oid catalog, const char *server)
{
    if (value != NULL)
        return;
    ereport(
        ERROR,
        (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
         errmsg("%s \"%s\" has no option \"%s\"",
                catalog == ForeignServerRelationId ? "warehouse" : "the user mapping for warehouse",
                server, name),
         errhint("Set it with ALTER %s %s OPTIONS (ADD %s '...').",
                 catalog == ForeignServerRelationId ? "SERVER" : "USER MAPPING FOR ... SERVER",
                 quote_identifier(server), name)));
}

static bool is_on(const char *value, bool if_absent)
{
    bool on = if_absent;

    if (value != NULL)
        (void)parse_bool(value, &on);
    return on;
}

/* As postgres_fdw and dblink guard it: who is no superuser brings his own secrets, or could act
 * with those of the server's operating system user; a superuser may lend them to him. */
static void require_own_secrets(R2dOptions *options, Oid role, const char *server)
{
    bool trusted = superuser_arg(role);

    options->own_password_only = !trusted && is_on(options->password_required, true);
    options->own_keys_only = !trusted && !is_on(options->server_credentials, false);
    if (options->own_password_only)
        require_option(options->password, "password", UserMappingRelationId, server);
    if (options->own_keys_only) {
        require_option(options->aws_access_key_id, "aws_access_key_id", UserMappingRelationId,
                       server);
        require_option(options->aws_secret_access_key, "aws_secret_access_key",
                       UserMappingRelationId, server);
    }
}

static void require_mapping(ForeignServer *server, Oid role)
{
    if (has_mapping(server->serverid, role))
        return;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("role \"%s\" has no user mapping for warehouse \"%s\"",
                           GetUserNameFromId(role, false), server->servername),
                    errhint("Create it with CREATE USER MAPPING FOR %s SERVER %s OPTIONS (user "
                            "'...', password '...', aws_access_key_id '...', "
                            "aws_secret_access_key '...').",
                            quote_identifier(GetUserNameFromId(role, false)),
                            quote_identifier(server->servername))));
}

R2dOptions *r2d_options_load(const char *server_name, Oid role)
{
    ForeignServer *server = find_server(server_name, role);
    UserMapping *mapping;
    R2dOptions *options = palloc0(sizeof *options);

    require_mapping(server, role);
    mapping = GetUserMapping(role, server->serverid);
    read_options(server->options, options, ForeignServerRelationId);
    read_options(mapping->options, options, UserMappingRelationId);
    require_option(options->host, "host", ForeignServerRelationId, server_name);
    require_option(options->dbname, "dbname", ForeignServerRelationId, server_name);
    require_option(options->region, "region", ForeignServerRelationId, server_name);
    require_option(options->iam_role, "iam_role", ForeignServerRelationId, server_name);
    require_option(options->stage, "stage", ForeignServerRelationId, server_name);
    require_option(options->user, "user", UserMappingRelationId, server_name);
    options->server = pstrdup(server_name);
    options->server_oid = server->serverid;
    options->role = role;
    require_own_secrets(options, role, server_name);
    return options;
}

R2dOptions *r2d_options_load_by_oid(Oid server, const char *server_name, Oid role)
{
    ForeignServer *known =
        OidIsValid(server) ? GetForeignServerExtended(server, FSV_MISSING_OK) : NULL;

    return r2d_options_load(known ? known->servername : server_name, role);
}

int r2d_options_late_write_grace_s(const R2dOptions *options)
{
    return options->late_write_grace != NULL ? atoi(options->late_write_grace) : LATE_WRITE_GRACE_S;
}
