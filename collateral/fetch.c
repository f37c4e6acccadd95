#include "collateral/fetch.h"
#include "collateral/pace.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define FETCH_TRIES 3

static size_t fetch_body(char *data, size_t one, size_t count, void *to)
{
	struct fetch_answer *a = to;
	size_t size = one * count;
	char *body;

	if (size > FETCH_BODY_MAX - a->size)
		return 0;
	body = realloc(a->body, a->size + size + 1);
	if (!body)
		return 0;
	a->body = body;
	memcpy(body + a->size, data, size);
	a->size += size;
	body[a->size] = '\0';
	return size;
}

static void fetch_unescape(const char *from, size_t size, char *to)
{
	size_t n = 0;
	char hex[3] = "", *end;

	for (size_t i = 0; i < size; i++) {
		if (from[i] == '%' && i + 2 < size) {
			memcpy(hex, from + i + 1, 2);
			to[n] = (char)strtoul(hex, &end, 16);
			if (!*end) {
				n++;
				i += 2;
				continue;
			}
		}
		to[n++] = from[i];
	}
	to[n] = '\0';
}

/* "SGX-TCB-Info-Issuer-Chain: -----BEGIN%20CERTIFICATE..." */
static size_t fetch_header(char *line, size_t one, size_t count, void *to)
{
	static const char suffix[] = "-Issuer-Chain";
	struct fetch_answer *a = to;
	size_t size = one * count, name = 0;
	const char *value;

	while (name < size && line[name] != ':')
		name++;
	if (name == size || name < sizeof(suffix) ||
	    strncasecmp(line + name - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
		return size;
	value = line + name + 1;
	while (value < line + size && isspace((unsigned char)*value))
		value++;
	size_t length = (size_t)(line + size - value);

	while (length && isspace((unsigned char)value[length - 1]))
		length--;
	if (length < FETCH_CHAIN_MAX)
		fetch_unescape(value, length, a->chain);
	return size;
}

static void fetch_options(CURL *c, const struct fetch *f, const char *url, struct fetch_answer *a, char *error)
{
	/* A source that is asked by https is not left for another protocol or place. */
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, strncmp(url, "http:", 5) == 0 ? "http" : "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, f->timeout < 10 ? f->timeout : 10L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, f->timeout);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "adyton-collateral");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, fetch_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, fetch_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
}

/* The status, or -1. *wait: what Retry-After says. */
static long fetch_once(const struct fetch *f, const char *url, struct fetch_answer *a, int64_t *wait, struct fail *why)
{
	char error[CURL_ERROR_SIZE] = "";
	CURL *c = curl_easy_init();
	curl_off_t seconds = 0;
	long status = 0;
	CURLcode code;

	*wait = 0;
	if (!c)
		return fail(why, "%s: out of memory", url);
	fetch_options(c, f, url, a, error);
	code = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &seconds);
	curl_easy_cleanup(c);
	*wait = seconds;
	if (code != CURLE_OK)
		return fail(why, "%s: %s", url, *error ? error : curl_easy_strerror(code));
	return status;
}

static void fetch_drop(struct fetch_answer *a)
{
	free(a->body);
	memset(a, 0, sizeof(*a));
}

int fetch_get(const struct fetch *f, const char *url, int apart, struct fetch_answer *a, struct fail *why)
{
	int64_t wait;
	long status;

	for (int i = 0; i < FETCH_TRIES; i++) {
		memset(a, 0, sizeof(*a));
		if (pace_wait(f->state, url, f->patience, why))
			return -1;
		status = fetch_once(f, url, a, &wait, why);
		if (apart)
			pace_note(f->state, url, time(NULL) + apart);
		if (status == 200 && a->body)
			return 0;
		fetch_drop(a);
		if (status != 429 && (status != 503 || wait <= 0))
			return status < 0 ? -1 : fail(why, "%s: the source answered %ld", url, status);
		pace_note(f->state, url, time(NULL) + (wait > 0 ? wait : 10));
	}
	return fail(why, "%s: the source still answers %ld (too many requests)", url, status);
}
