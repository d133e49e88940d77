/* resolve.c - one lookup in one thread, which touches nothing of the server. */
#include "resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

/* Shared by the worker and the thread, and freed by the last of them; never in a memory context. */
typedef struct Lookup {
    pthread_mutex_t lock;
    int users;
    int pipe[2]; /* the thread closes its end when it is done */
    char host[NI_MAXHOST];
    int failure; /* of getaddrinfo */
    struct addrinfo *found;
} Lookup;

static void leave(Lookup *lookup)
{
    int left;

    pthread_mutex_lock(&lookup->lock);
    left = --lookup->users;
    pthread_mutex_unlock(&lookup->lock);
    if (left > 0)
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    close(lookup->pipe[0]);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *look_up(void *arg)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    Lookup *lookup = arg;

    lookup->failure = getaddrinfo(lookup->host, NULL, &hints, &lookup->found);
    close(lookup->pipe[1]);
    leave(lookup);
    return NULL;
}

/* Signals are for the worker: the thread takes none. */
static bool start_thread(Lookup *lookup)
{
    pthread_t thread;
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, NULL, look_up, lookup) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    return started;
}

static Lookup *start(const char *host)
{
    Lookup *lookup = calloc(1, sizeof *lookup);

    if (lookup == NULL)
        return NULL;
    strlcpy(lookup->host, host, sizeof lookup->host);
    lookup->users = 2;
    if (pipe(lookup->pipe) != 0) {
        free(lookup);
        return NULL;
    }
    pthread_mutex_init(&lookup->lock, NULL);
    if (start_thread(lookup))
        return lookup;
    close(lookup->pipe[1]);
    lookup->users = 1;
    leave(lookup);
    return NULL;
}

/* False when the deadline passed. Throws when interrupted. */
static bool wait_for_thread(const Lookup *lookup, TimestampTz deadline)
{
    for (;;) {
        long left_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
        int happened;
        if (left_ms <= 0)
            return false;
        happened = WaitLatchOrSocket(
            MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | WL_SOCKET_READABLE | WL_TIMEOUT,
            lookup->pipe[0], left_ms, PG_WAIT_EXTENSION);
        if (happened & WL_LATCH_SET)
            ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (happened & WL_SOCKET_READABLE)
            return true;
    }
}

static char *addresses(const Lookup *lookup, int *count)
{
    StringInfoData list;

    initStringInfo(&list);
    *count = 0;
    for (const struct addrinfo *a = lookup->found; a != NULL; a = a->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        appendStringInfo(&list, "%s%s", *count > 0 ? "," : "", text);
        ++*count;
    }
    return list.data;
}

static char *take(const Lookup *lookup, const char *host, TimestampTz deadline, int *count,
                  const char **why)
{
    char *list = NULL;

    *why = NULL;
    if (!wait_for_thread(lookup, deadline))
        *why = psprintf("the name server did not answer for host name \"%s\" in time", host);
    else if (lookup->failure != 0)
        *why = psprintf("could not translate host name \"%s\" to address: %s", host,
                        gai_strerror(lookup->failure));
    else
        list = addresses(lookup, count);
    return list;
}

char *r2d_resolve(const char *host, TimestampTz deadline, int *count, const char **why)
{
    Lookup *lookup = start(host);
    char *volatile list = NULL;

    if (lookup == NULL)
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                        errmsg("no thread can be had to look up a host name")));
    PG_TRY();
    {
        list = take(lookup, host, deadline, count, why);
    }
    PG_FINALLY();
    {
        leave(lookup);
    }
    PG_END_TRY();
    return list;
}
