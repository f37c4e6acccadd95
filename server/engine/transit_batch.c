/* Many values in one request: each has its answer or its error, in order. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/transit.h"

int transit_batch(struct request *r, struct transit_batch *b)
{
	const struct json *items = ask_json(r, "batch_input");

	*b = (struct transit_batch){ .first = r->body, .count = 1 };
	if (!items)
		return 0;
	if (items->kind != JSON_ARRAY)
		return refuse(r, 400, "failed to parse batch input: source data must be an array or slice");
	if (!items->count)
		return refuse(r, 400, "missing batch input to process");
	*b = (struct transit_batch){ .first = items->first, .many = true, .count = items->count };
	for (const struct json *item = items->first; item; item = item->next)
		if (item->kind != JSON_OBJECT)
			return refuse(r, 400, "failed to parse batch input: expected a map, got %s",
				      json_kind_name(item->kind));
	return 0;
}

void transit_batch_begin(struct request *r, const struct transit_batch *b)
{
	if (b->many)
		json_array(reply_data(r), "batch_results");
}

const struct json *item_next(const struct transit_batch *b, const struct json *item)
{
	return b->many ? item->next : NULL;
}

bool item_has(const struct json *item, const char *name)
{
	const struct json *value = json_member(item, name);

	return value && value->kind != JSON_NULL;
}

/* Of the body alone, a number is taken for its text, as for any field. */
const char *item_text(struct request *r, const struct json *item, const char *name)
{
	return item == r->body ? ask_text(r, name) : pool_json_text(&r->pool, json_member(item, name));
}

const char *item_read(struct request *r, const struct json *item, struct transit_item *to)
{
	const struct json *version = json_member(item, "key_version");
	const char *text = item_text(r, item, "context"), *wrong = NULL;

	*to = (struct transit_item){ .text = NULL };
	if (item_has(item, "context"))
		wrong = base64_read(&r->pool, text, &to->context);
	text = item_text(r, item, "associated_data");
	if (!wrong && item_has(item, "associated_data"))
		wrong = base64_read(&r->pool, text, &to->aad);
	if (item == r->body)
		to->version = ask_int(r, "key_version", 0);
	else if (version && version->kind != JSON_NULL &&
		 (version->kind != JSON_NUMBER || !json_i64(version, &to->version)))
		wrong = "'key_version' expected type 'int'";
	return wrong;
}

static bool context_stands(struct request *r, const struct json *item)
{
	const char *context = item_text(r, item, "context");

	return context && *context;
}

int transit_same_context(struct request *r, const struct transit_batch *b, bool *have)
{
	*have = context_stands(r, b->first);
	for (const struct json *item = b->first; item; item = item_next(b, item))
		if (context_stands(r, item) != *have)
			return refuse(r, 400, "context should be set either in all the request blocks or in none");
	return 0;
}

struct json_writer *item_answer(struct request *r, struct transit_batch *b, const char *wrong)
{
	struct json_writer *w;

	b->failed += wrong != NULL;
	if (wrong && !b->many) {
		refuse(r, 400, "%s", wrong);
		return NULL;
	}
	w = reply_data(r);
	if (b->many)
		json_object(w, NULL);
	return w;
}

void item_end(struct request *r, const struct transit_batch *b, struct json_writer *w, const struct json *item,
	      const char *wrong)
{
	const char *reference;

	if (!b->many)
		return;
	if (wrong)
		json_put_string(w, "error", wrong);
	reference = item_text(r, item, "reference");
	json_put_string(w, "reference", reference ? reference : "");
	json_close(w);
}

int transit_batch_end(struct request *r, const struct transit_batch *b, bool partial)
{
	int64_t code = ask_int(r, "partial_failure_response_code", 0);

	if (!b->many)
		return b->failed ? 400 : 200;
	json_close(reply_data(r));
	if (!b->failed || !partial)
		return 200;
	if (b->failed == b->count || !asked(r, "partial_failure_response_code"))
		return 400;
	if (code >= 200 && code <= 599) /* what HTTP has for an answer that ends */
		return (int)code;
	reply_warning(r, "invalid HTTP response code override from partial_failure_response_code, reverting to 400");
	return 400;
}
