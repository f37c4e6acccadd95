/* What verifies for one mount: roots and collateral, parsed once and shared by the logins that run. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/auth/attest.h"
#include "server/core/core.h"

#define BUNDLES_MAX 256

/* Counted: a login that verifies keeps the one it began with, while a new configuration takes its place. */
struct verifier {
	unsigned int users;
	struct attest *context;
	struct attest_collateral *bundles[BUNDLES_MAX];
	size_t count;
};

struct attest_method {
	pthread_mutex_t lock;    /* guards the pointer and the counts of users */
	struct verifier *current; /* NULL: to be read */
	struct nonces *nonces;
};

static void verifier_free(struct verifier *v)
{
	for (size_t i = 0; i < v->count; i++)
		attest_collateral_free(v->bundles[i]);
	attest_free(v->context);
	free(v);
}

static void verifier_put(struct attest_method *a, struct verifier *v)
{
	unsigned int left;

	pthread_mutex_lock(&a->lock);
	left = --v->users;
	pthread_mutex_unlock(&a->lock);
	if (!left)
		verifier_free(v);
}

/* Bundles were parsed when they were stored; one that no longer parses (other roots since) verifies nothing. */
static void verifier_read_bundle(struct request *r, struct verifier *v, const char *name)
{
	struct attest_refusal why;
	struct blob text;

	if (v->count < BUNDLES_MAX &&
	    entry_get(r, &r->mount->view, pool_printf(&r->pool, "collateral/%s", name), &text) &&
	    !attest_collateral_parse(v->context, text.at, text.size, &v->bundles[v->count], &why))
		v->count++;
}

static bool verifier_trust(struct request *r, struct verifier *v)
{
	const struct json *config = entry_read(r, &r->mount->view, "config");
	const char *roots = config ? pool_json_member(&r->pool, config, "roots") : NULL;
	const char *machines = config ? pool_json_member(&r->pool, config, "machine_roots") : NULL;
	struct attest_refusal why;

	return (!roots || !*roots || !attest_trust(v->context, roots, strlen(roots), &why)) &&
	       (!machines || !*machines || !attest_trust_machine(v->context, machines, strlen(machines), &why));
}

static struct verifier *verifier_read(struct request *r)
{
	struct verifier *v = calloc(1, sizeof(*v));
	struct names bundles;

	if (!v)
		abort();
	v->users = 1;
	v->context = attest_new();
	if (!v->context || !verifier_trust(r, v)) {
		verifier_free(v);
		return NULL;
	}
	bundles = entry_list(r, &r->mount->view, "collateral/");
	for (size_t i = 0; i < bundles.count; i++)
		verifier_read_bundle(r, v, bundles.at[i]);
	return v;
}

static struct verifier *verifier_get(struct request *r)
{
	struct attest_method *a = r->mount->state;
	struct verifier *v;

	pthread_mutex_lock(&a->lock);
	v = a->current;
	if (!v)
		v = a->current = verifier_read(r);
	if (v)
		v->users++;
	pthread_mutex_unlock(&a->lock);
	return v;
}

int attest_open(struct request *r, struct mount *m)
{
	struct attest_method *a = calloc(1, sizeof(*a));

	(void)r;
	if (!a)
		abort();
	pthread_mutex_init(&a->lock, NULL);
	a->nonces = nonces_make();
	m->state = a;
	return 0;
}

void attest_changed(struct mount *m)
{
	struct attest_method *a = m->state;
	struct verifier *old;

	pthread_mutex_lock(&a->lock);
	old = a->current;
	a->current = NULL;
	pthread_mutex_unlock(&a->lock);
	if (old)
		verifier_put(a, old);
}

void attest_close(struct mount *m)
{
	struct attest_method *a = m->state;

	attest_changed(m);
	nonces_free(a->nonces);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

struct nonces *attest_nonces(const struct mount *m)
{
	const struct attest_method *a = m->state;

	return a->nonces;
}

/* Of several verdicts the one that came furthest: reasons are in the order of the checks. */
static bool verdict_better(const struct attest_verdict *v, const struct attest_verdict *than)
{
	return v->accepted || (!than->accepted && v->refusal.reason > than->refusal.reason);
}

bool attest_judge(struct request *r, const struct attest_request *question, struct blob sent, struct attest_verdict *v)
{
	struct attest_method *a = r->mount->state;
	struct verifier *verifier = verifier_get(r);
	struct attest_verdict *one = pool_take(&r->pool, sizeof(*one));
	struct attest_collateral *own = NULL;
	struct attest_request q = *question;

	if (!verifier)
		return false;
	if (sent.size && attest_collateral_parse(verifier->context, sent.at, sent.size, &own, &one->refusal))
		own = NULL;
	q.collateral = own;
	attest_verify(verifier->context, &q, v);
	for (size_t i = 0; i < verifier->count && !v->accepted; i++) {
		q.collateral = verifier->bundles[i];
		attest_verify(verifier->context, &q, one);
		if (verdict_better(one, v))
			*v = *one;
	}
	attest_collateral_free(own);
	verifier_put(a, verifier);
	return true;
}
