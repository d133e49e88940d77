/* address.c - which addresses are link-local or the metadata service's. */
#include "address.h"

#include <arpa/inet.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The last four bytes of these IPv6 ranges are an IPv4 address: mapped, compatible, NAT64. */
static bool carries_ipv4(const unsigned char *v6)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char compatible[12] = {0};
    static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
    return memcmp(v6, mapped, 12) == 0 || memcmp(v6, compatible, 12) == 0 ||
           memcmp(v6, nat64, 12) == 0;
}

bool r2d_address_is_metadata(int family, const void *address)
{
    static const unsigned char ec2[4] = {0xfd, 0x00, 0x0e, 0xc2};
    const unsigned char *bytes = address;
    if (family == AF_INET)
        return bytes[0] == 169 && bytes[1] == 254;
    if (family != AF_INET6)
        return false;
    return memcmp(bytes, ec2, 4) == 0 || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
           (carries_ipv4(bytes) && r2d_address_is_metadata(AF_INET, bytes + 12));
}

bool r2d_address_socket_is_metadata(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return r2d_address_is_metadata(AF_INET, &v4.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof v6);
    return r2d_address_is_metadata(AF_INET6, &v6.sin6_addr);
}

/* inet_aton and not inet_pton: resolvers, too, read 2852039166 and 0xa9.0xfe.43518. */
bool r2d_address_text_is_metadata(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    host += host[0] == '[';
    size_t len = strcspn(host, "%]");
    if (inet_aton(host, &v4) != 0)
        return r2d_address_is_metadata(AF_INET, &v4);
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, &v6) == 1 && r2d_address_is_metadata(AF_INET6, &v6);
}
