/* Who may open the store together: how many there are, how many it takes, and the shares that they get. */
#include <errno.h>
#include <string.h>

#include "crypto/random.h"
#include "server/seal/pgp.h"
#include "server/seal/seal_state.h"

const char *quorum_check(const struct quorum *q, bool none, struct pool *pool)
{
	const char *error;

	if (none && !q->shares && !q->threshold)
		return NULL;
	if (q->shares < 1)
		return "shares must be at least one";
	if (q->threshold < 1)
		return "threshold must be at least one";
	if (q->shares > 1 && q->threshold < 2)
		return "threshold must be greater than one for multiple shares";
	if (q->shares > SHARES_MAX)
		return "shares must be less than 256";
	if (q->threshold > SHARES_MAX)
		return "threshold must be less than 256";
	if (q->threshold > q->shares)
		return "threshold cannot be larger than shares";
	if (q->pgp_keys.count && q->pgp_keys.count != q->shares)
		return "count mismatch between number of provided PGP keys and number of shares";
	for (size_t i = 0; i < q->pgp_keys.count; i++) {
		error = pgp_check(q->pgp_keys.at[i], pool, NULL);
		if (error)
			return error;
	}
	return NULL;
}

int quorum_make(const struct quorum *q, struct secret_key *key, struct share *shares)
{
	key->size = SECRET_KEY_MAX;
	random_bytes(key->bytes, SECRET_KEY_MAX);
	if (q->shares > 1)
		return shamir_split(key, q->shares, q->threshold, shares);
	memcpy(shares[0].bytes, key->bytes, SECRET_KEY_MAX);
	shares[0].size = SECRET_KEY_MAX;
	return 0;
}

/* As users get it: the share, or a message to its holder with the share's hex in it, as Vault's. */
static struct blob share_shown(struct request *r, const struct quorum *q, const struct share *s, size_t i)
{
	struct blob shown = { (uint8_t *)pool_copy(&r->pool, (const char *)s->bytes, s->size), s->size };

	if (q->pgp_keys.count) {
		const char *hex = pool_hex(&r->pool, s->bytes, s->size);

		shown = pgp_encrypt(q->pgp_keys.at[i], hex, strlen(hex), &r->pool);
	}
	return shown;
}

int reply_shares(struct request *r, struct json_writer *w, const char *name, const struct quorum *q,
		 const struct share *shares)
{
	struct blob *shown = pool_take(&r->pool, q->shares * sizeof(*shown));

	for (size_t i = 0; i < q->shares; i++) {
		shown[i] = share_shown(r, q, &shares[i], i);
		if (!shown[i].size)
			return refuse(r, 500, "failed to encrypt shares: PGP key %zu cannot be encrypted to", i + 1);
	}
	json_array(w, name);
	for (size_t i = 0; i < q->shares; i++)
		json_put_hex(w, NULL, shown[i].at, shown[i].size);
	json_close(w);
	json_array(w, pool_printf(&r->pool, "%s_base64", name));
	for (size_t i = 0; i < q->shares; i++)
		json_put_string(w, NULL, pool_base64(&r->pool, shown[i].at, shown[i].size));
	json_close(w);
	return 0;
}

const struct field seal_share_fields[] = {
	{ "key", FIELD_STRING, "one share, hex or base64" },
	{ "nonce", FIELD_STRING, "of the operation" },
	{ NULL },
};

int ask_share(struct request *r, const char *missing, struct share *s)
{
	const char *text = ask_text_or(r, "key", "");
	int err;

	if (!*text)
		return refuse(r, 400, "%s", missing);
	err = share_read(text, s);
	if (err == -EINVAL)
		return refuse(r, 400, "'key' must be a valid hex or base64 string");
	if (err && strlen(text) < 2 * GATHER_KEY_MIN)
		return refuse(r, 400, "key is shorter than minimum %d bytes", GATHER_KEY_MIN);
	return err ? refuse(r, 400, "key is longer than maximum %d bytes", SHARE_MAX) : 0;
}

int refuse_sealed(struct request *r)
{
	return r->core->unsealed ? 0 : refuse(r, 503, "Vault is sealed");
}
