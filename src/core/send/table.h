/*
 * table.h - the target table: describe, create, wait until it takes writes.
 */
#ifndef R2D_TABLE_H
#define R2D_TABLE_H

#include "../aws/call.h"

typedef struct R2dTableKey {
    char name[256];
    char type; /* 'S', 'N', 'B'; 0: no such key */
} R2dTableKey;

#define R2D_TABLE_INDEX_KEYS_MAX 64

typedef struct R2dTable {
    char status[48]; /* "ACTIVE", ... */
    char id[64];     /* another table of the same name has another one; "": not told */
    R2dTableKey partition_key;
    R2dTableKey sort_key;
    bool on_demand;
    int64_t provisioned_wcu;   /* 0 when on demand */
    int64_t warm_wcu;          /* WarmThroughput.WriteUnitsPerSecond, 0 when not told */
    int64_t max_on_demand_wcu; /* OnDemandThroughput.MaxWriteRequestUnits, 0: none */
    R2dTableKey index_keys[R2D_TABLE_INDEX_KEYS_MAX]; /* key attributes of all indexes, distinct */
    int index_key_count;
} R2dTable;

/* R2D_OK: *table is filled; R2D_END when the table does not exist; R2D_CANCELED when the waiter was
 * interrupted; R2D_FAILED otherwise. */
R2dStatus r2d_table_describe(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                             const char *name, R2dTable *table, R2dError *err);

/* CreateTable, on demand, with these keys (sort_key NULL: none). A table that appeared meanwhile is
 * R2D_OK. */
R2dStatus r2d_table_create(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                           const char *name, const R2dTableKey *partition_key,
                           const R2dTableKey *sort_key, R2dError *err);

/* Polls DescribeTable (waiting through `wait`, at growing intervals) until ACTIVE or UPDATING, at
 * most timeout_ms. ResourceNotFound in between is normal after CreateTable. */
R2dStatus r2d_table_wait_active(R2dAwsService *service, R2dHttpClient *client, const R2dWait *wait,
                                const char *name, int timeout_ms, R2dTable *table, R2dError *err);

/* The write rate to begin with, units per second (facts: aws 3.4): provisioned, warm, else 4,000;
 * never over what is capped. */
int64_t r2d_table_initial_wcu(const R2dTable *table);

/* A name DynamoDB takes: 3..255 of [a-zA-Z0-9_.-], or a table ARN. */
bool r2d_table_name_valid(R2dView name);

#endif
