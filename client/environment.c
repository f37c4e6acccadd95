/* What flags do not say: the environment, and the token in ~/.vault-token. */
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ADDRESS_OF_ALL "https://127.0.0.1:8200"
#define SECONDS_OF_ALL 60L

const char *environment(const char *name)
{
	const char *own = getenv(keep_format("ADYTON_%s", name)), *vaults = getenv(keep_format("VAULT_%s", name));

	return own && *own ? own : vaults && *vaults ? vaults : NULL;
}

const char *token_file(void)
{
	const char *home = getenv("HOME");

	return home && *home ? keep_format("%s/.vault-token", home) : NULL;
}

char *token_stored(void)
{
	const char *path = token_file();
	size_t size;
	char *text = path ? file_read(path, &size) : NULL;

	if (text)
		text[strcspn(text, "\r\n \t")] = '\0';
	return text;
}

/* Written beside and renamed, so that nobody reads half a token. */
int token_store(const char *token)
{
	const char *path = token_file();
	char *beside;
	ssize_t n;
	int fd;

	if (!path)
		return complain(2, "Error storing token: HOME is not set");
	beside = keep_format("%s.%d", path, getpid());
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return complain(2, "Error storing token: %s: %s", beside, strerror(errno));
	n = write(fd, token, strlen(token));
	if (close(fd) || n != (ssize_t)strlen(token) || rename(beside, path)) {
		int why = errno;

		(void)unlink(beside);
		return complain(2, "Error storing token: %s: %s", path, strerror(why));
	}
	return 0;
}

static const char *first_of(const struct client *c, const char *name, const char *variable, const char *otherwise)
{
	const char *value = flag(c, name);

	if (!value)
		value = environment(variable);
	return value && *value ? value : otherwise;
}

static bool environment_true(const char *name)
{
	const char *value = environment(name);

	return value && (strcasecmp(value, "true") == 0 || strcasecmp(value, "t") == 0 || strcmp(value, "1") == 0);
}

static int format_take(struct client *c)
{
	static const char *const formats[] = { "table", "json", "yaml", "yml", "raw" };

	c->format = first_of(c, "format", "FORMAT", "table");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcasecmp(c->format, formats[i]) == 0) {
			c->format = i == 3 ? "yaml" : formats[i];
			return 0;
		}
	return complain(1, "Invalid output format: %s", c->format);
}

int environment_take(struct client *c)
{
	const char *timeout = environment("CLIENT_TIMEOUT");

	c->address = first_of(c, "address", "ADDR", ADDRESS_OF_ALL);
	c->name_space = first_of(c, "namespace", "NAMESPACE", flag(c, "ns"));
	c->wrap_ttl = first_of(c, "wrap-ttl", "WRAP_TTL", NULL);
	c->ca_certificate = first_of(c, "ca-cert", "CACERT", NULL);
	c->ca_folder = first_of(c, "ca-path", "CAPATH", NULL);
	c->certificate = first_of(c, "client-cert", "CLIENT_CERT", NULL);
	c->key = first_of(c, "client-key", "CLIENT_KEY", NULL);
	c->server_name = first_of(c, "tls-server-name", "TLS_SERVER_NAME", NULL);
	c->skip_verify = flag(c, "tls-skip-verify") ? flag_true(c, "tls-skip-verify") : environment_true("SKIP_VERIFY");
	c->token = first_of(c, "token", "TOKEN", NULL);
	if (!c->token)
		c->token = token_stored();
	c->field = flag(c, "field");
	c->detailed = flag(c, "detailed") ? flag_true(c, "detailed") : environment_true("DETAILED");
	c->curl_string = flag_true(c, "output-curl-string");
	c->timeout = timeout ? strtol(timeout, NULL, 10) : 0;
	if (c->timeout <= 0)
		c->timeout = SECONDS_OF_ALL;
	return format_take(c);
}
