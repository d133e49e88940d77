/*
 * address.h - socket addresses that a user's endpoint must never reach: link-local ones, which on
 * AWS answer with the server's own credentials.
 */
#ifndef R2D_ADDRESS_H
#define R2D_ADDRESS_H

#include <stdbool.h>

struct sockaddr;
bool r2d_address_socket_is_metadata(const struct sockaddr *address);

/* family AF_INET with an in_addr, AF_INET6 with an in6_addr. 169.254.0.0/16, fe80::/10,
 * fd00:ec2::/32, and IPv4 addresses of that kind wrapped in IPv6. */
bool r2d_address_is_metadata(int family, const void *address);

#endif
