#include "collateral/intel.h"
#include "base/bytes.h"
#include "base/json_write.h"
#include "collateral/contents.h"
#include "image/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define INTEL_PARTS_MAX (8UL << 20)

struct intel_get {
	const struct intel_source *s;
	const struct fetch *fetch;
	const struct subject *who;
	struct json_writer w;
	struct fail *f;
};

static int intel_fetch(struct intel_get *g, const char *path, struct fetch_answer *a)
{
	char url[1024];

	if ((size_t)snprintf(url, sizeof(url), "%s%s", g->s->url ? g->s->url : INTEL_URL, path) >= sizeof(url))
		return fail(g->f, "the source's address is too long");
	return fetch_get(g->fetch, url, 0, a, g->f);
}

/* {"tcbInfo":{...},"signature":"..."}: the inner object as it was sent, for it is signed, and the signature. */
static int intel_put_document(struct intel_get *g, const char *path, const char *inner, const char *member)
{
	struct fetch_answer a;
	struct contents_text t;
	const struct json *object;
	char name[48], *signature;
	struct fail why;

	if (intel_fetch(g, path, &a))
		return -1;
	if (contents_parse(&t, a.body, a.size, &why)) {
		free(a.body);
		return fail(g->f, "%s: the source's answer is no JSON: %s", path, why.text);
	}
	free(a.body);
	object = json_member_of(t.values, inner, JSON_OBJECT);
	signature = contents_string(t.values, "signature");
	if (object && signature && *a.chain) {
		json_put_bytes(&g->w, member, object->span.at, object->span.size);
		(void)snprintf(name, sizeof(name), "%s_signature", member);
		json_put_string(&g->w, name, signature);
		(void)snprintf(name, sizeof(name), "%s_issuer_chain", member);
		json_put_string(&g->w, name, a.chain);
	}
	contents_free(&t);
	free(signature);
	return object && *a.chain ? 0 : fail(g->f, "%s: expected %s, its signature and a header with its issuer chain",
					     path, inner);
}

/* Intel sends DER, caches send hex. */
static int intel_put_list(struct intel_get *g, const struct fetch_answer *a, const char *member)
{
	size_t size = a->size;

	if (size && (uint8_t)a->body[0] == 0x30 && (uint8_t)a->body[1] >= 0x80) {
		json_put_hex(&g->w, member, (uint8_t *)a->body, size);
		return 0;
	}
	while (size && isspace((unsigned char)a->body[size - 1]))
		size--;
	json_put_bytes(&g->w, member, a->body, size);
	return 0;
}

static int intel_put_pck_crl(struct intel_get *g)
{
	struct fetch_answer a;
	char path[128];
	int err;

	(void)snprintf(path, sizeof(path), "/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
		       g->who->processor ? "processor" : "platform");
	if (intel_fetch(g, path, &a))
		return -1;
	err = *a.chain ? intel_put_list(g, &a, "pck_crl") :
			 fail(g->f, "%s: expected a header with the issuer chain", path);
	json_put_string(&g->w, "pck_crl_issuer_chain", a.chain);
	free(a.body);
	return err;
}

static int intel_put_root_crl(struct intel_get *g)
{
	const char *url = g->s->root_crl ? g->s->root_crl : g->s->url ? NULL : INTEL_ROOT_CRL_URL;
	struct fetch_answer a;
	int err;

	if (url ? fetch_get(g->fetch, url, 0, &a, g->f) : intel_fetch(g, "/sgx/certification/v4/rootcacrl", &a))
		return -1;
	err = intel_put_list(g, &a, "root_ca_crl");
	free(a.body);
	return err;
}

static int intel_put_all(struct intel_get *g)
{
	const char *tee = g->who->tee == ATTEST_TDX ? "tdx" : "sgx";
	char tcb[128], qe[128], fmspc[13];
	const char *update = g->s->update;

	hex_encode(g->who->fmspc, sizeof(g->who->fmspc), fmspc);
	(void)snprintf(tcb, sizeof(tcb), "/%s/certification/v4/tcb?fmspc=%s%s%s", tee, fmspc, update ? "&update=" : "",
		       update ? update : "");
	(void)snprintf(qe, sizeof(qe), "/%s/certification/v4/qe/identity%s%s", tee, update ? "?update=" : "",
		       update ? update : "");
	return intel_put_document(g, tcb, "tcbInfo", "tcb_info") ||
	       intel_put_document(g, qe, "enclaveIdentity", "qe_identity") || intel_put_pck_crl(g) ||
	       intel_put_root_crl(g);
}

int intel_get(const struct intel_source *s, const struct subject *who, const struct fetch *fetch, char **json,
	      struct fail *f)
{
	char *buffer = malloc(INTEL_PARTS_MAX);
	struct intel_get g = { .s = s, .fetch = fetch, .who = who, .f = f };

	*json = NULL;
	if (!buffer)
		return fail(f, "getting collateral: out of memory");
	json_write_init(&g.w, buffer, INTEL_PARTS_MAX, true);
	json_object(&g.w, NULL);
	if (intel_put_all(&g)) {
		free(buffer);
		return -1;
	}
	json_close(&g.w);
	if (json_write_end(&g.w) < 0) {
		free(buffer);
		return fail(f, "the source's documents are too large, or not UTF-8");
	}
	*json = buffer;
	return 0;
}
