/* What a person gives as a share, as a seal's record, as a PGP key: read or refused, and never more than it says. */
#include <stdlib.h>
#include <string.h>

#include "server/seal/gather.h"
#include "server/seal/pgp_key.h"
#include "server/seal/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_share(const uint8_t *data, size_t size)
{
	static struct gathering g;
	struct secret_key key;
	struct share s;

	if (!size || data[size - 1] || share_read((const char *)data, &s))
		return;
	if (s.size < GATHER_KEY_MIN || s.size > SHARE_MAX)
		abort();
	if (gathering_add(&g, &s) == 0 && g.count == 3)
		(void)!gathering_combine(&g, 3, &key);
}

static void fuzz_shares(const uint8_t *data, size_t size)
{
	struct secret_key key = { .size = 0 };
	struct share shares[8];
	size_t n = 0;

	for (; n < 8 && size > SHARE_MAX; n++, data += SHARE_MAX + 1, size -= SHARE_MAX + 1) {
		shares[n].size = data[0] % (SHARE_MAX + 4);
		memcpy(shares[n].bytes, data + 1, SHARE_MAX);
	}
	if (shamir_combine(shares, n, &key) == 0 && (!key.size || key.size > SECRET_KEY_MAX))
		abort();
}

static void fuzz_record(const uint8_t *data, size_t size)
{
	struct seal_record record, again;
	struct pool pool = { NULL };

	if (record_read(&record, (struct blob){ data, size }) == 0 &&
	    record_read(&again, record_write(&record, &pool)))
		abort();
	pool_close(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pgp_key key;

	if (!size || size > 1 << 16)
		return 0;
	switch (data[0] & 3) {
	case 0:
		fuzz_share(data + 1, size - 1);
		break;
	case 1:
		fuzz_shares(data + 1, size - 1);
		break;
	case 2:
		fuzz_record(data + 1, size - 1);
		break;
	default:
		if (!pgp_key_read(&key, (struct blob){ data + 1, size - 1 }) && key.algorithm != PGP_RSA &&
		    key.algorithm != PGP_RSA_ENCRYPT && key.algorithm != PGP_ECDH)
			abort();
	}
	return 0;
}
