/* sign/ and verify/. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/transit.h"

/* A request's way of signing. */
struct way {
	struct signing how;
	const EVP_MD *hash; /* of the input; NULL: it is taken as it is */
};

static int salt_read(struct request *r, int *salt)
{
	const char *text = ask_text_or(r, "salt_length", "auto");
	char *end;
	long length;

	if (!strcasecmp(text, "auto") || !strcasecmp(text, "hash")) {
		*salt = *text == 'a' || *text == 'A' ? SALT_AUTO : SALT_HASH;
		return 0;
	}
	length = strtol(text, &end, 10);
	if (!*text || *end)
		return refuse(r, 400, "salt length neither 'auto', 'hash', nor an int: %s", text);
	if (length < SALT_HASH || length > 4096)
		return refuse(r, 400, "salt length is invalid: %ld", length);
	*salt = (int)length;
	return 0;
}

/* 0, or refused. */
static int way_read(struct request *r, struct way *way)
{
	const char *hash = transit_hash_name(r), *algorithm = ask_text_or(r, "signature_algorithm", "");
	const char *marshaling = ask_text_or(r, "marshaling_algorithm", "asn1");
	bool prehashed = ask_bool(r, "prehashed", false), none = !strcmp(hash, "none");

	way->how = (struct signing){ .md = crypto_digest(hash), .pkcs1 = !strcmp(algorithm, "pkcs1v15"),
				     .jws = !strcmp(marshaling, "jws") };
	way->hash = prehashed ? NULL : way->how.md;
	if (!way->how.md && !none)
		return refuse(r, 400, "invalid hash algorithm \"%s\"", hash);
	if (!way->how.jws && strcmp(marshaling, "asn1"))
		return refuse(r, 400, "invalid marshaling type \"%s\"", marshaling);
	if (none && (!prehashed || !way->how.pkcs1))
		return refuse(r, 400,
			      "hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15");
	if (*algorithm && strcmp(algorithm, "pss") && !way->how.pkcs1)
		return refuse(r, 400, "unsupported rsa signature algorithm %s", algorithm);
	return salt_read(r, &way->how.salt);
}

/* Ed25519 signs messages; the others sign hashes of them. */
static const char *input_read(struct request *r, const struct transit_key *k, const struct way *way,
			      const struct json *item, struct blob *input, struct blob *context)
{
	const char *wrong;

	*context = (struct blob){ NULL, 0 };
	if (item != r->body && !item_has(item, "input"))
		return "missing input";
	wrong = base64_read(&r->pool, item_text(r, item, "input"), input);
	if (wrong)
		return pool_printf(&r->pool, "unable to decode input as base64: %s", wrong);
	if (base64_read(&r->pool, item_text(r, item, "context"), context))
		return "failed to base64-decode context";
	if (k->kind->family != FAMILY_ED25519 && way->hash)
		*input = crypto_hash(&r->pool, way->hash, *input);
	return NULL;
}

static const char *sign_version(const struct transit_key *k, int64_t number, const struct transit_version **v)
{
	if (number < 0)
		return "requested version for signing is negative";
	if ((uint64_t)number > k->latest)
		return "requested version for signing is higher than the latest key version";
	if (number && (uint64_t)number < k->min_encryption)
		return "requested version for signing is less than the minimum encryption key version";
	*v = transit_version(k, number ? (uint64_t)number : k->latest);
	if (!*v)
		return "no such key version";
	return (*v)->has_private ? NULL : "requested version for signing does not contain a private part";
}

static const char *sign_text(struct request *r, const struct transit_version *v, const struct way *way,
			     struct blob signature)
{
	const char *prefix = pool_printf(&r->pool, "vault:v%lu:", v->number);

	if (!way->how.jws)
		return base64_behind(&r->pool, prefix, signature.at, signature.size);
	return pool_printf(&r->pool, "%s%s", prefix, base64_url(&r->pool, signature.at, signature.size));
}

static void sign_item(struct request *r, struct transit_batch *b, const struct transit_key *k, const struct way *way,
		      const struct json *item)
{
	const struct transit_version *v = NULL;
	const char *wrong = sign_version(k, ask_int(r, "key_version", 0), &v);
	struct blob input, context, signature;
	struct json_writer *w;
	EVP_PKEY *key = NULL;
	uint8_t raw[32];

	if (!wrong)
		wrong = input_read(r, k, way, item, &input, &context);
	if (!wrong)
		key = transit_signer(&r->pool, v, k, context, &wrong);
	if (!wrong)
		wrong = crypto_sign(&r->pool, key, &way->how, input, &signature);
	w = item_answer(r, b, wrong);
	if (!wrong) {
		json_put_string(w, "signature", sign_text(r, v, way, signature));
		json_put_u64(w, "key_version", v->number);
		if (k->derived && crypto_ed25519_public(key, raw))
			json_put_string(w, "public_key", base64_behind(&r->pool, "", raw, sizeof(raw)));
	}
	item_end(r, b, w, item, wrong);
	EVP_PKEY_free(key);
}

static const char *verify_item(struct request *r, const struct transit_key *k, const struct way *way,
			       const struct json *item, bool *valid)
{
	const char *text = item_text(r, item, "signature"), *rest = NULL, *wrong;
	struct blob input, context, signature;
	uint64_t number = 0;
	EVP_PKEY *key;

	wrong = input_read(r, k, way, item, &input, &context);
	if (!wrong)
		wrong = text ? transit_split(&r->pool, k, "signature", text, &number, &rest) : "missing signature";
	if (wrong)
		return wrong;
	if (way->how.jws ? base64_read_url(&r->pool, rest, &signature) : base64_read(&r->pool, rest, &signature))
		return "invalid base64 signature value";
	key = transit_signer(&r->pool, transit_version(k, number), k, context, &wrong);
	if (!wrong)
		wrong = crypto_verify(&r->pool, key, &way->how, input, signature, valid);
	EVP_PKEY_free(key);
	return wrong;
}

/* The key and the way, for both; 0, or refused. */
static int begin(struct request *r, struct transit_batch *b, struct transit_key **k, struct way *way, const char *none,
		 const char *cannot)
{
	int status = way_read(r, way);

	if (status)
		return status;
	*k = transit_named(r);
	if (!*k)
		return refuse(r, 400, "%s", none);
	if (!transit_signs((*k)->kind))
		return refuse(r, 400, "key type %s does not support %s", (*k)->kind->name, cannot);
	if (way->how.pkcs1 == false && !way->how.md)
		return refuse(r, 400, "unsupported hash algorithm");
	return transit_batch(r, b);
}

int transit_sign(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = NULL;
	struct transit_batch b;
	struct way way;
	int status = begin(r, &b, &k, &way, "signing key not found", "signing");

	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item))
		sign_item(r, &b, k, &way, item);
	return transit_batch_end(r, &b, false);
}

/* Either all items have a signature or all an HMAC: 0, or refused. */
static int verify_which(struct request *r, bool *hmac)
{
	size_t signatures = 0, hmacs = 0, missing = 0;
	struct transit_batch b;
	int status = transit_batch(r, &b);

	if (status)
		return status;
	for (const struct json *item = b.first; item; item = item_next(&b, item)) {
		signatures += item_has(item, "signature");
		hmacs += item_has(item, "hmac");
		missing += !item_has(item, "signature") && !item_has(item, "hmac");
	}
	*hmac = hmacs;
	if (!b.many && signatures && hmacs)
		return refuse(r, 400, "provide one of 'signature' or 'hmac'");
	if (!b.many && missing)
		return refuse(r, 400, "neither a 'signature' nor an 'hmac' were given to verify");
	if (signatures && hmacs)
		return refuse(r, 400, "elements of batch_input must all provide 'signature' or all provide 'hmac'");
	if (missing && signatures)
		return refuse(r, 400, "some elements of batch_input are missing 'signature'");
	if (missing && hmacs)
		return refuse(r, 400, "some elements of batch_input are missing 'hmac'");
	return missing ? refuse(r, 400, "no batch_input elements have 'signature' or 'hmac'") : 0;
}

int transit_verify(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = NULL;
	struct transit_batch b;
	struct way way;
	bool hmac;
	int status = verify_which(r, &hmac);

	if (status || hmac)
		return status ? status : transit_hmac_verify(r);
	status = begin(r, &b, &k, &way, "signature verification key not found", "verification");
	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item)) {
		bool valid = false;
		const char *wrong = verify_item(r, k, &way, item, &valid);
		struct json_writer *w = item_answer(r, &b, wrong);

		if (w)
			json_put_bool(w, "valid", valid);
		item_end(r, &b, w, item, wrong);
	}
	return transit_batch_end(r, &b, false);
}
