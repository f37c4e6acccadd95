/* A login by evidence: the nonce, the question, the verdict, the token. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "server/auth/attest.h"
#include "server/core/core.h"

#define VERDICT_ROOM 16384

static const struct field nonce_fields[] = {
	{ "role", FIELD_STRING, "The role to log in to." }, { NULL },
};

static const struct field login_fields[] = {
	{ "role", FIELD_STRING, "The role to log in to." },
	{ "nonce", FIELD_STRING, "The nonce that was given, in hex." },
	{ "evidence", FIELD_STRING, "Quote or report over the login, in base64." },
	{ "vek", FIELD_STRING, "Of an SNP report: its VCEK or VLEK, PEM, where it is not inside." },
	{ "chain", FIELD_STRING, "Certificates that are not inside, PEM." },
	{ "collateral", FIELD_MAP, "A bundle of collateral, beside those that the server has." },
	{ NULL },
};

static int attest_give_nonce(struct request *r)
{
	const char *role = ask_text_or(r, "role", "");
	uint8_t nonce[ATTEST_NONCE_SIZE];
	struct json_writer *w;

	if (!*role)
		return refuse(r, 400, "missing role");
	if (!nonce_give(attest_nonces(r->mount), r->now, role, nonce))
		return refuse(r, 400, "the role's name is too long");
	w = reply_data(r);
	json_put_hex(w, "nonce", nonce, sizeof(nonce));
	json_put_u64(w, "ttl", 60);
	json_put_string(w, "accessor", r->mount->accessor);
	json_put_hex(w, "cluster_key_sha256", r->core->cluster_key_hash, ATTEST_HASH_SIZE);
	return 200;
}

/* SHA-256 of the SubjectPublicKeyInfo of the certificate whose key the client showed on this connection. */
static bool client_key_hash(const struct request *r, uint8_t hash[ATTEST_HASH_SIZE])
{
	const uint8_t *at = r->origin.certificate_count ? r->origin.certificates[0].at : NULL;
	X509 *leaf = at ? d2i_X509(NULL, &at, (long)r->origin.certificates[0].size) : NULL;
	uint8_t *spki = NULL;
	int size = leaf ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki) : -1;
	bool good = size > 0 && EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t)size, hash, NULL);

	OPENSSL_free(spki);
	X509_free(leaf);
	return good;
}

static void part(EVP_MD_CTX *ctx, const void *bytes, size_t size)
{
	uint8_t length[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };

	EVP_DigestUpdate(ctx, length, sizeof(length));
	EVP_DigestUpdate(ctx, bytes, size);
}

/* See attest.h. */
static bool login_report_data(const struct request *r, const char *role, const uint8_t nonce[ATTEST_NONCE_SIZE],
			      const uint8_t key[ATTEST_HASH_SIZE], uint8_t data[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	bool good = ctx && sha384 && EVP_DigestInit_ex(ctx, sha384, NULL);

	memset(data, 0, 64);
	memcpy(data, "ADYLOGN1", 8);
	if (good) {
		part(ctx, r->core->cluster_key_hash, ATTEST_HASH_SIZE);
		part(ctx, r->mount->accessor, strlen(r->mount->accessor));
		part(ctx, role, strlen(role));
		part(ctx, nonce, ATTEST_NONCE_SIZE);
		part(ctx, key, ATTEST_HASH_SIZE);
		part(ctx, r->origin.exporter.at, r->origin.exporter.size);
		good = EVP_DigestFinal_ex(ctx, data + 8, NULL);
	}
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(sha384);
	return good;
}

/* On one line, as the audit log needs it: the verdict is laid out for people. */
static size_t line_of(char *text, size_t size)
{
	bool inside = false, escaped = false;
	size_t kept = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' && !escaped)
			inside = !inside;
		escaped = inside && !escaped && text[i] == '\\';
		if (inside || !strchr(" \n", text[i]))
			text[kept++] = text[i];
	}
	return kept;
}

static void put_verdict(struct request *r, const struct attest_verdict *v)
{
	char *text = pool_take(&r->pool, VERDICT_ROOM);
	long size = attest_verdict_json(v, text, VERDICT_ROOM);

	if (size > 0)
		r->reply.attestation = (struct blob){ (const uint8_t *)text, line_of(text, (size_t)size) };
}

/* What the client may know of a refusal: the step and the reason, which are about its own evidence. */
static int refuse_evidence(struct request *r, const struct attest_verdict *v)
{
	return refuse(r, 403, "evidence refused: %s: %s: %s: expected %s, found %s",
		      attest_reason_token(v->refusal.reason), attest_reason_step(v->refusal.reason),
		      attest_reason_sentence(v->refusal.reason), v->refusal.expected, v->refusal.found);
}

static const char *evidence_alias(struct request *r, const struct attest_role *role, const struct attest_verdict *v)
{
	const struct attest_claims *c = &v->claims;
	bool by_signer = !strcmp(role->alias, "signer");

	switch (v->tee) {
	case ATTEST_SGX:
		return by_signer ? pool_printf(&r->pool, "sgx:%s:%u", pool_hex(&r->pool, c->sgx.mrsigner, 32),
					       c->sgx.isv_prod_id) :
				   pool_printf(&r->pool, "sgx:%s", pool_hex(&r->pool, c->sgx.mrenclave, 32));
	case ATTEST_TDX:
		return pool_printf(&r->pool, "tdx:%s", pool_hex(&r->pool, c->tdx.mrtd, 48));
	case ATTEST_SNP:
		return by_signer ? pool_printf(&r->pool, "snp:%s", pool_hex(&r->pool, c->snp.id_key_digest, 48)) :
				   pool_printf(&r->pool, "snp:%s", pool_hex(&r->pool, c->snp.measurement, 48));
	default:
		return NULL;
	}
}

/* Strings only, as Vault's metadata are: for templates of policies, and for the audit log. */
static struct blob evidence_metadata(struct request *r, const struct attest_role *role, const struct attest_verdict *v)
{
	struct json_writer w;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "role", role->name);
	json_put_string(&w, "tee", attest_tee_name(v->tee));
	json_put_string(&w, "assurance", attest_assurance_name(v->assurance));
	json_put_string(&w, "root", v->root);
	if (attest_status_name(v->status))
		json_put_string(&w, "tcb_status", attest_status_name(v->status));
	if (v->tee == ATTEST_SGX) {
		json_put_hex(&w, "mrenclave", v->claims.sgx.mrenclave, 32);
		json_put_hex(&w, "mrsigner", v->claims.sgx.mrsigner, 32);
		json_put_string(&w, "isv_prod_id", pool_printf(&r->pool, "%u", v->claims.sgx.isv_prod_id));
		json_put_string(&w, "isv_svn", pool_printf(&r->pool, "%u", v->claims.sgx.isv_svn));
	} else if (v->tee == ATTEST_TDX) {
		json_put_hex(&w, "mrtd", v->claims.tdx.mrtd, 48);
	} else {
		json_put_hex(&w, "measurement", v->claims.snp.measurement, 48);
	}
	json_close(&w);
	return pool_json_end(&w);
}

static int grant(struct request *r, const struct attest_role *role, const uint8_t key[ATTEST_HASH_SIZE],
		 const struct attest_verdict *v)
{
	struct login *login = reply_login(r);
	struct json_writer w;

	token_params_login(&role->token, login);
	login->renewable = true;
	login->display_name = role->name;
	login->alias = evidence_alias(r, role, v);
	login->metadata = evidence_metadata(r, role, v);
	login->alias_metadata = login->metadata;
	login->bound_key = pool_hex(&r->pool, key, ATTEST_HASH_SIZE);
	login->not_after = v->collateral_until;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "role", role->name);
	json_close(&w);
	login->internal = pool_json_end(&w);
	return 200;
}

static bool ask_nonce(struct request *r, uint8_t nonce[ATTEST_NONCE_SIZE])
{
	const char *text = ask_text_or(r, "nonce", "");

	return hex_decode(text, strlen(text), nonce, ATTEST_NONCE_SIZE);
}

static struct attest_bytes ask_bytes(struct request *r, const char *name)
{
	const char *text = ask_text_or(r, name, "");

	return (struct attest_bytes){ (const uint8_t *)text, strlen(text) };
}

static int login_bind(struct request *r, const char *role, uint8_t nonce[ATTEST_NONCE_SIZE],
		      uint8_t key[ATTEST_HASH_SIZE], uint8_t data[64])
{
	if (!ask_nonce(r, nonce))
		return refuse(r, 400, "nonce: expected 64 hexadecimal digits");
	if (!nonce_fresh(attest_nonces(r->mount), r->now, role, nonce))
		return refuse(r, 403, "nonce: not given here, older than 60 s, or given for another role");
	if (!r->origin.tls)
		return refuse(r, 400, "a login by evidence needs TLS: its connection is part of what is attested");
	if (!client_key_hash(r, key))
		return refuse(r, 400,
			      "a login by evidence needs a client certificate: whose key shall the token be bound to?");
	if (!login_report_data(r, role, nonce, key, data))
		return 500;
	return 0;
}

static int login_judge(struct request *r, const struct attest_role *role, const uint8_t data[64],
		       struct attest_verdict *v)
{
	const struct json *collateral = ask_json(r, "collateral");
	struct blob sent = collateral ? (struct blob){ (const uint8_t *)collateral->span.at, collateral->span.size } :
					(struct blob){ NULL, 0 };
	struct attest_request question = {
		.evidence = ask_bytes(r, "evidence"), .vek = ask_bytes(r, "vek"), .chain = ask_bytes(r, "chain"),
		.report_data = { data, 64 }, .now = request_seconds(r),
	};
	struct attest_policy *policy;
	struct attest_refusal why;
	bool judged;

	if (attest_policy_parse(role->policy, strlen(role->policy), &policy, &why))
		return 500;
	question.policy = policy;
	judged = attest_judge(r, &question, sent, v);
	attest_policy_free(policy);
	if (!judged)
		return 500;
	put_verdict(r, v);
	return v->accepted ? 0 : refuse_evidence(r, v);
}

static int attest_login(struct request *r)
{
	struct attest_verdict *v = pool_take(&r->pool, sizeof(*v));
	const char *name = ask_text_or(r, "role", "");
	uint8_t nonce[ATTEST_NONCE_SIZE], key[ATTEST_HASH_SIZE], data[64];
	struct attest_role role;
	int status = login_bind(r, name, nonce, key, data);

	if (status)
		return status;
	if (!attest_role_load(r, r->mount, name, &role))
		return refuse(r, 400, "role \"%s\" could not be found", name);
	if (!token_params_allow(r, &role.token))
		return refuse(r, 403, "permission denied");
	status = login_judge(r, &role, data, v);
	if (status)
		return status;
	/* Only now: who proves nothing spends nothing, and cannot use up what others need. */
	if (!nonce_spend(attest_nonces(r->mount), r->now, nonce))
		return refuse(r, 403, "nonce: it was used before");
	return grant(r, &role, key, v);
}

/* Renewal appraises again: without new evidence there is nothing to appraise, so the token ends at its time. */
static bool attest_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login)
{
	const char *name = pool_json_member(&r->pool, internal, "role");
	struct attest_role role;

	if (!name || !attest_role_load(r, m, name, &role)) {
		refuse(r, 400, "the role does not exist any more");
		return false;
	}
	token_params_renew(&role.token, login);
	return true;
}

static const struct route routes[] = {
	{ "nonce", ROUTE_OPEN, .update = attest_give_nonce, .fields = nonce_fields, .text = "begin a login" },
	{ "login", ROUTE_OPEN, .update = attest_login, .fields = login_fields, .text = "log in by evidence" },
};

static const struct route_table tables[] = { ROUTES(routes), { .also = attest_role_tables }, { NULL } };

const struct backend attest_backend = {
	.type = "attest", .class = MOUNT_AUTH, .tables = tables, .open = attest_open, .close = attest_close,
	.renew_login = attest_renew,
};
