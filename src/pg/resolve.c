/* resolve.c - names to addresses through getaddrinfo_a of the GNU C library. */
#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "utils/timestamp.h"

#include "../core/base/address.h"
#include "wait.h"

#define LOOK_FIRST_MS 1
#define LOOK_LAST_MS  50
#define ADDRESSES_MAX 8

static bool is_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return host[0] != '\0' && strpbrk(host, "/@") == NULL &&
           inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1 &&
           strchr(host, '%') == NULL;
}

#ifdef __GLIBC__

/* What the library's thread works on: it outlives an interrupted wait. */
typedef struct Lookup {
    struct gaicb request;
    struct gaicb *list[1];
    struct addrinfo hints;
    char host[FLEXIBLE_ARRAY_MEMBER];
} Lookup;

static Lookup *begin_lookup(const char *host, int *code)
{
    Lookup *lookup = calloc(1, offsetof(Lookup, host) + strlen(host) + 1);

    if (lookup == NULL)
        return NULL;
    strcpy(lookup->host, host);
    lookup->hints.ai_socktype = SOCK_STREAM;
    lookup->request.ar_name = lookup->host;
    lookup->request.ar_request = &lookup->hints;
    lookup->list[0] = &lookup->request;
    *code = getaddrinfo_a(GAI_NOWAIT, lookup->list, 1, NULL);
    if (*code == 0)
        return lookup;
    free(lookup);
    return NULL;
}

/* EAI_INPROGRESS: it took too long. */
static int wait_for_lookup(Lookup *lookup, int timeout_s)
{
    TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_s * 1000L);
    int look_ms = LOOK_FIRST_MS;
    int code;

    while ((code = gai_error(&lookup->request)) == EAI_INPROGRESS &&
           GetCurrentTimestamp() < deadline) {
        r2d_sleep(look_ms);
        look_ms = Min(look_ms * 2, LOOK_LAST_MS);
    }
    return code;
}

/* One more for libpq, which pairs the lists; it goes by the host where the address is empty. */
static void add_address(R2dAddresses *addresses, const char *host, const char *address)
{
    const char *comma = addresses->count++ > 0 ? "," : "";

    addresses->list = psprintf("%s%s%s", addresses->list, comma, address);
    addresses->hosts = psprintf("%s%s%s", addresses->hosts, comma, host);
}

static void add_found(R2dAddresses *addresses, const char *host, const struct addrinfo *found)
{
    char text[NI_MAXHOST];

    for (; found != NULL && addresses->count < ADDRESSES_MAX; found = found->ai_next) {
        addresses->metadata = addresses->metadata || r2d_address_socket_is_metadata(found->ai_addr);
        if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0)
            add_address(addresses, host, text);
    }
}

static void add_name(R2dAddresses *addresses, const char *host, int timeout_s)
{
    int code = EAI_MEMORY;
    Lookup *lookup = begin_lookup(host, &code);

    if (lookup != NULL)
        code = wait_for_lookup(lookup, timeout_s);
    if (code == EAI_INPROGRESS) {
        addresses->problem =
            psprintf("no name server told the address of \"%s\" within %d s", host, timeout_s);
        return; /* the thread still uses the lookup: it is left behind */
    }
    if (code == 0) {
        add_found(addresses, host, lookup->request.ar_result);
        freeaddrinfo(lookup->request.ar_result);
    } else
        addresses->problem = psprintf("could not translate host name \"%s\" to address: %s", host,
                                      gai_strerror(code));
    free(lookup);
}

R2dAddresses r2d_resolve(const char *host, int timeout_s)
{
    R2dAddresses addresses = {.list = "", .hosts = ""};
    char *rest = pstrdup(host);
    bool has_names = false;
    const char *one;

    while ((one = strsep(&rest, ",")) != NULL) {
        if (is_name(one)) {
            add_name(&addresses, one, timeout_s);
            has_names = true;
        } else
            add_address(&addresses, one, strpbrk(one, "/@") == NULL ? one : "");
    }
    if (!has_names)
        return (R2dAddresses){0};
    if (addresses.count > 0)
        addresses.problem = NULL; /* of several hosts one may be enough */
    if (addresses.metadata)
        addresses.problem = "the host name leads to a link-local address";
    return addresses;
}

#else

R2dAddresses r2d_resolve(const char *host, int timeout_s)
{
    (void)host, (void)timeout_s;
    return (R2dAddresses){0};
}

#endif
