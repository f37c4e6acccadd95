#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "server/store/ring.h"

#define RING_AAD "adyton key ring"
#define RING_HEAD (1 + SECRET_KEY_MAX + 8 + 8 + 1 + 4)
#define RING_TERM (4 + 8 + 8 + SECRET_KEY_MAX)

static int64_t ring_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static struct ring_term *ring_add(struct ring *r)
{
	struct ring_term **terms = r->terms, *t;

	if (r->count == r->room) {
		terms = realloc(terms, (r->room + 8) * sizeof(struct ring_term *));
		if (!terms)
			return NULL;
		r->terms = terms;
		r->room += 8;
	}
	t = aligned_alloc(64, (sizeof(*t) + 63) & ~(size_t)63);
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->key.size = SECRET_KEY_MAX;
	terms[r->count++] = t;
	return t;
}

int ring_rotate(struct ring *r)
{
	const uint32_t newest = r->count ? ring_newest(r)->term : 0;
	struct ring_term *t;

	if (r->count == RING_TERMS_MAX || newest == UINT32_MAX)
		return -EDQUOT;
	t = ring_add(r);
	if (!t)
		return -ENOMEM;
	t->term = newest + 1;
	t->installed = ring_now();
	random_bytes(t->key.bytes, sizeof(t->key.bytes));
	aes_gcm_init(&t->gcm, t->key.bytes);
	return 0;
}

struct ring *ring_make(void)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->integrity.size = SECRET_KEY_MAX;
	random_bytes(r->integrity.bytes, SECRET_KEY_MAX);
	r->policy = (struct ring_policy){ .operations = RING_OPERATIONS_DEFAULT, .enabled = true };
	if (ring_rotate(r)) {
		ring_free(r);
		return NULL;
	}
	return r;
}

void ring_drop_newest(struct ring *r)
{
	struct ring_term *t = r->terms[--r->count];

	mem_wipe(t, sizeof(*t));
	free(t);
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	while (r->count)
		ring_drop_newest(r);
	free(r->terms);
	mem_wipe(r, sizeof(*r));
	free(r);
}

struct ring_term *ring_newest(const struct ring *r)
{
	return r->terms[r->count - 1];
}

static void ring_write(const struct ring *r, uint64_t ahead, struct bytes_writer *w)
{
	bytes_put_be(w, RING_VERSION, 1);
	bytes_put(w, r->integrity.bytes, SECRET_KEY_MAX);
	bytes_put_be(w, r->policy.operations, 8);
	bytes_put_be(w, r->policy.interval, 8);
	bytes_put_be(w, r->policy.enabled, 1);
	bytes_put_be(w, r->count, 4);
	for (size_t i = 0; i < r->count; i++) {
		const struct ring_term *t = r->terms[i];

		bytes_put_be(w, t->term, 4);
		bytes_put_be(w, (uint64_t)t->installed, 8);
		bytes_put_be(w, t->used + (i + 1 == r->count ? ahead : 0), 8);
		bytes_put(w, t->key.bytes, SECRET_KEY_MAX);
	}
}

void ring_written(struct ring *r, uint64_t ahead)
{
	ring_newest(r)->stored = ring_newest(r)->used + ahead;
}

struct blob ring_wrap(const struct ring *r, const struct secret_key *root_key, uint64_t ahead, struct pool *pool)
{
	size_t clear = RING_HEAD + r->count * RING_TERM, size = 1 + AES_GCM_NONCE_SIZE + clear + AES_GCM_TAG_SIZE;
	uint8_t *out = pool_take(pool, size), *body = out + 1 + AES_GCM_NONCE_SIZE;
	struct bytes_writer w = { .at = body, .size = clear };
	struct aes_gcm gcm;

	ring_write(r, ahead, &w);
	out[0] = RING_VERSION;
	random_bytes(out + 1, AES_GCM_NONCE_SIZE);
	aes_gcm_init(&gcm, root_key->bytes);
	aes_gcm_seal(&gcm, out + 1, RING_AAD, sizeof(RING_AAD) - 1, body, clear, body, body + clear);
	aes_gcm_wipe(&gcm);
	return (struct blob){ out, size };
}

static int ring_read(struct bytes_reader *b, struct ring *r)
{
	uint32_t count, last = 0;

	if (bytes_u8(b) != RING_VERSION)
		return -EBADMSG;
	bytes_copy(b, r->integrity.bytes, SECRET_KEY_MAX);
	r->integrity.size = SECRET_KEY_MAX;
	r->policy.operations = bytes_take_be(b, 8);
	r->policy.interval = bytes_take_be(b, 8);
	r->policy.enabled = bytes_u8(b);
	count = (uint32_t)bytes_take_be(b, 4);
	if (b->failed || !count || count > RING_TERMS_MAX || b->left != (size_t)count * RING_TERM)
		return -EBADMSG;
	for (uint32_t i = 0; i < count; i++) {
		struct ring_term *t = ring_add(r);

		if (!t)
			return -ENOMEM;
		t->term = (uint32_t)bytes_take_be(b, 4);
		t->installed = (int64_t)bytes_take_be(b, 8);
		t->used = t->stored = bytes_take_be(b, 8);
		bytes_copy(b, t->key.bytes, SECRET_KEY_MAX);
		if (t->term <= last)
			return -EBADMSG;
		last = t->term;
		aes_gcm_init(&t->gcm, t->key.bytes);
	}
	return 0;
}

static int ring_decode(const uint8_t *clear, size_t size, struct ring **ring)
{
	struct bytes_reader b = { .at = clear, .left = size };
	struct ring *r = calloc(1, sizeof(*r));
	int err = r ? ring_read(&b, r) : -ENOMEM;

	if (err) {
		ring_free(r);
		return err;
	}
	*ring = r;
	return 0;
}

int ring_unwrap(struct blob wrapped, const struct secret_key *root_key, struct ring **ring)
{
	_cleanup_pool_ struct pool scratch = { NULL };
	const uint8_t *body = wrapped.at + 1 + AES_GCM_NONCE_SIZE;
	struct aes_gcm gcm;
	uint8_t *clear;
	size_t size;
	bool good;

	pool_init(&scratch);
	if (wrapped.size < 1 + AES_GCM_NONCE_SIZE + RING_HEAD + AES_GCM_TAG_SIZE || wrapped.at[0] != RING_VERSION)
		return -EBADMSG;
	size = wrapped.size - 1 - AES_GCM_NONCE_SIZE - AES_GCM_TAG_SIZE;
	clear = pool_take(&scratch, size);
	aes_gcm_init(&gcm, root_key->bytes);
	good = aes_gcm_open(&gcm, wrapped.at + 1, RING_AAD, sizeof(RING_AAD) - 1, body, size, clear, body + size);
	aes_gcm_wipe(&gcm);
	return good ? ring_decode(clear, size, ring) : -EACCES;
}

struct blob ring_seal(struct ring *r, const char *path, struct blob value, struct pool *pool)
{
	struct ring_term *t = ring_newest(r);
	uint8_t *out = pool_take(pool, value.size + RING_ENTRY_EXTRA);
	struct bytes_writer w = { .at = out, .size = RING_ENTRY_HEAD };
	uint8_t *nonce;

	bytes_put_be(&w, RING_VERSION, 1);
	bytes_put_be(&w, t->term, 4);
	nonce = bytes_room(&w, AES_GCM_NONCE_SIZE);
	random_bytes(nonce, AES_GCM_NONCE_SIZE);
	aes_gcm_seal(&t->gcm, nonce, path, strlen(path), value.at, value.size, out + RING_ENTRY_HEAD,
		     out + RING_ENTRY_HEAD + value.size);
	t->used++;
	return (struct blob){ out, value.size + RING_ENTRY_EXTRA };
}

/* Terms are ascending but a ring may have lost none, so the newest is tried first and the rest by halving. */
static const struct ring_term *ring_find(const struct ring *r, uint32_t term)
{
	size_t low = 0, high = r->count;

	if (ring_newest(r)->term == term)
		return ring_newest(r);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->terms[middle]->term == term)
			return r->terms[middle];
		if (r->terms[middle]->term < term)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int ring_open(const struct ring *r, const char *path, struct blob *entry)
{
	uint8_t *at = (uint8_t *)entry->at, *body = at + RING_ENTRY_HEAD;
	struct bytes_reader b = { .at = at, .left = entry->size };
	const struct ring_term *t;
	size_t size;

	if (entry->size < RING_ENTRY_EXTRA || bytes_u8(&b) != RING_VERSION)
		return -EBADMSG;
	t = ring_find(r, (uint32_t)bytes_take_be(&b, 4));
	if (!t)
		return -EBADMSG;
	size = entry->size - RING_ENTRY_EXTRA;
	if (!aes_gcm_open(&t->gcm, at + 5, path, strlen(path), body, size, body, body + size))
		return -EBADMSG;
	body[size] = 0;
	*entry = (struct blob){ body, size };
	return 0;
}

const uint8_t *ring_entry_tag(struct blob entry)
{
	return entry.size < RING_ENTRY_EXTRA ? NULL : entry.at + entry.size - AES_GCM_TAG_SIZE;
}
