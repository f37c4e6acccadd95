/* How long a token or lease may live. */
#include "server/token/tokens.h"

const char *ttl_text(struct pool *p, uint64_t seconds)
{
	uint64_t h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;
	const char *hours = h ? pool_printf(p, "%luh", h) : "";
	const char *minutes = m || (h && s) ? pool_printf(p, "%lum", m) : "";

	return pool_printf(p, "%s%s%s", hours, minutes, s || !seconds ? pool_printf(p, "%lus", s) : "");
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

/* A periodic one ends by its explicit limit only; others by the mount's too, counted from the beginning. */
bool ttl_decide(struct request *r, const struct ttl_question *q, uint64_t *ttl)
{
	uint64_t limit = lesser(lesser(q->limit, q->max_ttl), q->explicit_max_ttl), life = limit;
	int64_t now = request_seconds(r), left;

	*ttl = q->increment ? q->increment : q->ttl ? q->ttl : q->default_ttl;
	if (q->period) {
		if (q->period > limit)
			reply_warning(r, "period of \"%s\" exceeded the effective max_ttl of \"%s\"; period value is "
				      "capped accordingly", ttl_text(&r->pool, q->period), ttl_text(&r->pool, limit));
		*ttl = lesser(q->period, limit);
		life = q->explicit_max_ttl;
		if (!life)
			return true;
	}
	if (life > INT64_MAX / 2)
		life = INT64_MAX / 2;
	left = q->issued + (int64_t)life - now;
	if (left <= 0)
		return false;
	if (*ttl > (uint64_t)left) {
		reply_warning(r,
			      "TTL of \"%s\" exceeded the effective max_ttl of \"%s\"; TTL value is capped accordingly",
			      ttl_text(&r->pool, *ttl), ttl_text(&r->pool, (uint64_t)left));
		*ttl = (uint64_t)left;
	}
	return true;
}
