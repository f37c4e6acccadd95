/*
 * The policies of the server. Texts are entries of the store; parsed policies, and sets for the combinations of
 * policies and identity that ask, are kept in memory and thrown away as a whole when a policy changes: that happens in
 * exclusive requests, so nobody is using them then. What is kept is only ever added to meanwhile, at the head of a
 * chain, so readers need no lock.
 */
#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/core.h"
#include "server/identity/identity.h"
#include "server/policy/policies.h"
#include "server/policy/rule.h"
#include "server/policy/texts.h"
#include "server/token/token.h"

#define BUCKETS 1024
#define SETS_MAX 4096 /* beyond these a set is made for its request alone, until policies_tick() */

const struct view policies_view = { "sys/policy/" };

struct kept {
	struct kept *next;
	const char *key;
	size_t key_size;
	struct policy *policy;  /* of a name; NULL: there is none */
	struct policy_set *set; /* of a combination */
	struct pool pool;
};

struct policies {
	struct kept *_Atomic names[BUCKETS];
	struct kept *_Atomic sets[BUCKETS];
	atomic_size_t set_count, absent_count;
	/* What was thrown away last: the request that did so may still hold names and sets of it. */
	struct kept *_Atomic retired_names[BUCKETS], *_Atomic retired_sets[BUCKETS];
};

static uint64_t key_hash(const char *key, size_t size)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)key[i]) * 1099511628211ULL;
	return hash ^ hash >> 32;
}

static struct kept *kept_find(struct kept *_Atomic *buckets, const char *key, size_t size)
{
	struct kept *k = atomic_load_explicit(&buckets[key_hash(key, size) % BUCKETS], memory_order_acquire);

	while (k && (k->key_size != size || memcmp(k->key, key, size) != 0))
		k = k->next;
	return k;
}

static struct kept *kept_make(const char *key, size_t size)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	pool_init(&k->pool);
	k->key = pool_copy(&k->pool, key, size);
	k->key_size = size;
	return k;
}

/* Two threads may both add the same: the one in front is found, both are freed in the end. */
static void kept_add(struct kept *_Atomic *buckets, struct kept *k)
{
	struct kept *_Atomic *head = &buckets[key_hash(k->key, k->key_size) % BUCKETS];

	k->next = atomic_load_explicit(head, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(head, &k->next, k, memory_order_release, memory_order_relaxed))
		;
}

static void kept_free(struct kept *k)
{
	pool_close(&k->pool);
	free(k);
}

/* Tables that were retired before are freed, and these take their place. */
static void kept_retire(struct kept *_Atomic *buckets, struct kept *_Atomic *retired)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct kept *k = atomic_exchange(&retired[i], atomic_exchange(&buckets[i], NULL)), *next;

		for (; k; k = next) {
			next = k->next;
			kept_free(k);
		}
	}
}

/* The server's own policies are there from the first unseal; "default" may be changed, so it is only written then. */
int policies_open(struct core *core, struct request *r)
{
	core->policies = calloc(1, sizeof(*core->policies));
	if (!core->policies)
		abort();
	if (!policies_exist(r, "default"))
		policies_write(r, "default", policy_default_text);
	policies_write(r, "response-wrapping", policy_wrapping_text);
	return r->failed;
}

void policies_forget(struct core *core)
{
	if (!core->policies)
		return;
	kept_retire(core->policies->sets, core->policies->retired_sets);
	kept_retire(core->policies->names, core->policies->retired_names);
	atomic_store(&core->policies->set_count, 0);
	atomic_store(&core->policies->absent_count, 0);
}

void policies_tick(struct core *core)
{
	if (!core->policies || atomic_load(&core->policies->set_count) < SETS_MAX)
		return;
	if (pthread_rwlock_trywrlock(&core->lock))
		return;
	policies_forget(core);
	pthread_rwlock_unlock(&core->lock);
}

void policies_close(struct core *core)
{
	policies_forget(core);
	policies_forget(core);
	free(core->policies);
	core->policies = NULL;
}

const char *policies_text(struct request *r, const char *name)
{
	const struct json *entry;

	if (!strcmp(name, "root"))
		return "";
	entry = entry_read(r, &policies_view, name);
	return pool_json_member(&r->pool, entry, "text");
}

bool policies_exist(struct request *r, const char *name)
{
	return policies_text(r, name) != NULL;
}

void policies_write(struct request *r, const char *name, const char *text)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "text", text);
	entry_written(r, &policies_view, name, w);
	policies_forget(r->core);
}

void policies_delete(struct request *r, const char *name)
{
	entry_delete(r, &policies_view, name);
	policies_forget(r->core);
}

struct names policies_clean(struct pool *p, const struct names *names, bool add_default)
{
	struct names clean = { NULL, 0 };

	for (size_t i = 0; i < names->count; i++) {
		const char *from = names->at[i] + strspn(names->at[i], " \t\n");
		size_t size = strlen(from);
		char *name;

		while (size && strchr(" \t\n", from[size - 1]))
			size--;
		name = pool_copy(p, from, size);
		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (*name)
			names_add(p, &clean, name);
	}
	if (names_have(&clean, "root")) {
		clean = (struct names){ NULL, 0 };
		names_add(p, &clean, "root");
		return clean;
	}
	if (add_default)
		names_add(p, &clean, "default");
	names_sort(&clean);
	return clean;
}

/* One that no longer parses allows nothing: it was checked when it was written. */
static struct policy *policy_load(struct request *r, struct pool *p, const char *name)
{
	struct policy *policy = NULL;
	struct text_error error;
	const char *text = policies_text(r, name);

	if (text && policy_parse(p, name, text, strlen(text), &policy, &error))
		r->failed = -EBADMSG;
	return policy;
}

/* NULL: there is none. That a name does not exist is kept as well: tokens may hold many such, but not without bound. */
static struct policy *policy_named(struct request *r, const char *name)
{
	struct policies *all = r->core->policies;
	struct kept *k = kept_find(all->names, name, strlen(name));

	if (k)
		return k->policy;
	k = kept_make(name, strlen(name));
	k->policy = policy_load(r, &k->pool, name);
	if (r->failed || (!k->policy && atomic_fetch_add(&all->absent_count, 1) >= SETS_MAX)) {
		kept_free(k);
		return NULL;
	}
	kept_add(all->names, k);
	return k->policy;
}

static struct policy_set *set_load(struct request *r, struct pool *p, const struct names *names,
				   const struct entity *entity)
{
	struct policy **policies = pool_take(&r->pool, (names->count + 1) * sizeof(struct policy *));
	struct policy_identity identity = { .entity = entity };
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct policy *policy = policy_named(r, names->at[i]);

		if (policy)
			policies[count++] = policy;
	}
	return policy_set_make(p, policies, count, &identity);
}

static void key_put(struct text *t, const char *s)
{
	if (s)
		text_put_bytes(t, s, strlen(s));
	text_put_bytes(t, "", 1);
}

static void key_put_blob(struct text *t, struct blob b)
{
	text_put_u64(t, b.size);
	text_put_bytes(t, "", 1);
	text_put_bytes(t, (const char *)b.at, b.size);
}

/* Everything that a template could ask of it. */
static void key_put_entity(struct text *t, const struct entity *e)
{
	key_put(t, e->id);
	key_put(t, e->name);
	key_put_blob(t, e->metadata);
	text_put_u64(t, e->alias_count);
	for (size_t i = 0; i < e->alias_count; i++) {
		key_put(t, e->aliases[i].id);
		key_put(t, e->aliases[i].name);
		key_put(t, e->aliases[i].mount_accessor);
		key_put_blob(t, e->aliases[i].metadata);
	}
	for (size_t i = 0; i < e->group_count; i++) {
		key_put(t, e->groups[i].id);
		key_put(t, e->groups[i].name);
		key_put_blob(t, e->groups[i].metadata);
	}
}

static struct blob set_key(struct request *r, const struct names *names, const struct entity *entity)
{
	struct json_writer w; /* for its buffer that grows */

	pool_json(&r->pool, &w);
	for (size_t i = 0; i < names->count; i++)
		key_put(&w.text, names->at[i]);
	text_put_bytes(&w.text, "", 1);
	if (entity)
		key_put_entity(&w.text, entity);
	return (struct blob){ (const uint8_t *)w.text.at, w.text.used };
}

struct policy_set *policies_set(struct request *r, const struct names *names, const struct entity *entity)
{
	struct policies *all = r->core->policies;
	struct blob key = set_key(r, names, entity);
	struct kept *k = kept_find(all->sets, (const char *)key.at, key.size);

	if (k)
		return k->set;
	if (atomic_fetch_add(&all->set_count, 1) >= SETS_MAX)
		return set_load(r, &r->pool, names, entity);
	k = kept_make((const char *)key.at, key.size);
	k->set = set_load(r, &k->pool, names, entity);
	if (r->failed) {
		kept_free(k);
		return NULL;
	}
	kept_add(all->sets, k);
	return k->set;
}

/* Token's and identity's together; root is only the token's to hold, and then alone. */
void policies_of_request(struct request *r)
{
	struct names names = { NULL, 0 };

	if (!r->token)
		return;
	r->root = names_have(&r->token->policies, "root");
	for (size_t i = 0; i < r->token->policies.count; i++)
		names_add(&r->pool, &names, r->token->policies.at[i]);
	for (size_t i = 0; !r->root && r->entity && i < r->entity->policies.count; i++)
		if (strcmp(r->entity->policies.at[i], "root") != 0)
			names_add(&r->pool, &names, r->entity->policies.at[i]);
	names_sort(&names);
	r->policies = policies_set(r, &names, r->entity);
}

void capabilities_put(struct json_writer *w, unsigned int capabilities)
{
	static const struct {
		unsigned int bit;
		const char *word;
	} words[] = {
		{ CAP_CREATE, "create" }, { CAP_DELETE, "delete" }, { CAP_LIST, "list" }, { CAP_PATCH, "patch" },
		{ CAP_READ, "read" }, { CAP_SUDO, "sudo" }, { CAP_UPDATE, "update" },
	};

	if (capabilities & CAP_ROOT) {
		json_put_string(w, NULL, "root");
		return;
	}
	if (!capabilities || capabilities & CAP_DENY) {
		json_put_string(w, NULL, "deny");
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (capabilities & words[i].bit)
			json_put_string(w, NULL, words[i].word);
}
