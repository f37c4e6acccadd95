/* Blocks of addresses: "10.0.0.0/8", "10.1.2.3", "fd00::/8". An IPv4 address in IPv6's clothes is an IPv4 address. */
#ifndef ADYTON_SERVER_AUTH_CIDR_H
#define ADYTON_SERVER_AUTH_CIDR_H

#include "server/core/pool.h"

struct cidr {
	uint8_t bytes[16];
	unsigned int bits;
	bool six;
};

must_check bool cidr_read(const char *text, struct cidr *c);
bool cidr_holds(const struct cidr *outer, const struct cidr *inner);

/* The first text of a list that is none, or NULL. */
const char *cidrs_wrong(const struct names *list);
/* Whether a list lets an address through; an empty list lets all, and no unreadable address passes a list. */
bool cidrs_allow(const struct names *list, const char *address);
/* Each of `inner` lies in one of `outer`, or outer is empty. */
bool cidrs_hold(const struct names *outer, const struct names *inner);
/* As Vault keeps them: a single address without its length. */
struct names cidrs_tidy(struct pool *p, const struct names *list);

#endif
