/*
 * fake_dynamodb.h - a scripted DynamoDB behind the contract of an HTTP client, for unit tests of
 * send and transfer. It keeps the items, breaks on demand or at random, and notes every offence of
 * its client in `offence`.
 */
#ifndef R2D_FAKE_DYNAMODB_H
#define R2D_FAKE_DYNAMODB_H

#include "unit.h"

#include "http/http.h"
#include "base/backoff.h"

typedef enum FakeKind {
    FAKE_OK,
    FAKE_PARTIAL,            /* some items come back unprocessed, at least one */
    FAKE_NONE_PROCESSED,     /* all come back unprocessed */
    FAKE_THROTTLE,           /* ProvisionedThroughputExceededException */
    FAKE_THROTTLE_PARTITION, /* ThrottlingException for a key range */
    FAKE_ERROR_BEFORE,       /* 500, nothing written */
    FAKE_ERROR_AFTER,        /* 500, all written */
    FAKE_RESET_BEFORE,       /* the connection is cut */
    FAKE_RESET_AFTER,
    FAKE_RESET_LATE, /* the same, and what was asked is done late_min_us to late_max_us later */
    FAKE_GARBAGE,    /* 200 with a body that is no reply, nothing written */
    FAKE_STRANGER,   /* 200, unprocessed names an item that was not sent; nothing written */
    FAKE_SKEWED,     /* the signature's clock is wrong */
    FAKE_EXPIRED,    /* ExpiredTokenException */
    FAKE_NO_TABLE,   /* ResourceNotFoundException */
    FAKE_TEXT,       /* whatever fake_dynamodb_reply queued */
    FAKE_KINDS,
} FakeKind;

enum {
    FAKE_FLIGHTS = 128,
    FAKE_SCRIPT = 64,
    FAKE_BATCH = 25,
    FAKE_PARTITIONS = 64,
    FAKE_LATES = 4096
};

/* A token bucket of capacity units. */
typedef struct FakeBucket {
    double tokens;
    int64_t filled_us;
} FakeBucket;

typedef struct FakeItem {
    char *key;  /* normalised JSON of the key attributes */
    char *text; /* the item as it was sent */
    struct FakeItem *next;
} FakeItem;

typedef struct FakeFlight {
    R2dHttpExchange *exchange; /* NULL: free */
    int64_t due_us;
    char *body; /* a copy: the client must not touch its own */
    FakeKind kind;
    int status;
    char *reply;
    int key_count;
    char *keys[FAKE_BATCH];
} FakeFlight;

/* A request that is applied after its connection was closed. */
typedef struct FakeLate {
    int64_t due_us;
    char *body; /* NULL: free */
} FakeLate;

typedef struct FakeDynamodb {
    R2dHttpClient client; /* hand out &fake.client */
    UnitClock *clock;
    R2dRandom random;
    const char *partition_key; /* attribute names */
    const char *sort_key;      /* NULL: none */
    const char *poison;        /* an item that contains this is refused; NULL: none */
    const char *curse; /* a batch with an item that contains this fails with 500; NULL: none */
    bool odd_shapes;   /* some replies carry blanks */
    double unit_cost;  /* capacity units per item */
    int64_t delay_min_us, delay_max_us;
    int64_t late_min_us, late_max_us;
    bool cancels_late; /* a request that is cancelled is applied late, or never */
    FakeLate lates[FAKE_LATES];
    long applied_late; /* requests */
    /* Capacity per second of the table and of each partition; 0: no limit. What is not used is
     * saved for burst_s. */
    double table_wcu, partition_wcu, burst_s;
    int partitions;
    bool keeps_nothing; /* counts the writes and does without the items (for many rows) */
    FakeBucket table_bucket, partition_buckets[FAKE_PARTITIONS];
    double chance[FAKE_KINDS]; /* of each kind, beside FAKE_OK */
    FakeKind script[FAKE_SCRIPT];
    struct {
        int status;
        const char *body;
    } texts[FAKE_SCRIPT];
    int script_count, script_at, text_count, text_at;

    FakeItem *buckets[4096];
    long item_count;
    FakeFlight flights[FAKE_FLIGHTS];
    int flying, flying_max;
    R2dHttpExchange *done_first, *done_last;
    long requests;
    long writes;    /* items written, repeats included */
    long full;      /* requests with 25 items */
    long hot;       /* requests refused for the limit of a partition */
    int last_count; /* items in the last request */
    char last_target[128];
    char last_body[4096];
    char offence[256];
} FakeDynamodb;

void fake_dynamodb_init(FakeDynamodb *fake, UnitClock *clock, uint64_t seed);
void fake_dynamodb_free(FakeDynamodb *fake);
/* What the next request gets, before chance has its say. */
void fake_dynamodb_push(FakeDynamodb *fake, FakeKind kind);
void fake_dynamodb_reply(FakeDynamodb *fake, int status, const char *body);
/* The item with this key, given as normalised JSON ({"S":"a"} or {"S":"a"},{"N":"1"}); or NULL. */
const char *fake_dynamodb_item(const FakeDynamodb *fake, const char *key);
/* Goes on until what is applied late has been. */
void fake_dynamodb_settle(FakeDynamodb *fake);
/* Microseconds until the next reply is due; -1: none. */
int64_t fake_dynamodb_next_us(const FakeDynamodb *fake);

#endif
