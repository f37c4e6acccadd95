/* identity/lookup: the entity or group that one of several words names. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

static const char *const words[] = { "id", "name", "alias_id", "alias_name", "alias_mount_accessor" };

/* One word, or the last two: 0, or a refusal. */
static int words_check(struct request *r)
{
	size_t count = 0;
	bool both = *ask_text_or(r, "alias_name", "") && *ask_text_or(r, "alias_mount_accessor", "");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		count += asked(r, words[i]);
	if (!count)
		return refuse(r, 400, "query parameter not supplied");
	if (count != 1 && !(count == 2 && both))
		return refuse(r, 400, "query parameter conflict; please supply distinct set of query parameters");
	if (count == 1 && (*ask_text_or(r, "alias_name", "") || *ask_text_or(r, "alias_mount_accessor", "")))
		return refuse(r, 400, "both 'alias_name' and 'alias_mount_accessor' needs to be set");
	return 0;
}

/* The id that an alias leads to, or the request's own; NULL: none. */
static const char *id_of(struct request *r, bool of_group)
{
	if (asked(r, "alias_id"))
		return alias_owner(r, of_group, ask_text_or(r, "alias_id", ""));
	if (asked(r, "alias_name"))
		return alias_owner_at(r, of_group, ask_text_or(r, "alias_mount_accessor", ""),
				      ask_text_or(r, "alias_name", ""));
	return ask_text(r, "id");
}

/* Nothing found is 204: the lookup is an update that has no answer. */
static int none(int status)
{
	return status == 404 ? 204 : status;
}

int lookup_entity(struct request *r)
{
	int status = words_check(r);
	const char *id;

	if (status)
		return status;
	if (asked(r, "name"))
		return none(entity_show(r, person_by_name(r, ask_text_or(r, "name", ""))));
	id = id_of(r, false);
	return none(entity_show(r, id ? person_load(r, id) : NULL));
}

int lookup_group(struct request *r)
{
	int status = words_check(r);
	const char *id;

	if (status)
		return status;
	if (asked(r, "name"))
		return none(group_show(r, group_by_name(r, ask_text_or(r, "name", ""))));
	id = id_of(r, true);
	return none(group_show(r, id ? group_load(r, id) : NULL));
}
