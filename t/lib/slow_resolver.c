/* slow_resolver.c - preloaded by tests: name servers that never answer for hosts named "slow.*". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    if (node != NULL && strncmp(node, "slow.", 5) == 0)
        for (;;)
            sleep(60);
    return real(node, service, hints, result);
}
