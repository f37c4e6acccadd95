#include <stdlib.h>

#include "server/sys/settings.h"
#include "server/sys/sys.h"

static struct settings *settings_read(struct request *r)
{
	struct settings *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	pool_init(&s->pool);
	cors_load(r, s);
	quotas_load(r, s);
	return s;
}

static void settings_free(struct settings *s)
{
	if (!s)
		return;
	quotas_drop(s);
	pool_close(&s->pool);
	free(s);
}

int settings_open(struct core *core, struct request *r)
{
	core->settings = settings_read(r);
	version_note(r);
	return r->failed;
}

void settings_close(struct core *core)
{
	settings_free(core->settings);
	core->settings = NULL;
}

int settings_changed(struct request *r)
{
	struct settings *old = r->core->settings;

	if (!request_commit(r))
		return 500;
	r->core->settings = settings_read(r);
	settings_free(old);
	return 204;
}
