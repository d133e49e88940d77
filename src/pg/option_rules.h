/*
 * option_rules.h - which options exist, where they may stand, who may set them, what they may hold.
 * The validator of the foreign data wrapper asks here when an option is set, options.c when it is
 * read.
 */
#ifndef R2D_PG_OPTION_RULES_H
#define R2D_PG_OPTION_RULES_H

#include "options.h"

#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"

typedef struct R2dOptionRule {
    const char *name;
    Oid catalog;         /* where it may stand: ForeignServer- or UserMappingRelationId */
    bool superuser_only; /* it decides where credentials are sent, whose, or reads server files */
    size_t field;        /* offset in R2dOptions */
    void (*check)(const char *name, const char *value); /* throws; NULL: any text */
} R2dOptionRule;

/* NULL when no option of that name may stand there. */
extern const R2dOptionRule *r2d_option_rule(const char *name, Oid catalog);

#endif
