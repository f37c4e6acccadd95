/* Answers as bytes. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server/core/core.h"
#include "server/http/map.h"

static const struct { int status; const char *text; } reasons[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 301, "Moved Permanently" },
	{ 302, "Found" }, { 304, "Not Modified" }, { 307, "Temporary Redirect" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 412, "Precondition Failed" },
	{ 413, "Request Entity Too Large" }, { 414, "Request URI Too Long" }, { 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" }, { 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
	{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}

/* RFC 9110 5.6.7, without the locale's names. */
static void date_text(char *to, size_t size, time_t now)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec" };
	static _Thread_local time_t last;
	static _Thread_local char text[40];
	struct tm t;

	if (now != last) { /* once a second is enough */
		gmtime_r(&now, &t);
		snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
			 months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
		last = now;
	}
	snprintf(to, size, "%s", text);
}

/* A header that a handler set stands in for ours of that name. */
static bool replaced(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->reply.headers.count; i += 2)
		if (!strcasecmp(r->reply.headers.at[i], name))
			return true;
	return false;
}

/* No line of a value may become a header of its own: control characters are left out. */
static void put_header(struct text *t, const char *name, const char *value)
{
	text_put(t, name);
	text_put_bytes(t, ": ", 2);
	while (*value) {
		size_t clean = 0;

		while (value[clean] >= ' ' && value[clean] != 0x7f)
			clean++;
		text_put_bytes(t, value, clean);
		value += clean + (value[clean] != '\0');
	}
	text_put_bytes(t, "\r\n", 2);
}

static void text_grow(struct text *t, size_t size)
{
	char *at = pool_take(t->owner, size + 512);

	memcpy(at, t->at, t->used + 1);
	t->at = at;
	t->size = size + 512;
}

static void put_fixed(struct text *t, const struct request *r)
{
	static const char *const fixed[][2] = {
		{ "Cache-Control", "no-store" },
		{ "Strict-Transport-Security", "max-age=31536000; includeSubDomains" },
		{ "X-Content-Type-Options", "nosniff" },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!replaced(r, fixed[i][0]))
			put_header(t, fixed[i][0], fixed[i][1]);
	for (size_t i = 0; i < r->reply.headers.count; i += 2)
		put_header(t, r->reply.headers.at[i], r->reply.headers.at[i + 1]);
}

static void put_head(struct text *t, const struct request *r, bool has_body, size_t size, bool close)
{
	char date[40];

	text_put_bytes(t, "HTTP/1.1 ", 9);
	text_put_u64(t, (uint64_t)r->reply.status);
	text_put_bytes(t, " ", 1);
	text_put(t, reason_of(r->reply.status));
	date_text(date, sizeof(date), request_seconds(r));
	text_put_bytes(t, "\r\nDate: ", 8);
	text_put(t, date);
	text_put_bytes(t, "\r\n", 2);
	put_fixed(t, r);
	if (has_body) {
		put_header(t, "Content-Type", r->reply.raw_type ? r->reply.raw_type : "application/json");
		text_put(t, "Content-Length: ");
		text_put_u64(t, size);
		text_put_bytes(t, "\r\n", 2);
	}
	if (close)
		put_header(t, "Connection", "close");
	text_put_bytes(t, "\r\n", 2);
}

struct blob map_answer(struct request *r, const struct gate_head *head, bool close)
{
	struct blob body = core_body(r);
	bool has_body = r->reply.status != 204 && r->reply.status != 304;
	struct text t;

	text_init(&t, pool_take(&r->pool, 1024 + body.size), 1024 + body.size);
	t.grow = text_grow;
	t.owner = &r->pool;
	put_head(&t, r, has_body, body.size, close);
	if (has_body && strcmp(head->method, "HEAD"))
		text_put_bytes(&t, (const char *)body.at, body.size);
	return (struct blob){ (const uint8_t *)t.at, t.used };
}

size_t map_refusal(const struct gate_error *why, char *buffer, size_t size)
{
	int used = snprintf(buffer, size,
			    "HTTP/1.1 %d %s\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n"
			    "Connection: close\r\nContent-Length: %zu\r\n\r\n{\"errors\":[\"%s\"]}\n",
			    why->status, reason_of(why->status), strlen(why->text) + 16, why->text);

	return (size_t)used < size ? (size_t)used : size;
}
