#include "server/auth/cidr.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool bits_read(const char *text, unsigned int most, unsigned int *bits)
{
	unsigned int value = 0;

	if (!*text || strlen(text) > 3)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned int)(*text - '0');
	}
	*bits = value;
	return value <= most;
}

bool cidr_read(const char *text, struct cidr *c)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];

	*c = (struct cidr){ .bits = 0 };
	if (!size || size >= sizeof(address))
		return false;
	memcpy(address, text, size);
	address[size] = '\0';
	c->six = strchr(address, ':');
	if (inet_pton(c->six ? AF_INET6 : AF_INET, address, c->bytes) != 1)
		return false;
	c->bits = c->six ? 128 : 32;
	if (slash && !bits_read(slash + 1, c->bits, &c->bits))
		return false;
	if (c->six && c->bits >= 96 && !memcmp(c->bytes, mapped, sizeof(mapped))) {
		memmove(c->bytes, c->bytes + 12, 4);
		memset(c->bytes + 4, 0, 12);
		c->six = false;
		c->bits -= 96;
	}
	return true;
}

bool cidr_holds(const struct cidr *outer, const struct cidr *inner)
{
	unsigned int whole = outer->bits / 8, rest = outer->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (outer->six != inner->six || inner->bits < outer->bits || memcmp(outer->bytes, inner->bytes, whole))
		return false;
	return !rest || !((outer->bytes[whole] ^ inner->bytes[whole]) & mask);
}

const char *cidrs_wrong(const struct names *list)
{
	struct cidr c;

	for (size_t i = 0; i < list->count; i++)
		if (!cidr_read(list->at[i], &c))
			return list->at[i];
	return NULL;
}

static bool list_holds(const struct names *list, const struct cidr *inner)
{
	struct cidr c;

	for (size_t i = 0; i < list->count; i++)
		if (cidr_read(list->at[i], &c) && cidr_holds(&c, inner))
			return true;
	return false;
}

bool cidrs_allow(const struct names *list, const char *address)
{
	struct cidr c;

	if (!list->count)
		return true;
	return address && !strchr(address, '/') && cidr_read(address, &c) && list_holds(list, &c);
}

bool cidrs_hold(const struct names *outer, const struct names *inner)
{
	struct cidr c;

	for (size_t i = 0; outer->count && i < inner->count; i++)
		if (!cidr_read(inner->at[i], &c) || !list_holds(outer, &c))
			return false;
	return true;
}

struct names cidrs_tidy(struct pool *p, const struct names *list)
{
	struct names tidy = { NULL, 0 };
	struct cidr c;

	for (size_t i = 0; i < list->count; i++) {
		const char *text = list->at[i], *slash = strchr(text, '/');

		if (slash && cidr_read(text, &c) && c.bits == (c.six ? 128 : 32))
			text = pool_copy(p, text, (size_t)(slash - text));
		names_add(p, &tidy, text);
	}
	return tidy;
}
