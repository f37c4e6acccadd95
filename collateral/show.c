#include "base/json_write.h"
#include "collateral/collateral.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/stamp.h"

#include <stdio.h>
#include <string.h>

#define SHOW_MAX (4UL << 20)

struct show {
	const struct arguments *a;
	struct json_writer w;
	int64_t now;
	int status;
};

static const char *show_fate(struct show *show, int64_t until)
{
	if (until < show->now) {
		show->status = EXIT_REFUSED;
		return "expired";
	}
	if (until < show->now + show->a->days) {
		if (!show->status)
			show->status = EXIT_EXPIRING;
		return "expires soon";
	}
	return "holds";
}

static void show_text(struct show *show, const char *name, const struct contents *c)
{
	char until[STAMP_SIZE];

	(void)printf("%s\n", name);
	for (size_t i = 0; i < c->count; i++) {
		stamp_text(c->items[i].until, until);
		(void)printf("  %-12s  until %s  %6lld days  %s\n", show_fate(show, c->items[i].until), until,
			     (long long)((c->items[i].until - show->now) / STAMP_DAY), c->items[i].what);
	}
}

static void show_json(struct show *show, const char *name, const struct contents *c)
{
	char text[STAMP_SIZE];

	json_object(&show->w, NULL);
	json_put_string(&show->w, "name", name);
	json_array(&show->w, "items");
	for (size_t i = 0; i < c->count; i++) {
		json_object(&show->w, NULL);
		json_put_string(&show->w, "member", c->items[i].member);
		json_put_string(&show->w, "what", c->items[i].what);
		stamp_text(c->items[i].issued, text);
		json_put_string(&show->w, "issued", text);
		stamp_text(c->items[i].until, text);
		json_put_string(&show->w, "until", text);
		json_put_string(&show->w, "fate", show_fate(show, c->items[i].until));
		json_close(&show->w);
	}
	json_close(&show->w);
	json_close(&show->w);
}

static int show_bundle(struct show *show, const char *name, const char *json, size_t size, struct fail *f)
{
	struct contents c;

	if (contents_read(&c, json, size, f))
		return -1;
	if (show->a->json)
		show_json(show, name, &c);
	else
		show_text(show, name, &c);
	return 0;
}

static int show_subject(const struct store *s, const struct subject *who, void *data)
{
	struct show *show = data;
	_cleanup_free_ char *json = NULL;
	char name[SUBJECT_NAME_MAX];
	struct contents c;
	struct fail f;

	subject_name(who, name);
	if (store_get(s, who, &json, &c, &f) || show_bundle(show, name, json, strlen(json), &f))
		show->status = say(EXIT_REFUSED, "%s: %s", name, f.text);
	return 0;
}

static int show_file(struct show *show, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	const struct json *bundles;
	struct contents_text t;
	char name[64];
	int err = 0, i = 0;
	size_t size;

	if (io_read_file(path, 64 * MIB, &text, &size, f) || contents_parse(&t, (char *)text, size, f))
		return -1;
	bundles = json_member_of(t.values, "bundles", JSON_ARRAY);
	if (!bundles)
		err = show_bundle(show, path, t.text, t.size, f);
	for (const struct json *b = bundles && bundles->count ? bundles->first : NULL; b && !err; b = b->next) {
		(void)snprintf(name, sizeof(name), "bundle %d", ++i);
		err = show_bundle(show, name, b->span.at, b->span.size, f);
	}
	contents_free(&t);
	return err;
}

static int show_all(struct show *show, struct arguments *a, struct fail *f)
{
	struct store s;
	int err;

	if (a->operand)
		return show_file(show, a->operand, f);
	err = store_open(&s, a->dir, a->trust, show->now, f);
	if (!err)
		(void)store_each(&s, show_subject, show);
	store_close(&s);
	return err;
}

int command_show(struct arguments *a)
{
	struct show show = { .a = a, .now = moment_of(a) };
	_cleanup_free_ char *buffer = malloc(SHOW_MAX);
	struct fail f;

	if (!buffer)
		return say(1, "collateral: out of memory");
	json_write_init(&show.w, buffer, SHOW_MAX, true);
	json_array(&show.w, NULL);
	if (show_all(&show, a, &f))
		return say(EXIT_REFUSED, "%s%s%s", a->operand ? a->operand : "", a->operand ? ": " : "", f.text);
	json_close(&show.w);
	if (a->json && json_write_end(&show.w) >= 0)
		(void)printf("%s\n", buffer);
	return show.status;
}
