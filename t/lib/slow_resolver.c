/* slow_resolver.c - preloaded by tests: name servers that never answer for hosts named "slow.*", and
 * tell a link-local address for those named "metadata.*" and "mapped.*". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

static int is_slow(const char *node)
{
    return node != NULL && strncmp(node, "slow.", 5) == 0;
}

static const char *told(const char *node)
{
    if (node != NULL && strncmp(node, "metadata.", 9) == 0)
        return "169.254.169.254";
    if (node != NULL && strncmp(node, "mapped.", 7) == 0)
        return "::ffff:169.254.169.254";
    return node;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    while (is_slow(node))
        sleep(60);
    return real(told(node), service, hints, result);
}

/* The library's own lookup is not made through the function above; what gai_error reads stays as it
 * is while a lookup goes on. */
int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    int (*real)(int, struct gaicb *[], int, struct sigevent *) =
        dlsym(RTLD_NEXT, "getaddrinfo_a");
    if (count != 1 || !is_slow(list[0]->ar_name)) {
        list[0]->ar_name = told(list[0]->ar_name);
        return real(mode, list, count, event);
    }
    list[0]->__return = EAI_INPROGRESS;
    return 0;
}
