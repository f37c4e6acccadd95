/* One file with everything that is cached and holds, for a machine without a network. */
#include "base/json_write.h"
#include "collateral/collateral.h"
#include "image/cleanup.h"
#include "platform/stamp.h"
#include "platform/state.h"

#include <stdio.h>
#include <string.h>

#define PACK_MAX (64UL << 20)

struct pack {
	const struct arguments *a;
	struct json_writer w;
	int count, status;
};

static int pack_subject(const struct store *s, const struct subject *who, void *data)
{
	struct pack *p = data;
	_cleanup_free_ char *json = NULL;
	char name[SUBJECT_NAME_MAX];
	struct contents c;
	struct fail f;

	if (p->a->has_subject && memcmp(who, &p->a->subject, sizeof(*who)))
		return 0;
	subject_name(who, name);
	if (store_get(s, who, &json, &c, &f) || store_verify(s, who, json, &c, &f)) {
		p->status = say(EXIT_REFUSED, "%s is left out: %s", name, f.text);
		return 0;
	}
	json_put_raw(&p->w, NULL, json, strlen(json));
	p->count++;
	return 0;
}

static int pack_write(struct pack *p, struct store *s, struct fail *f)
{
	char made[STAMP_SIZE], dir[PATHS_MAX], *slash;

	stamp_text(s->now, made);
	json_object(&p->w, NULL);
	json_put_u64(&p->w, "version", 1);
	json_put_string(&p->w, "made", made);
	json_array(&p->w, "bundles");
	(void)store_each(s, pack_subject, p);
	json_close(&p->w);
	json_close(&p->w);
	if (json_write_end(&p->w) < 0)
		return fail(f, "the pack is too large");
	if (!p->count)
		return fail(f, "nothing that is cached holds");
	(void)snprintf(dir, sizeof(dir), "%s%s", *p->a->output == '/' ? "" : "./", p->a->output);
	slash = strrchr(dir, '/');
	*slash = '\0';
	return state_put_file(*dir ? dir : "/", slash + 1, p->w.text.at, 0644, f);
}

int command_pack(struct arguments *a)
{
	_cleanup_free_ char *buffer = malloc(PACK_MAX);
	struct pack p = { .a = a };
	struct store s;
	struct fail f;
	int err;

	if (!a->output || !buffer)
		return say(EXIT_USAGE, "collateral pack: expected -o and the file to write");
	json_write_init(&p.w, buffer, PACK_MAX, false);
	err = store_open(&s, a->dir, a->trust, moment_of(a), &f) || pack_write(&p, &s, &f);
	store_close(&s);
	return err ? say(1, "collateral pack: %s", f.text) : p.status;
}
