/*
 * The book of revocations: see crl.h. Guards: `lock` the lists and their signed forms; `revoking` is held for reading
 * from before a revocation is committed until it was added, and for writing while the store is read, so that the
 * reading finds each revocation once. Numbers are in the store (crl), so that none is used twice; the entry lock "crl"
 * is held from reading to committing them.
 */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/crl.h"

#define SECOND 1000000000LL

struct signed_list {
	uint8_t *der;
	size_t size, covers;    /* bytes of the entries that it has */
	int64_t number, made, ends;
	uint64_t age;           /* of the book when it was signed */
};

struct crl_list {
	struct crl_list *next;
	char name[33];
	uint8_t *entries;
	size_t size, room;
	struct signed_list complete, delta;
};

struct pki_book {
	pthread_rwlock_t revoking;
	pthread_mutex_t lock;
	bool loaded;
	uint64_t age;
	struct crl_list *lists;
};

static struct pki_book *book_of(struct request *r)
{
	return ((struct pki *)r->mount->state)->book;
}

struct pki_book *pki_book_make(void)
{
	struct pki_book *book = calloc(1, sizeof(*book));

	if (!book)
		abort();
	pthread_rwlock_init(&book->revoking, NULL);
	pthread_mutex_init(&book->lock, NULL);
	return book;
}

static void lists_free(struct pki_book *book)
{
	for (struct crl_list *l = book->lists, *next; l; l = next) {
		next = l->next;
		free(l->entries);
		free(l->complete.der);
		free(l->delta.der);
		free(l);
	}
	book->lists = NULL;
	book->loaded = false;
}

void pki_book_free(struct pki_book *book)
{
	if (!book)
		return;
	lists_free(book);
	pthread_rwlock_destroy(&book->revoking);
	pthread_mutex_destroy(&book->lock);
	free(book);
}

void pki_book_forget(struct pki_book *book)
{
	pthread_mutex_lock(&book->lock);
	lists_free(book);
	pthread_mutex_unlock(&book->lock);
}

void pki_book_expire(struct pki_book *book)
{
	pthread_mutex_lock(&book->lock);
	book->age++;
	pthread_mutex_unlock(&book->lock);
}

static void *must_grow(void *at, size_t size)
{
	at = realloc(at, size);
	if (!at)
		abort();
	return at;
}

static struct crl_list *list_of(struct pki_book *book, const char *name)
{
	struct crl_list *l = book->lists;

	while (l && strcmp(l->name, name))
		l = l->next;
	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	memcpy(l->name, name, strnlen(name, sizeof(l->name) - 1));
	l->next = book->lists;
	book->lists = l;
	return l;
}

static void list_add(struct pki_book *book, const char *name, struct blob entry)
{
	struct crl_list *l = list_of(book, name);

	if (l->room - l->size < entry.size) {
		l->room = 2 * (l->room + entry.size);
		l->entries = must_grow(l->entries, l->room);
	}
	memcpy(l->entries + l->size, entry.at, entry.size);
	l->size += entry.size;
}

/* "aa-bb" as bytes. */
static struct blob serial_read(struct pool *pool, const char *text)
{
	uint8_t *bytes = pool_take(pool, strlen(text) / 2 + 1);
	size_t n = 0;

	while (*text) {
		unsigned int high = text[0] <= '9' ? (unsigned int)(text[0] - '0') : (unsigned int)(text[0] - 'a' + 10);
		unsigned int low;

		if (!text[1])
			break;
		low = text[1] <= '9' ? (unsigned int)(text[1] - '0') : (unsigned int)(text[1] - 'a' + 10);
		bytes[n++] = (uint8_t)(high << 4 | (low & 15));
		text += text[2] ? 3 : 2;
	}
	return (struct blob){ bytes, n };
}

struct reading {
	struct pki_book *book;
};

static int book_read_one(void *context, const char *path, struct blob value)
{
	struct reading *reading = context;
	const char *serial = strrchr(path, '/') + 1;
	struct text_error error;
	struct pool pool _cleanup_pool_;
	const struct json *o;
	const char *crl;
	int64_t at;

	pool_init(&pool);
	o = pool_read_json(&pool, (const char *)value.at, value.size, &error);
	crl = pool_json_member(&pool, o, "crl");
	if (crl && json_member(o, "revoked_at") && json_i64(json_member(o, "revoked_at"), &at))
		list_add(reading->book, crl, pki_crl_entry(&pool, serial_read(&pool, serial), at));
	return 0;
}

static bool book_read(struct request *r, struct pki_book *book)
{
	struct reading reading = { book };
	int error = barrier_walk(r->core->barrier, pool_printf(&r->pool, "%srevoked/", r->mount->view.prefix),
				 book_read_one, &reading);

	if (error)
		r->failed = error;
	return !error;
}

static bool book_loaded(struct pki_book *book)
{
	bool loaded;

	pthread_mutex_lock(&book->lock);
	loaded = book->loaded;
	pthread_mutex_unlock(&book->lock);
	return loaded;
}

/* No revocation is between its commit and its adding while this holds `revoking`. */
static void book_load(struct request *r)
{
	struct pki_book *book = book_of(r);

	if (book_loaded(book))
		return;
	pthread_rwlock_wrlock(&book->revoking);
	pthread_mutex_lock(&book->lock);
	if (!book->loaded) {
		lists_free(book);
		book->loaded = book_read(r, book);
	}
	pthread_mutex_unlock(&book->lock);
	pthread_rwlock_unlock(&book->revoking);
}

void pki_book_enter(struct request *r)
{
	pthread_rwlock_rdlock(&book_of(r)->revoking);
}

void pki_book_add(struct request *r, const char *crl, struct blob serial, int64_t revoked_at)
{
	struct pki_book *book = book_of(r);
	struct blob entry = pki_crl_entry(&r->pool, serial, revoked_at);

	pthread_mutex_lock(&book->lock);
	if (book->loaded)
		list_add(book, crl, entry);
	pthread_mutex_unlock(&book->lock);
}

void pki_book_leave(struct request *r)
{
	pthread_rwlock_unlock(&book_of(r)->revoking);
}

/* -- signing -- */

/* Whether what is signed still says what is so. Without auto_rebuild every revocation shows at once. */
static bool list_fresh(const struct pki_book *book, const struct crl_list *l, const struct pki_set *set, bool delta,
		       int64_t now)
{
	const struct signed_list *s = delta ? &l->delta : &l->complete;
	const struct pki_crl_config *config = &set->crl;
	int64_t grace = config->grace_seconds < config->expiry_seconds ? config->grace_seconds :
		config->expiry_seconds / 2;

	if (!s->der || s->age != book->age || s->ends <= now)
		return false;
	if (delta)
		return s->number >= l->complete.number &&
		       (s->covers == l->size || now < s->made + config->delta_seconds);
	if (s->ends - grace <= now)
		return false;
	return config->auto_rebuild || s->covers == l->size;
}

/* What a signature is made over, copied out of the lock: signing a long list must not stop revoking. */
static struct blob list_snapshot(struct pool *pool, const struct crl_list *l, const struct pki_set *set, size_t from)
{
	if (set->crl.disable || l->size == from)
		return (struct blob){ NULL, 0 };
	return (struct blob){ (const uint8_t *)pool_copy(pool, (const char *)l->entries + from, l->size - from),
			      l->size - from };
}

static const struct pki_algorithm *list_algorithm(const struct pki_issuer *issuer)
{
	const struct pki_algorithm *algorithm = pki_algorithm_named(issuer->revocation_algorithm);

	if (algorithm && !strcmp(algorithm->key_type, issuer->key->type))
		return algorithm;
	return pki_algorithm(issuer->key->type, issuer->key->bits, 0, false);
}

/* The next number of a list, from the store into the request's transaction. */
static int64_t number_next(struct request *r, const char *name)
{
	const struct json *o = entry_read(r, &r->mount->view, "crl");
	struct json_writer *w = entry_write(r);
	int64_t number = 1, old;

	for (const struct json *m = o ? o->first : NULL; m; m = m->next) {
		const char *other = pool_copy(&r->pool, m->name.at, m->name.size);

		if (!strcmp(other, name))
			number = json_i64(m, &old) ? old + 1 : 1;
		else
			json_put_raw(w, other, m->span.at, m->span.size);
	}
	json_put_i64(w, name, number);
	entry_written(r, &r->mount->view, "crl", w);
	return number;
}

static void list_install(struct signed_list *s, const struct pki_crl *crl, struct blob der, size_t covers, uint64_t age)
{
	s->der = must_grow(s->der, der.size);
	memcpy(s->der, der.at, der.size);
	s->size = der.size;
	s->covers = covers;
	s->number = crl->number;
	s->made = crl->this_update;
	s->ends = crl->next_update;
	s->age = age;
}

static bool list_sign(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer, bool delta,
		      struct blob *der)
{
	struct pki_book *book = book_of(r);
	const struct pki_urls *urls = issuer->has_urls ? &issuer->urls : &set->urls;
	struct pki_crl crl = { .base = -1, .this_update = request_seconds(r),
			       .next_update = request_seconds(r) + set->crl.expiry_seconds };
	struct crl_list *l;
	size_t covers;
	uint64_t age;
	const char *why;

	urls = pki_urls_fill(r, set, urls, issuer->id, &why);
	crl.freshest = urls ? &urls->delta_crl_distribution_points : NULL;
	pthread_mutex_lock(&book->lock);
	l = list_of(book, issuer->crl);
	if (delta)
		crl.base = l->complete.number;
	crl.entries = list_snapshot(&r->pool, l, set, delta ? l->complete.covers : 0);
	covers = l->size;
	age = book->age;
	pthread_mutex_unlock(&book->lock);
	crl.number = number_next(r, issuer->crl);
	if (!pki_crl_sign(&r->pool, &crl, &issuer->cert, issuer->key, list_algorithm(issuer), der))
		return pki_fail(r, "error creating new CRL"), false;
	if (!request_commit(r))
		return false;
	pthread_mutex_lock(&book->lock);
	if (book->loaded) {
		l = list_of(book, issuer->crl);
		list_install(delta ? &l->delta : &l->complete, &crl, *der, covers, age);
	}
	pthread_mutex_unlock(&book->lock);
	return true;
}

/* An issuer of this list that may sign it: the one that was asked for, or one that shares subject and key. */
static const struct pki_issuer *list_signer(const struct pki_set *set, const struct pki_issuer *issuer)
{
	if (issuer->key && issuer->usage & PKI_CRL_SIGNING)
		return issuer;
	for (size_t i = 0; i < set->issuer_count; i++)
		if (set->issuers[i].key && set->issuers[i].usage & PKI_CRL_SIGNING &&
		    !strcmp(set->issuers[i].crl, issuer->crl))
			return &set->issuers[i];
	return NULL;
}

static bool list_take(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer, bool delta,
		      struct blob *der)
{
	struct pki_book *book = book_of(r);
	struct signed_list *s;
	struct crl_list *l;
	bool fresh;

	pthread_mutex_lock(&book->lock);
	l = list_of(book, issuer->crl);
	s = delta ? &l->delta : &l->complete;
	fresh = list_fresh(book, l, set, delta, request_seconds(r));
	if (fresh)
		*der = (struct blob){ (const uint8_t *)pool_copy(&r->pool, (const char *)s->der, s->size), s->size };
	pthread_mutex_unlock(&book->lock);
	return fresh;
}

bool pki_crl_get(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer, bool delta,
		 struct blob *der)
{
	const struct pki_issuer *signer = list_signer(set, issuer);

	*der = (struct blob){ NULL, 0 };
	if (!signer || (delta && !set->crl.enable_delta))
		return true; /* there is none: an empty answer */
	book_load(r);
	if (list_take(r, set, signer, delta, der))
		return true;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, "crl");
	if (delta && !list_take(r, set, signer, false, der) && !list_sign(r, set, signer, false, der))
		return false;
	if (list_take(r, set, signer, delta, der)) /* another request signed it meanwhile */
		return true;
	return list_sign(r, set, signer, delta, der);
}

bool pki_crl_rotate(struct request *r, const struct pki_set *set, bool delta)
{
	struct blob der;

	book_load(r);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, "crl");
	for (size_t i = 0; i < set->issuer_count; i++) {
		const struct pki_issuer *signer = list_signer(set, &set->issuers[i]);
		bool done = !signer;

		for (size_t j = 0; j < i; j++)
			done = done || !strcmp(set->issuers[j].crl, set->issuers[i].crl);
		if (!done && !list_sign(r, set, signer, delta, &der))
			return false;
	}
	return true;
}
