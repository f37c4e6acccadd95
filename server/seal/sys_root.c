/* sys/generate-root: a root token for who brings a quorum of shares; and sys/decode-token, which undoes its masking. */
#include <errno.h>
#include <string.h>

#include "server/seal/pgp.h"
#include "server/seal/seal_state.h"
#include "server/token/token.h"

#define ROOT_TOKEN_LENGTH 28 /* "hvs." and 24 characters */

void generation_end(struct seal *s)
{
	gathering_end(&s->generation.shares);
	mem_wipe(s->generation.otp, sizeof(s->generation.otp));
	s->generation.pgp_key = s->generation.fingerprint = NULL;
	pool_close(&s->generation.pool);
}

static int generation_refuse(struct request *r)
{
	int err = seal_load(r->core->seal);

	if (err == -ENOENT)
		return refuse(r, 400, "server is not yet initialized");
	if (err) {
		r->failed = err;
		return 500;
	}
	return refuse_sealed(r);
}

struct generation_shown {
	const char *nonce, *token, *otp, *fingerprint;
	size_t progress;
	bool started, complete;
};

static int generation_answer(struct request *r, const struct generation_shown *shown)
{
	struct json_writer *w = reply_data(r);

	json_put_string(w, "nonce", shown->nonce);
	json_put_bool(w, "started", shown->started);
	json_put_u64(w, "progress", shown->progress);
	json_put_u64(w, "required", r->core->seal->record.threshold);
	json_put_bool(w, "complete", shown->complete);
	json_put_string(w, "encoded_token", shown->token ? shown->token : "");
	json_put_string(w, "encoded_root_token", shown->token ? shown->token : "");
	json_put_string(w, "pgp_fingerprint", shown->fingerprint ? shown->fingerprint : "");
	json_put_string(w, "otp", shown->otp ? shown->otp : "");
	json_put_u64(w, "otp_length", ROOT_TOKEN_LENGTH);
	return 200;
}

static int generation_status(struct request *r, const char *otp)
{
	const struct seal *s = r->core->seal;
	const struct generation_shown shown = {
		.nonce = s->generation.shares.nonce, .started = s->generation.shares.nonce[0],
		.progress = s->generation.shares.count, .fingerprint = s->generation.fingerprint, .otp = otp,
	};

	return generation_answer(r, &shown);
}

static int attempt_read(struct request *r)
{
	int status = generation_refuse(r);

	return status ? status : generation_status(r, NULL);
}

static int attempt_begin(struct request *r)
{
	const char *key = ask_text_or(r, "pgp_key", ""), *otp = ask_text_or(r, "otp", ""), *made = NULL, *wrong;
	struct seal *s = r->core->seal;
	int status = generation_refuse(r);

	if (status)
		return status;
	if (!*key && !*otp)
		otp = made = pool_base62(&r->pool, ROOT_TOKEN_LENGTH);
	if (*otp && strlen(otp) != ROOT_TOKEN_LENGTH)
		return refuse(r, 400, "OTP string has incorrect length");
	wrong = *otp ? NULL : pgp_check(key, &r->pool, NULL);
	if (wrong)
		return refuse(r, 400, "error parsing PGP key: %s", wrong);
	if (s->generation.shares.nonce[0])
		return refuse(r, 400, "root generation already in progress");
	if (*otp) {
		memcpy(s->generation.otp, otp, ROOT_TOKEN_LENGTH + 1);
	} else {
		s->generation.pgp_key = pool_text(&s->generation.pool, key);
		(void)!pgp_check(key, &s->generation.pool, &s->generation.fingerprint);
	}
	gathering_start(&s->generation.shares);
	return generation_status(r, made);
}

static int attempt_cancel(struct request *r)
{
	int status = generation_refuse(r);

	if (status)
		return status;
	generation_end(r->core->seal);
	return 204;
}

static const char *base64_unpadded(struct pool *pool, const void *bytes, size_t size)
{
	char *text = pool_base64(pool, bytes, size);

	text[strcspn(text, "=")] = 0;
	return text;
}

/* Under the one-time pad, or to the PGP key; NULL: it cannot be. */
static const char *token_encode(struct request *r, const struct seal *s, const char *token)
{
	uint8_t *masked = pool_take(&r->pool, ROOT_TOKEN_LENGTH);
	struct blob sealed;

	if (s->generation.pgp_key) {
		sealed = pgp_encrypt(s->generation.pgp_key, token, strlen(token), &r->pool);
		return sealed.size ? pool_base64(&r->pool, sealed.at, sealed.size) : NULL;
	}
	if (strlen(token) != ROOT_TOKEN_LENGTH)
		return NULL;
	for (size_t i = 0; i < ROOT_TOKEN_LENGTH; i++)
		masked[i] = (uint8_t)(token[i] ^ s->generation.otp[i]);
	return base64_unpadded(&r->pool, masked, ROOT_TOKEN_LENGTH);
}

static int generation_finish(struct request *r, struct seal *s)
{
	_cleanup_key_ struct secret_key share_key = { .size = 0 }, root_key = { .size = 0 };
	struct generation_shown shown = { .started = true, .complete = true, .progress = s->record.threshold };
	int err = gathering_combine(&s->generation.shares, s->record.threshold, &share_key);

	if (err || !seal_root_of_shares(s, &share_key, &root_key) ||
	    !barrier_is_root_key(r->core->barrier, &root_key))
		return refuse(r, 400, "root generation aborted: the shares do not make the key of this server");
	shown.token = token_encode(r, s, token_make_root(r, NULL));
	if (!shown.token) {
		r->failed = r->failed ? r->failed : -EINVAL; /* nothing of the token is kept */
		return 500;
	}
	shown.nonce = pool_text(&r->pool, s->generation.shares.nonce);
	shown.fingerprint = s->generation.fingerprint ? pool_text(&r->pool, s->generation.fingerprint) : NULL;
	if (!request_commit(r))
		return 500;
	generation_end(s);
	return generation_answer(r, &shown);
}

static int generation_update(struct request *r)
{
	struct seal *s = r->core->seal;
	struct share share;
	int status = generation_refuse(r), err;

	if (!status)
		status = ask_share(r, "'key' must be specified in request body as JSON", &share);
	if (status)
		return status;
	if (!s->generation.shares.nonce[0])
		return refuse(r, 400, "no root generation in progress");
	if (strcmp(ask_text_or(r, "nonce", ""), s->generation.shares.nonce) != 0)
		return refuse(r, 400, "incorrect nonce supplied; nonce for this root generation operation is \"%s\"",
			      s->generation.shares.nonce);
	err = gathering_add(&s->generation.shares, &share);
	mem_wipe(&share, sizeof(share));
	if (err)
		return refuse(r, 400, "given key has already been provided during this generation operation");
	return s->generation.shares.count < s->record.threshold ? generation_status(r, NULL) : generation_finish(r, s);
}

static int decode(struct request *r)
{
	const char *encoded = ask_text_or(r, "encoded_token", ""), *otp = ask_text_or(r, "otp", "");
	size_t length = strlen(encoded), missing = (4 - length % 4) % 4;
	struct blob masked;
	char *token;

	if (!length || !*otp)
		return refuse(r, 400, "provided 'encoded_token' or 'otp' is empty");
	if (!pool_base64_read(&r->pool, pool_printf(&r->pool, "%s%.*s", encoded, (int)missing, "==="), &masked))
		return refuse(r, 400, "error decoding base64'd token: expected base64 without padding");
	if (masked.size != strlen(otp))
		return refuse(r, 400, "error xoring token: length of byte slices is not equivalent: %zu != %zu",
			      masked.size, strlen(otp));
	token = pool_take(&r->pool, masked.size + 1);
	for (size_t i = 0; i < masked.size; i++)
		token[i] = (char)(masked.at[i] ^ (uint8_t)otp[i]);
	json_put_string(reply_data(r), "token", token);
	return 200;
}

static const struct field attempt_fields[] = {
	{ "otp", FIELD_STRING, "a one-time pad as long as the token; made where there is none" },
	{ "pgp_key", FIELD_STRING, "an OpenPGP key in base64 to encrypt the token to" },
	{ NULL },
};

static const struct field decode_fields[] = {
	{ "encoded_token", FIELD_STRING, "what generate-root answered" },
	{ "otp", FIELD_STRING, "the one-time pad" },
	{ NULL },
};

#define GENERATION (ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_EXCLUSIVE)

static const struct route routes[] = {
	{ "generate-root", GENERATION, .read = attempt_read, .update = attempt_begin, .delete = attempt_cancel,
	  .fields = attempt_fields, .text = "begin to make a root token, or see how far it is" },
	{ "generate-root/attempt", GENERATION, .read = attempt_read, .update = attempt_begin,
	  .delete = attempt_cancel, .fields = attempt_fields,
	  .text = "begin to make a root token, or see how far it is" },
	{ "generate-root/update", GENERATION, .update = generation_update, .fields = seal_share_fields,
	  .text = "give one share" },
	{ "decode-token", ROUTE_OPEN, .update = decode, .fields = decode_fields,
	  .text = "take the one-time pad off a root token" },
};
const struct route_table seal_root_tables[] = { ROUTES(routes), { NULL } };
