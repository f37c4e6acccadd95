#include "server/auth/fetch.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#define SECONDS_MAX 20L
#define CONNECT_SECONDS_MAX 5L

struct answer {
	struct pool *pool;
	uint8_t *bytes;
	size_t size, room, most;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t answer_add(char *data, size_t one, size_t count, void *context)
{
	struct answer *a = context;
	size_t size = one * count;

	if (size > a->most - a->size)
		return 0;
	if (a->size + size > a->room) {
		size_t room = 2 * (a->size + size);
		uint8_t *bytes = pool_take(a->pool, room);

		if (a->size)
			memcpy(bytes, a->bytes, a->size);
		a->bytes = bytes;
		a->room = room;
	}
	memcpy(a->bytes + a->size, data, size);
	a->size += size;
	return size;
}

static struct curl_slist *handle_prepare(CURL *c, struct pool *p, const struct fetch *f, struct answer *a)
{
	struct curl_slist *headers = NULL;
	struct curl_blob ca = { .data = NULL };

	curl_easy_setopt(c, CURLOPT_URL, f->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, SECONDS_MAX);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS_MAX);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_add);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (f->ca_pem && *f->ca_pem) {
		ca.data = (void *)(uintptr_t)f->ca_pem;
		ca.len = strlen(f->ca_pem);
		ca.flags = CURL_BLOB_COPY;
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	}
	if (f->form)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->form);
	if (f->authorization)
		headers = curl_slist_append(headers, pool_printf(p, "Authorization: %s", f->authorization));
	headers = curl_slist_append(headers, "Accept: application/json, */*");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	return headers;
}

const char *fetch(struct pool *p, const struct fetch *f, struct blob *body)
{
	struct answer a = { .pool = p, .most = f->size_max };
	struct curl_slist *headers;
	const char *why = NULL;
	CURLcode result;
	long status = 0;
	CURL *c;

	pthread_once(&curl_once, curl_begin);
	c = curl_easy_init();
	if (!c)
		return "no memory";
	headers = handle_prepare(c, p, f, &a);
	result = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (result == CURLE_WRITE_ERROR)
		why = pool_printf(p, "%s: more than %zu bytes", f->url, f->size_max);
	else if (result)
		why = pool_printf(p, "%s: %s", f->url, curl_easy_strerror(result));
	else if (status != 200)
		why = pool_printf(p, "%s: expected status 200, found %ld", f->url, status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	*body = (struct blob){ a.bytes, why ? 0 : a.size };
	return why;
}

const char *url_encoded(struct pool *p, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *to = pool_take(p, 3 * strlen(text) + 1), *at = to;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c)) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '%';
		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	return to;
}
