/*
 * X-Forwarded-For, where the listener says whose word counts: a proxy tells for whom it asks. Who is not such a proxy
 * and sends it all the same is refused, and so is a proxy that does not: its requests would all have its own address.
 */
#include <string.h>
#include <strings.h>

#include "server/auth/cidr.h"
#include "server/http/map.h"

/* The last address that the last of these headers names: what the proxy itself has seen. */
static const char *last_hop(struct pool *p, const struct gate_head *head)
{
	const char *hop = NULL;

	for (size_t i = 0; i < head->count; i++)
		if (!strcasecmp(head->fields[i].name, "X-Forwarded-For"))
			hop = head->fields[i].value;
	if (hop && strrchr(hop, ','))
		hop = strrchr(hop, ',') + 1;
	if (!hop)
		return NULL;
	hop += strspn(hop, " \t[");
	return pool_copy(p, hop, strcspn(hop, " \t]"));
}

struct names map_ranges(struct pool *p, const char *text)
{
	struct names ranges = { .count = 0 };
	char *save = NULL;

	for (char *at = strtok_r(pool_text(p, text), ", ", &save); at; at = strtok_r(NULL, ", ", &save))
		names_add(p, &ranges, at);
	return ranges;
}

int map_forwarded(struct request *r, const struct gate_head *head, const char *authorized)
{
	struct names ranges;
	struct cidr address;
	const char *hop;

	if (!authorized)
		return 0;
	ranges = map_ranges(&r->pool, authorized);
	if (!ranges.count)
		return 0;
	hop = last_hop(&r->pool, head);
	if (!cidrs_allow(&ranges, r->origin.remote_address)) {
		if (hop)
			return refuse(r, 400, "client address not authorized for x-forwarded-for and configured to "
					      "reject connection");
		return 0;
	}
	if (!hop)
		return refuse(r, 400, "missing x-forwarded-for header and configured to reject when not present");
	if (strchr(hop, '/') || !cidr_read(hop, &address))
		return refuse(r, 400, "x-forwarded-for names no address");
	r->origin.remote_address = hop;
	r->origin.remote_port = 0;
	return 0;
}
