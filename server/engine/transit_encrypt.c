/* encrypt/, decrypt/, rewrap/ and datakey/. */
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/engine/base64.h"
#include "server/engine/transit.h"

static void put_ciphertext(struct json_writer *w, const struct transit_key *k, const char *ciphertext, int64_t version)
{
	json_put_string(w, "ciphertext", ciphertext);
	json_put_u64(w, "key_version", version ? (uint64_t)version : k->latest);
}

static void encrypt_item(struct request *r, struct transit_batch *b, const struct transit_key *k,
			 const struct json *item)
{
	struct transit_item in;
	const char *wrong = item_read(r, item, &in), *ciphertext = "";
	struct json_writer *w;

	in.text = item_text(r, item, "plaintext");
	if (!wrong && !in.text)
		wrong = "missing plaintext to encrypt";
	if (!wrong)
		wrong = transit_encrypt(&r->pool, k, &in, &ciphertext);
	w = item_answer(r, b, wrong);
	if (!wrong)
		put_ciphertext(w, k, ciphertext, in.version);
	item_end(r, b, w, item, wrong);
}

static bool upsert_is_off(struct request *r)
{
	const struct json *off =
		json_member_of(entry_read(r, &r->mount->view, "config/keys"), "disable_upsert", JSON_BOOL);

	return off && json_true(off);
}

/* A key that is missing is made by its first use; with a context it is a derived one. */
static struct transit_key *encrypt_key_make(struct request *r, bool derived)
{
	const char *type = ask_text_or(r, "type", "aes256-gcm96"), *name = ask_text(r, "name");
	const struct transit_kind *kind = transit_kind(type);
	struct transit_key *k;

	if (!kind || kind->family != FAMILY_AEAD) {
		refuse(r, 400, kind ? "key type %s not supported for this operation" : "unknown key type %s", type);
		return NULL;
	}
	if (ask_bool(r, "convergent_encryption", false) && !derived) {
		refuse(r, 400, "convergent encryption requires derivation to be enabled, so context is required");
		return NULL;
	}
	k = transit_open(r, name);
	if (k) {
		reply_warning(
			r, "Attempted creation of the key during the encrypt operation, but it was created beforehand");
		return k;
	}
	k = transit_make(name, kind);
	k->derived = derived;
	k->convergent = derived && ask_bool(r, "convergent_encryption", false);
	transit_generate(k, r->now);
	transit_save(r, k);
	/* Durable before it encrypts: a batch with wrong items is refused with ciphertexts of the others. */
	if (request_commit(r))
		return k;
	transit_release(k);
	return NULL;
}

/* Which key: 0, or refused. */
static int encrypt_key(struct request *r, bool derived, struct transit_key **k)
{
	*k = transit_named(r);
	if (*k)
		return 0;
	if (r->operation != OP_CREATE || upsert_is_off(r))
		return refuse(r, 400, "encryption key not found");
	*k = encrypt_key_make(r, derived);
	return *k ? 0 : 400;
}

int transit_encrypt_update(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = NULL;
	struct transit_batch b;
	bool derived;
	int status;

	if (!ask_json(r, "batch_input") && !asked(r, "plaintext"))
		return refuse(r, 400, "missing plaintext to encrypt");
	status = transit_batch(r, &b);
	if (!status)
		status = transit_same_context(r, &b, &derived);
	if (!status)
		status = encrypt_key(r, derived, &k);
	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item))
		encrypt_item(r, &b, k, item);
	return transit_batch_end(r, &b, true);
}

static void decrypt_item(struct request *r, struct transit_batch *b, const struct transit_key *k,
			 const struct json *item)
{
	struct blob plaintext = { NULL, 0 };
	struct transit_item in;
	const char *wrong = item_read(r, item, &in);
	struct json_writer *w;

	in.text = item_text(r, item, "ciphertext");
	if (!wrong && (!in.text || !*in.text))
		wrong = "missing ciphertext to decrypt";
	if (!wrong)
		wrong = transit_decrypt(&r->pool, k, &in, &plaintext);
	w = item_answer(r, b, wrong);
	if (w)
		json_put_string(w, "plaintext", base64_behind(&r->pool, "", plaintext.at, wrong ? 0 : plaintext.size));
	item_end(r, b, w, item, wrong);
}

static void rewrap_item(struct request *r, struct transit_batch *b, const struct transit_key *k,
			const struct json *item)
{
	struct blob plaintext = { NULL, 0 };
	struct transit_item in;
	const char *wrong = item_read(r, item, &in), *ciphertext = "";
	struct json_writer *w;

	in.text = item_text(r, item, "ciphertext");
	if (!wrong && (!in.text || !*in.text))
		wrong = "missing ciphertext to decrypt";
	if (!wrong)
		wrong = transit_decrypt(&r->pool, k, &in, &plaintext);
	if (!wrong)
		wrong = transit_seal(&r->pool, k, &in, plaintext, &ciphertext);
	w = item_answer(r, b, wrong);
	if (!wrong)
		put_ciphertext(w, k, ciphertext, in.version);
	item_end(r, b, w, item, wrong);
}

static int each_ciphertext(struct request *r, bool partial,
			   void (*each)(struct request *, struct transit_batch *, const struct transit_key *,
					const struct json *))
{
	_cleanup_transit_ struct transit_key *k = NULL;
	struct transit_batch b;
	bool derived;
	int status = transit_batch(r, &b);

	if (!status && !b.many && !asked(r, "ciphertext"))
		status = refuse(r, 400, "missing ciphertext to decrypt");
	if (!status)
		status = transit_same_context(r, &b, &derived);
	if (!status)
		k = transit_named(r);
	if (!status && !k)
		status = refuse(r, 400, "encryption key not found");
	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item))
		each(r, &b, k, item);
	return transit_batch_end(r, &b, partial);
}

int transit_decrypt_update(struct request *r)
{
	return each_ciphertext(r, true, decrypt_item);
}

int transit_rewrap_update(struct request *r)
{
	return each_ciphertext(r, false, rewrap_item);
}

/* A random key, and the same under the named key: what envelope encryption keeps beside its data. */
int transit_datakey(struct request *r)
{
	const char *plaintext = ask_text(r, "plaintext"), *wrong, *ciphertext;
	_cleanup_transit_ struct transit_key *k = NULL;
	int64_t bits = ask_int(r, "bits", 256);
	struct transit_item in;
	struct json_writer *w;
	uint8_t key[64];

	if (strcmp(plaintext, "plaintext") && strcmp(plaintext, "wrapped"))
		return refuse(r, 400, "Invalid path, must be 'plaintext' or 'wrapped'");
	if (item_read(r, r->body, &in))
		return refuse(r, 400, "failed to base64-decode context");
	k = transit_named(r);
	if (!k)
		return refuse(r, 400, "encryption key not found");
	if (bits != 128 && bits != 256 && bits != 512)
		return refuse(r, 400, "invalid bit length");
	random_bytes(key, sizeof(key));
	wrong = transit_seal(&r->pool, k, &in, (struct blob){ key, (size_t)bits / 8 }, &ciphertext);
	if (!wrong) {
		w = reply_data(r);
		put_ciphertext(w, k, ciphertext, in.version);
		if (!strcmp(plaintext, "plaintext"))
			json_put_string(w, "plaintext", base64_behind(&r->pool, "", key, (size_t)bits / 8));
	}
	mem_wipe(key, sizeof(key));
	return wrong ? refuse(r, 400, "%s", wrong) : 200;
}
