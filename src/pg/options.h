/*
 * options.h - the options of a warehouse (CREATE SERVER) and of its user mappings: option_rules.h
 * says which exist, where, and who may set them.
 */
#ifndef R2D_PG_OPTIONS_H
#define R2D_PG_OPTIONS_H

#include "bridge.h"

/* Everything a job needs to know about its warehouse: the options as they were typed, in UTF-8;
 * absent ones are NULL. */
typedef struct R2dOptions {
    const char *host;
    const char *port;
    const char *dbname;
    const char *sslmode;
    const char *sslrootcert;
    const char *connect_timeout; /* seconds */
    const char *search_path;
    const char *query_group;
    const char *region;
    const char *stage_region;
    const char *dynamodb_region;
    const char *iam_role;
    const char *stage;
    const char *compression;
    const char *max_file_mb;
    const char *case_sensitive;
    const char *s3_endpoint;
    const char *dynamodb_endpoint;
    const char *ca_file; /* of the two endpoints; NULL: the system's */
    const char *server_credentials;
    const char *request_timeout;        /* seconds */
    const char *late_write_grace;       /* seconds */
    const char *service_error_patience; /* seconds */
    /* user mapping: secrets live in the context they were loaded into, and nowhere else */
    const char *user;
    const char *password;
    const char *aws_access_key_id;
    const char *aws_secret_access_key;
    const char *aws_session_token;
    const char *password_required;
    /* what follows from role, server_credentials and password_required */
    bool own_password_only; /* nothing but the password of the mapping may open a connection */
    bool own_keys_only;     /* nothing but the AWS keys of the mapping may sign */
    const char *server;     /* what they were loaded for */
    Oid server_oid;
    Oid role;
} R2dOptions;

/*
 * Reads the server's and the role's options, after checking that the role may use the server.
 * Throws with a hint when the server, the mapping or an option that every job needs is missing. All
 * of it lies in the caller's memory context.
 */
extern R2dOptions *r2d_options_load(const char *server_name, Oid role);

/* The same of the server with this oid, whatever it is called now; of the one with this name when
 * there is none (InvalidOid: not known). */
extern R2dOptions *r2d_options_load_by_oid(Oid server, const char *server_name, Oid role);

/* The server that a call of this role means that names none: the only one on which it has USAGE and
 * a mapping, and whose owner is a superuser, the role, or one that the role is a member of. Throws
 * when there is none, or more: then it lists them. */
extern const char *r2d_options_only_server(Oid role);

/* So long DynamoDB may still apply a request whose connection was closed without an answer. */
extern int r2d_options_late_write_grace_s(const R2dOptions *options);

#endif
