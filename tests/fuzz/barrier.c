/* What the store's owner may put in place of an entry, of the key ring, or of the root's log: opened or refused. */
#include <stdlib.h>
#include <string.h>

#include "server/store/ring.h"
#include "server/store/root_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_entry(struct ring *ring, const uint8_t *data, size_t size)
{
	struct pool pool = { NULL };
	struct blob entry = { (uint8_t *)pool_copy(&pool, (const char *)data, size), size };

	if (ring_open(ring, "path", &entry) == 0)
		abort(); /* nobody but us knows the key */
	pool_close(&pool);
}

/* With a key that is known here, so that what is behind the seal is reached too. */
static void fuzz_ring(const uint8_t *data, size_t size)
{
	static const struct secret_key key = { { 7 }, SECRET_KEY_MAX };
	struct pool pool = { NULL };
	uint8_t *wrapped = pool_take(&pool, 1 + AES_GCM_NONCE_SIZE + size + AES_GCM_TAG_SIZE);
	uint8_t *body = wrapped + 1 + AES_GCM_NONCE_SIZE;
	struct ring *ring = NULL;
	struct aes_gcm gcm;

	wrapped[0] = RING_VERSION;
	aes_gcm_init(&gcm, key.bytes);
	aes_gcm_seal(&gcm, wrapped + 1, "adyton key ring", 15, data, size, body, body + size);
	if (ring_unwrap((struct blob){ wrapped, 1 + AES_GCM_NONCE_SIZE + size + AES_GCM_TAG_SIZE }, &key, &ring) == 0)
		if (!ring->count || !ring_newest(ring)->term)
			abort();
	ring_free(ring);
	pool_close(&pool);
}

static void fuzz_row(const uint8_t *data, size_t size)
{
	static const struct root root = { .mac_key = { { 1 }, SECRET_KEY_MAX } };
	struct root_row row;

	if (row_read(&root, (struct blob){ data, size }, &row) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ring *ring;

	if (!ring)
		ring = ring_make();
	if (!size || size > 1 << 16)
		return 0;
	if (data[0] % 3 == 0)
		fuzz_entry(ring, data + 1, size - 1);
	else if (data[0] % 3 == 1)
		fuzz_ring(data + 1, size - 1);
	else
		fuzz_row(data + 1, size - 1);
	return 0;
}
