#include "collateral/pace.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "image/paths.h"
#include "platform/state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PACE_LONGEST 86400 /* no source is believed that it wants to be left alone for longer */

/* "pace-kdsintf.amd.com": what stands between // and the path, as a file name. */
static void pace_file(const char *url, char *name, size_t size)
{
	const char *host = strstr(url, "//");
	size_t n = (size_t)snprintf(name, size, "pace-");

	for (host = host ? host + 2 : url; *host && *host != '/' && *host != '?' && n + 1 < size; host++)
		name[n++] = isalnum((unsigned char)*host) || *host == '.' || *host == '-' ? *host : '_';
	name[n] = '\0';
}

static int64_t pace_read(const char *state, const char *url)
{
	char name[128], path[PATHS_MAX + 130];
	_cleanup_free_ uint8_t *text = NULL;
	struct fail ignored;
	size_t size;

	pace_file(url, name, sizeof(name));
	(void)snprintf(path, sizeof(path), "%s/%s", state, name);
	return io_read_file(path, 64, &text, &size, &ignored) ? 0 : strtoll((char *)text, NULL, 10);
}

int pace_wait(const char *state, const char *url, int64_t patience, struct fail *f)
{
	int64_t from = pace_read(state, url), now = time(NULL);

	if (from > now + PACE_LONGEST)
		from = now + PACE_LONGEST;
	if (from <= now)
		return 0;
	if (from - now > patience)
		return fail(f, "%s: the source wants no request for another %lld s, and we wait for at most %lld s",
			    url, (long long)(from - now), (long long)patience);
	for (; from > now; now = time(NULL))
		(void)nanosleep(&(struct timespec){ .tv_sec = from - now }, NULL);
	return 0;
}

/* What cannot be written is forgotten: the source will say it again. */
void pace_note(const char *state, const char *url, int64_t moment)
{
	char name[128], text[32];
	struct fail ignored;

	pace_file(url, name, sizeof(name));
	(void)snprintf(text, sizeof(text), "%lld\n", (long long)moment);
	(void)!state_put_file(state, name, text, 0600, &ignored);
}
