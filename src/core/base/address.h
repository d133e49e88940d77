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

/* The same for an address as text, in every form that resolvers read as a number: 169.254.169.254,
 * 2852039166, 0xa9.254.43518, ::ffff:169.254.169.254, with a zone or in brackets. false for names.
 */
bool r2d_address_text_is_metadata(const char *host);

#endif
