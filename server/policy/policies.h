/* The policies that the server keeps, for the endpoints. Who changes them runs alone (ROUTE_EXCLUSIVE). */
#ifndef ADYTON_SERVER_POLICY_POLICIES_H
#define ADYTON_SERVER_POLICY_POLICIES_H

#include "server/policy/policy.h"

extern const struct view policies_view;

/* The text as it was written, or NULL; root's is empty. */
const char *policies_text(struct request *r, const char *name);
bool policies_exist(struct request *r, const char *name);
void policies_write(struct request *r, const char *name, const char *text);
void policies_delete(struct request *r, const char *name);
/* What was read before is read anew. */
void policies_forget(struct core *core);
/* Now and then, with nothing held: where memory is full of sets, it starts anew when no request runs. */
void policies_tick(struct core *core);
/* Trims, lower case, no repetitions, sorted; root stands alone; `add_default`: with "default". */
struct names policies_clean(struct pool *p, const struct names *names, bool add_default);
/* As members of an array: "read", ... ; "deny" where nothing is allowed. In Vault's order, sorted by name. */
void capabilities_put(struct json_writer *w, unsigned int capabilities);

/* Each path of a set: what stands of it in the text, without the '*' of a prefix. */
void policy_set_each(const struct policy_set *set, void (*fn)(void *context, const char *path, bool glob,
							      unsigned int capabilities), void *context);
bool policy_set_root(const struct policy_set *set);

#endif
