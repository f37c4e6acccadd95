/* Tables of settings: see rows.h. */
#include <string.h>

#include "server/engine/pki/rows.h"

static bool name_is(const struct json *member, const char *name)
{
	return member && member->name.size == strlen(name) && !memcmp(member->name.at, name, member->name.size);
}

/* Members stand in the table's order where this wrote them: mostly the next is the one that is wanted. */
void pki_rows_read(struct pool *pool, const struct pki_row *rows, size_t count, const struct json *stored, void *to)
{
	const struct json *next = stored ? stored->first : NULL;

	for (size_t i = 0; i < count; i++) {
		const struct json *j = name_is(next, rows[i].name) ? next : json_member(stored, rows[i].name);
		char *at = (char *)to + rows[i].offset;

		if (!j)
			continue;
		next = j->next;
		if (rows[i].type == FIELD_BOOL)
			*(bool *)(void *)at = json_true(j);
		else if (rows[i].type == FIELD_STRING)
			*(const char **)(void *)at = pool_json_text(pool, j);
		else if (rows[i].type == FIELD_LIST || rows[i].type == FIELD_ANY)
			*(struct names *)(void *)at = names_read(pool, j);
		else if (!json_i64(j, (int64_t *)(void *)at))
			*(int64_t *)(void *)at = 0;
	}
}

void pki_rows_write(struct json_writer *w, const struct pki_row *rows, size_t count, const void *from)
{
	for (size_t i = 0; i < count; i++) {
		const void *at = (const char *)from + rows[i].offset;

		if (rows[i].type == FIELD_BOOL)
			json_put_bool(w, rows[i].name, *(const bool *)at);
		else if (rows[i].type == FIELD_STRING)
			json_put_string(w, rows[i].name, *(const char *const *)at);
		else if (rows[i].type == FIELD_LIST || rows[i].type == FIELD_ANY)
			names_put(w, rows[i].name, at);
		else
			json_put_i64(w, rows[i].name, *(const int64_t *)at);
	}
}

void pki_rows_ask(struct request *r, const struct pki_row *rows, size_t count, void *to)
{
	for (size_t i = 0; i < count; i++) {
		void *at = (char *)to + rows[i].offset;

		if (rows[i].type == FIELD_ANY || !asked(r, rows[i].name))
			continue;
		if (rows[i].type == FIELD_BOOL)
			*(bool *)at = ask_bool(r, rows[i].name, false);
		else if (rows[i].type == FIELD_STRING)
			*(const char **)at = ask_text_or(r, rows[i].name, "");
		else if (rows[i].type == FIELD_LIST)
			*(struct names *)at = ask_list(r, rows[i].name);
		else if (rows[i].type == FIELD_SECONDS)
			*(int64_t *)at = (int64_t)ask_seconds(r, rows[i].name, 0);
		else
			*(int64_t *)at = ask_int(r, rows[i].name, 0);
	}
}
