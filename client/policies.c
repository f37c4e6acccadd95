#include "client/client.h"

#include <errno.h>
#include <string.h>

int policy_list_run(struct client *c)
{
	const struct json *keys;
	struct answer a;

	if (ask(c, "GET", "sys/policies/acl?list=true", NULL, &a))
		return output_error(&a, "listing policies");
	keys = json_member_of(json_member(a.json, "data"), "keys", JSON_ARRAY);
	if (keys && !output_is_table(c)) {
		output_json(c, keys);
		return 0;
	}
	for (const struct json *k = keys ? keys->first : NULL; k; k = k->next)
		(void)puts(value_text(k));
	return 0;
}

/* Names of policies are small letters. */
static char *policy_name(const char *name)
{
	char *lower = path_clean(name);

	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return lower;
}

int policy_read_run(struct client *c)
{
	const char *name = policy_name(c->operands[0]);
	const struct json *policy;
	struct json_writer w;
	struct answer a;

	if (ask(c, "GET", keep_format("sys/policies/acl/%s", ask_path(name)), NULL, &a) && a.status != 404)
		return output_error(&a, "reading policy named %s", name);
	policy = json_member_of(json_member(a.json, "data"), "policy", JSON_STRING);
	if (a.status == 404 || !policy)
		return complain(2, "No policy named: %s", name);
	if (output_is_table(c)) {
		const char *text = value_text(policy);
		size_t n = strlen(text);

		text += strspn(text, " \t\r\n");
		for (n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
			;
		(void)printf("%.*s\n", (int)n, text);
		return 0;
	}
	body_start(&w);
	value_write(&w, "policy", policy);
	a.body = body_end(&w);
	a.size = strlen(a.body);
	answer_parse(&a);
	output_json(c, a.json);
	return 0;
}

int policy_write_run(struct client *c)
{
	const char *name = policy_name(c->operands[0]);
	struct json_writer w;
	struct answer a;
	size_t size;
	char *text = file_read(c->operands[1], &size);

	if (!text)
		return complain(2, "Error opening policy file: %s: %s", c->operands[1], strerror(errno));
	body_start(&w);
	json_put_bytes(&w, "policy", text, size);
	if (ask(c, "PUT", keep_format("sys/policies/acl/%s", ask_path(name)), body_end(&w), &a))
		return output_error(&a, "uploading policy");
	if (strcmp(name, c->operands[0]))
		(void)complain(0, "Policy name was converted from \"%s\" to \"%s\"", c->operands[0], name);
	return output_success(c, "Uploaded policy: %s", name);
}

int policy_delete_run(struct client *c)
{
	const char *name = policy_name(c->operands[0]);
	struct answer a;

	if (ask(c, "DELETE", keep_format("sys/policies/acl/%s", ask_path(name)), NULL, &a))
		return output_error(&a, "deleting %s", name);
	return output_success(c, "Deleted policy: %s", name);
}
