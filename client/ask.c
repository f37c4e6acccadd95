/* One request to the server, by libcurl. */
#include "client/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX (256UL * 1024 * 1024)

static char *ask_escape(const char *s, const char *also)
{
	struct text t = { .grow = keep_grow };
	char hex[4] = "%";

	keep_grow(&t, 0);
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr(also, *s)) {
			text_put_bytes(&t, s, 1);
			continue;
		}
		hex[1] = "0123456789ABCDEF"[(uint8_t)*s >> 4];
		hex[2] = "0123456789ABCDEF"[*s & 15];
		text_put(&t, hex);
	}
	return t.at;
}

char *ask_path(const char *path)
{
	return ask_escape(path, "-._~$&+,/:;=@!'()*");
}

char *ask_query(const char *text)
{
	return ask_escape(text, "-._~");
}

static size_t ask_more(char *data, size_t one, size_t count, void *to)
{
	struct text *t = to;

	if (one * count > ANSWER_MAX - t->used)
		return 0;
	text_put_bytes(t, data, one * count);
	return one * count;
}

static void ask_header(struct curl_slist **headers, const char *name, const char *value)
{
	if (value && *value)
		*headers = curl_slist_append(*headers, keep_format("%s: %s", name, value));
}

static struct curl_slist *ask_headers(const struct client *c, const char *method, const char *body)
{
	struct curl_slist *headers = NULL;

	ask_header(&headers, "X-Vault-Request", "true");
	ask_header(&headers, "X-Vault-Token", c->token);
	ask_header(&headers, "X-Vault-Namespace", c->name_space);
	ask_header(&headers, "X-Vault-Wrap-TTL", c->wrap_ttl);
	if (body)
		ask_header(&headers, "Content-Type",
			   strcmp(method, "PATCH") ? "application/json" : "application/merge-patch+json");
	for (const struct given *g = c->given; g; g = g->next)
		if (strcmp(g->name, "header") == 0)
			ask_header(&headers, keep_bytes(g->value, strcspn(g->value, "=")), strchr(g->value, '=') + 1);
	return headers;
}

static void ask_trust(CURL *h, const struct client *c)
{
	if (c->ca_certificate)
		curl_easy_setopt(h, CURLOPT_CAINFO, c->ca_certificate);
	if (c->ca_folder)
		curl_easy_setopt(h, CURLOPT_CAPATH, c->ca_folder);
	if (c->certificate)
		curl_easy_setopt(h, CURLOPT_SSLCERT, c->certificate);
	if (c->key)
		curl_easy_setopt(h, CURLOPT_SSLKEY, c->key);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, c->skip_verify ? 0L : 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, c->skip_verify ? 0L : 2L);
}

/* A standby sends the client on, once; never from TLS to plain text. */
static void ask_options(CURL *h, const struct client *c, const char *url, const char *method, const char *body)
{
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, strncmp(url, "https:", 6) ? "http,https" : "https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(h, CURLOPT_MAXREDIRS, 1L);
	curl_easy_setopt(h, CURLOPT_UNRESTRICTED_AUTH, 1L);
	curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, c->timeout);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "adyton-client");
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	if (body) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	}
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, ask_more);
	if (strncmp(c->address, "unix://", 7) == 0)
		curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->address + 7);
	ask_trust(h, c);
}

/* The address with another name in it where the certificate shall carry that; curl is told where it really is. */
static struct curl_slist *ask_elsewhere(const struct client *c, const char *host, size_t size)
{
	if (!c->server_name || !size)
		return NULL;
	return curl_slist_append(NULL, keep_format("%s::%.*s:", c->server_name, (int)size, host));
}

static char *ask_url(const struct client *c, const char *path, struct curl_slist **elsewhere)
{
	const char *host = strstr(c->address, "://");
	size_t size, length = strlen(c->address);

	*elsewhere = NULL;
	while (length && c->address[length - 1] == '/')
		length--;
	if (strncmp(c->address, "unix://", 7) == 0)
		return keep_format("http://localhost/v1/%s", path);
	if (!host || !c->server_name)
		return keep_format("%.*s/v1/%s", (int)length, c->address, path);
	host += 3;
	size = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	*elsewhere = ask_elsewhere(c, host, size);
	return keep_format("%.*s%s%.*s/v1/%s", (int)(host - c->address), c->address, c->server_name,
			   (int)(length - (size_t)(host + size - c->address)), host + size, path);
}

void answer_parse(struct answer *a)
{
	struct json_reader r = { .capacity = a->size + 1 };
	struct text_error error;

	if (!a->size)
		return;
	r.values = keep(r.capacity * sizeof(*r.values));
	if (json_read(&r, a->body, a->size, &error) == 0)
		a->json = r.values;
}

/* As Vault's own clients say it: scripts look for "Code: 403". */
static const char *answer_error(const struct client *c, const char *method, const char *url, const struct answer *a)
{
	const struct json *errors = json_member_of(a->json, "errors", JSON_ARRAY);
	struct text t = { .grow = keep_grow };

	keep_grow(&t, 0);
	text_put(&t, keep_format("Error making API request.\n\n%s%s%sURL: %s %s\nCode: %ld. %s:\n\n",
				 c->name_space ? "Namespace: " : "", c->name_space ? c->name_space : "",
				 c->name_space ? "\n" : "", method, url, a->status, errors ? "Errors" : "Raw Message"));
	if (!errors)
		text_put(&t, a->body);
	for (const struct json *e = errors ? errors->first : NULL; e; e = e->next) {
		text_put(&t, "* ");
		text_put(&t, value_text(e));
		text_put(&t, e->next ? "\n" : "");
	}
	return t.at;
}

static void ask_perform(CURL *h, const char *method, const char *url, struct answer *a)
{
	char said[CURL_ERROR_SIZE] = "";
	struct text body = { .grow = keep_grow };
	CURLcode code;

	keep_grow(&body, 0);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, said);
	code = curl_easy_perform(h);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &a->status);
	else
		a->error = keep_format("%s \"%s\": %s", method, url, *said ? said : curl_easy_strerror(code));
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, NULL);
	a->body = body.at;
	a->size = body.used;
}

/* -output-curl-string: the request for another program; the token stays where it is. */
static void ask_show(const struct client *c, const char *method, const char *url, const char *body)
{
	(void)printf("curl %s%s%s-H \"X-Vault-Request: true\" -H \"X-Vault-Token: $(%s print token)\" ",
		     strcmp(method, "GET") ? "-X " : "", strcmp(method, "GET") ? method : "",
		     strcmp(method, "GET") ? " " : "", c->called);
	if (c->name_space)
		(void)printf("-H \"X-Vault-Namespace: %s\" ", c->name_space);
	if (c->wrap_ttl)
		(void)printf("-H \"X-Vault-Wrap-Ttl: %s\" ", c->wrap_ttl);
	if (body)
		(void)printf("-d '%s' ", body);
	(void)printf("%s\n", url);
	exit(0);
}

int ask(const struct client *c, const char *method, const char *path, const char *body, struct answer *a)
{
	struct curl_slist *elsewhere, *headers;
	char *url = ask_url(c, path, &elsewhere);
	CURL *h;

	*a = (struct answer){ .body = "" };
	if (c->curl_string)
		ask_show(c, method, url, body);
	h = curl_easy_init();
	if (!h) {
		a->error = "out of memory";
		return -1;
	}
	headers = ask_headers(c, method, body);
	ask_options(h, c, url, method, body);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_CONNECT_TO, elsewhere);
	ask_perform(h, method, url, a);
	curl_easy_cleanup(h);
	curl_slist_free_all(headers);
	curl_slist_free_all(elsewhere);
	if (!a->status)
		return -1;
	answer_parse(a);
	if (a->status < 400)
		return 0;
	a->error = answer_error(c, method, url, a);
	return -1;
}

bool answer_absent(const struct answer *a)
{
	const struct json *data = json_member_of(a->json, "data", JSON_OBJECT);
	const struct json *warnings = json_member_of(a->json, "warnings", JSON_ARRAY);

	return a->status == 404 && !(data && data->count) && !(warnings && warnings->count);
}
