/* Forms of text that names and times have: globs, host names, Punycode (RFC 3492), addresses, RFC 3339. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "server/engine/pki/role.h"

/* '*' stands for any characters, also none. */
bool pki_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool label_inner(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Letters, digits and '_', with '-' inside. */
static bool label_good(const char *at, size_t size)
{
	if (!size || !label_inner(at[0]) || !label_inner(at[size - 1]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!label_inner(at[i]) && at[i] != '-')
			return false;
	return true;
}

bool pki_hostname(const char *name)
{
	if (!strncmp(name, "*.", 2))
		name += 2;
	for (;;) {
		size_t size = strcspn(name, ".");

		if (!label_good(name, size))
			return false;
		name += size;
		if (!*name || !*++name) /* one dot may end it */
			return true;
	}
}

/* The leftmost label with its one '*': alone, before, behind or between good labels. */
bool pki_wild_label(const char *label)
{
	const char *star = strchr(label, '*');
	size_t before = (size_t)(star - label), behind = strlen(star + 1);

	return (!before || label_good(label, before)) && (!behind || label_good(star + 1, behind));
}

#define PUNY_BASE 36
static uint32_t puny_adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	for (delta += delta / count; delta > 35 * 26 / 2; k += PUNY_BASE)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* RFC 3492 section 6.3 over a label of at most 63 characters, so that nothing here can overflow. */
static bool puny_encode(const uint32_t *codes, uint32_t count, struct text *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint32_t n = 128, delta = 0, bias = 72, basic = 0, done;

	for (uint32_t i = 0; i < count; i++)
		if (codes[i] < 128) {
			text_put_bytes(out, &(char){ (char)codes[i] }, 1);
			basic++;
		}
	done = basic;
	if (basic)
		text_put(out, "-");
	while (done < count) {
		uint32_t next = UINT32_MAX;

		for (uint32_t i = 0; i < count; i++)
			if (codes[i] >= n && codes[i] < next)
				next = codes[i];
		delta += (next - n) * (done + 1);
		n = next;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t q = delta;

			delta += codes[i] < n;
			if (codes[i] != n)
				continue;
			q = delta;
			for (uint32_t k = PUNY_BASE;; k += PUNY_BASE) {
				uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;

				if (q < t)
					break;
				text_put_bytes(out, &digits[t + (q - t) % (PUNY_BASE - t)], 1);
				q = (q - t) / (PUNY_BASE - t);
			}
			text_put_bytes(out, &digits[q], 1);
			bias = puny_adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
	return true;
}

static uint32_t code_at(const char *at, size_t n)
{
	uint32_t code = (uint8_t)*at;

	if (n > 1)
		code &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((uint8_t)at[i] & 0x3f);
	return code;
}

/* One label; false: empty, too long, or not UTF-8. */
static bool label_to_ascii(const char *at, size_t size, struct text *out)
{
	uint32_t codes[63], count = 0;
	size_t before = out->used;
	bool plain = true;

	for (const char *end = at + size, *p = at; p < end;) {
		size_t n = utf8_length(p, end);

		if (!n || count == 63)
			return false;
		codes[count++] = code_at(p, n);
		plain = plain && n == 1;
		p += n;
	}
	if (plain) {
		text_put_bytes(out, at, size);
	} else {
		text_put(out, "xn--");
		puny_encode(codes, count, out);
	}
	return count && out->used - before <= 63;
}

const char *pki_to_ascii(struct pool *pool, const char *name, const char **bad)
{
	size_t size = strlen(name), room = 8 * size + 16;
	struct text t;

	text_init(&t, pool_take(pool, room), room);
	for (const char *at = name;;) {
		size_t label = strcspn(at, ".");

		if (!label_to_ascii(at, label, &t)) {
			*bad = pool_printf(pool, "idna: invalid label \"%s\"", pool_copy(pool, at, label));
			return NULL;
		}
		at += label;
		if (!*at)
			return t.at;
		text_put(&t, ".");
		if (!*++at) /* the root's dot */
			return t.at;
	}
}

bool pki_ip_read(struct pool *pool, const char *text, struct blob *ip)
{
	uint8_t *bytes = pool_take(pool, 16);

	ip->at = bytes;
	ip->size = inet_pton(AF_INET, text, bytes) == 1 ? 4 : inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
	return ip->size;
}

/* Exactly `count` digits. */
static bool digits_read(const char **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = 10 * *value + (**at - '0');
	}
	return true;
}

/* RFC 3339 section 5.6. */
bool pki_time_read(const char *text, int64_t *seconds)
{
	static const char separators[] = "--T::";
	const char *at = text;
	struct tm tm = { .tm_isdst = 0 };
	int *const parts[6] = { &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec };
	int hours, minutes, sign, day;

	for (int i = 0; i < 6; i++) {
		if (!digits_read(&at, i ? 2 : 4, parts[i]) || (i < 5 && *at++ != separators[i]))
			return false;
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 59)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	day = tm.tm_mday;
	*seconds = timegm(&tm);
	if (tm.tm_mday != day) /* the 31st of a month of 30 */
		return false;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			;
	if (*at == 'Z')
		return !at[1];
	if (*at != '+' && *at != '-')
		return false;
	sign = *at++ == '+' ? 1 : -1;
	if (!digits_read(&at, 2, &hours) || *at++ != ':' || !digits_read(&at, 2, &minutes) || *at)
		return false;
	*seconds -= sign * (hours * 3600 + minutes * 60);
	return true;
}
