#include "tests/lib/forge.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "platform/ec.h"

#include <stdio.h>
#include <string.h>

#define FORGE_FROM 1577836800LL  /* 2020 */
#define FORGE_UNTIL 2208988800LL /* 2040 */
#define FORGE_ISSUED 1777593600LL /* 2026-05-01 */

struct forge_state {
	const struct forge_order *o;
	X509 *certificates[4], *other_root;
	struct fail fail;
};

static _Noreturn void forge_die(const char *what)
{
	(void)fprintf(stderr, "forge: %s\n", what);
	exit(99);
}

static EVP_PKEY *forge_key_of(bool machine, enum forge_key which)
{
	static EVP_PKEY *keys[2][FORGE_KEYS];
	struct fail f;

	if (!keys[machine][which] && ec_generate(&keys[machine][which], &f))
		forge_die(f.text);
	return keys[machine][which];
}

static EVP_PKEY *forge_key(const struct forge_state *s, enum forge_key which)
{
	return forge_key_of(s->o->machine, which);
}

void forge_point(bool machine, enum forge_key which, uint8_t point[64])
{
	struct fail f;

	if (ec_point(forge_key_of(machine, which), point, &f))
		forge_die(f.text);
}

static void forge_level(struct tcb_level *l, uint8_t svn, uint16_t pce, int64_t date, const char *status)
{
	memset(l->components, svn, sizeof(l->components));
	memset(l->tdx_components, 0, sizeof(l->tdx_components));
	l->tdx_components[0] = l->tdx_components[2] = svn;
	l->svn = pce;
	l->date = date;
	l->status = status;
	if (strcmp(status, "UpToDate"))
		(void)tcb_advisory_add(l, "ADYTON-SA-00001");
}

static void forge_levels(struct tcb_levels *levels, uint8_t components, uint16_t svn)
{
	levels->count = 2;
	forge_level(&levels->at[0], components, svn, FORGE_ISSUED - 60LL * STAMP_DAY, "UpToDate");
	forge_level(&levels->at[1], (uint8_t)(components - 2), (uint16_t)(svn - 2), FORGE_ISSUED - 400LL * STAMP_DAY,
		    "OutOfDate");
}

static void forge_order_documents(struct forge_order *o, bool tdx)
{
	forge_levels(&o->levels, 5, 10);
	o->tcb = (struct tcb_info){ .tdx = tdx, .version = 3, .evaluation = 17, .issued = FORGE_ISSUED,
				    .next = FORGE_ISSUED + 30LL * STAMP_DAY };
	memcpy(o->tcb.fmspc, "\x00\xad\x70\x00\x00\x01", 6);
	o->identity = (struct tcb_qe_identity){ .id = tdx ? "TD_QE" : "QE", .version = 2, .evaluation = 17,
						.issued = FORGE_ISSUED, .next = FORGE_ISSUED + 30LL * STAMP_DAY };
	memset(o->qe_identity.mrsigner, 0x22, 32);
	o->qe_identity.attributes[0] = 0x11;
	memset(o->qe_identity.attributes_mask, 0xff, 8);
	o->qe_identity.attributes_mask[0] = 0xfb;
	memset(o->qe_identity.misc_select_mask, 0xff, 4);
	o->qe_identity.isv_prod_id = tdx ? 2 : 1;
	forge_levels(&o->qe_identity.levels, 2, 8);
	for (size_t i = 0; tdx && i < 2; i++) {
		(void)snprintf(o->modules[i].id, sizeof(o->modules[i].id), "TDX_%02X", (unsigned int)(3 - 2 * i));
		memset(o->modules[i].attributes_mask, 0xff, 8);
		forge_levels(&o->modules[i].levels, 2, 5);
	}
	memset(o->module.attributes_mask, 0xff, 8);
	o->tcb.module_count = tdx ? 2 : 0;
}

static void forge_order_reports(struct forge_order *o)
{
	o->qe.attributes = (struct sgx_attributes){ .flags = 0x15, .xfrm = 3 };
	memset(o->qe.mrenclave, 0x11, 32);
	memset(o->qe.mrsigner, 0x22, 32);
	o->qe.isv_prod_id = o->qe_identity.isv_prod_id;
	o->qe.isv_svn = 8;
	o->sgx.attributes = (struct sgx_attributes){ .flags = 0x5, .xfrm = 7 };
	memset(o->sgx.mrenclave, 0x33, 32);
	memset(o->sgx.mrsigner, 0x44, 32);
	memset(o->sgx.report_data, 0x55, 64);
	o->sgx.isv_prod_id = 7;
	o->sgx.isv_svn = 2;
	o->td.body.td_attributes = 1UL << 28; /* SEPT_VE_DISABLE */
	o->td.body.xfam = 0x61ae7;
	memset(o->td.body.mrtd, 0x66, 48);
	memset(o->td.body.report_data, 0x55, 64);
	o->td.body.tee_tcb_svn[0] = 5;
	o->td.body.tee_tcb_svn[1] = 1;
	o->td.body.tee_tcb_svn[2] = 5;
	memcpy(o->td.tee_tcb_svn_2, o->td.body.tee_tcb_svn, 16);
	memset(o->pck.components, 5, 16);
	memset(o->pck.cpu_svn, 5, 16);
	memset(o->pck.ppid, 0xa1, 16);
	memset(o->pck.platform_instance_id, 0xb2, 16);
	memcpy(o->pck.fmspc, o->tcb.fmspc, 6);
	o->pck.pce_svn = 10;
	o->pck.sgx_type = 1;
	o->pck.has_platform = true;
}

void forge_order(struct forge_order *o, enum forge_kind kind)
{
	static const uint8_t versions[] = { 3, 4, 5, 4, 5, 5 }, bodies[] = { 1, 1, 1, 2, 2, 3 };
	static const uint32_t sizes[] = { 0, 384, 584, 648 };
	static const uint8_t vendor[16] = QUOTE_QE_VENDOR_INTEL;
	bool tdx = kind >= FORGE_TDX_V4;

	memset(o, 0, sizeof(*o));
	o->version = versions[kind];
	o->body_type = bodies[kind];
	o->body_size = sizes[o->body_type];
	o->tee_type = tdx ? QUOTE_TEE_TDX : QUOTE_TEE_SGX;
	o->key_type = QUOTE_KEY_P256;
	o->certification = QUOTE_CERT_PCK_CHAIN;
	memcpy(o->qe_vendor, vendor, sizeof(vendor));
	for (enum forge_key k = FORGE_ROOT; k <= FORGE_PCK; k++)
		o->certificates[k] = (struct forge_certificate){ .from = FORGE_FROM, .until = FORGE_UNTIL, .key = k,
								 .signer = k == FORGE_PCK ? FORGE_PCK_CA : FORGE_ROOT };
	o->root_list = (struct forge_list){ FORGE_ISSUED, FORGE_ISSUED + 365LL * STAMP_DAY, FORGE_ROOT, FORGE_ROOT };
	o->pck_list = (struct forge_list){ FORGE_ISSUED, FORGE_ISSUED + 30LL * STAMP_DAY, FORGE_PCK_CA, FORGE_PCK_CA };
	o->qe_report_signer = FORGE_PCK;
	o->quote_signer = FORGE_ATTESTATION;
	o->document_signer = FORGE_TCB_SIGNING;
	o->now = FORGE_NOW;
	forge_order_documents(o, tdx);
	forge_order_reports(o);
}

static void forge_certificate(struct forge_state *s, enum forge_key which)
{
	static const enum certificate_kind kinds[] = { CERTIFICATE_ROOT, CERTIFICATE_PCK_CA, CERTIFICATE_TCB_SIGNING,
						       CERTIFICATE_PCK };
	const struct forge_certificate *c = &s->o->certificates[which];
	struct certificate_order order = { .kind = kinds[which], .common_name = c->name, .organization = "Forge",
					   .from = c->from, .until = c->until, .key = forge_key(s, c->key),
					   .issuer_key = forge_key(s, c->signer) };

	if (which == FORGE_ROOT && !c->name)
		order.common_name = s->o->machine ? "Forged Machines Root CA" : "Adyton Forge SGX Root CA";
	if (which != FORGE_ROOT)
		order.issuer = s->certificates[which == FORGE_PCK ? FORGE_PCK_CA : FORGE_ROOT];
	if (which == FORGE_PCK && !s->o->no_extension)
		order.extension = &s->o->pck;
	if (certificate_make(&s->certificates[which], &order, &s->fail))
		forge_die(s->fail.text);
}

/* A root that signed nothing of this. */
static void forge_other_root(struct forge_state *s)
{
	struct certificate_order order = { .kind = CERTIFICATE_ROOT, .common_name = "Another SGX Root CA",
					   .organization = "Forge", .from = FORGE_FROM, .until = FORGE_UNTIL,
					   .key = forge_key(s, FORGE_OTHER_ROOT),
					   .issuer_key = forge_key(s, FORGE_OTHER_ROOT) };

	if (certificate_make(&s->other_root, &order, &s->fail))
		forge_die(s->fail.text);
}

static X509_CRL *forge_crl(struct forge_state *s, const struct forge_list *l, bool root)
{
	struct crl_entry entries[3];
	struct crl_order order = { .issuer = s->certificates[l->issuer], .key = forge_key(s, l->signer), .number = 1,
				   .from = l->from, .until = l->until, .entries = entries };
	X509_CRL *crl;

	for (enum forge_key k = FORGE_PCK_CA; k <= FORGE_PCK; k++) {
		if (!s->o->certificates[k].revoked || root == (k == FORGE_PCK))
			continue;
		certificate_serial(s->certificates[k], entries[order.count].serial);
		entries[order.count].at = l->from;
		entries[order.count++].reason = 1;
	}
	if (crl_make(&crl, &order, &s->fail))
		forge_die(s->fail.text);
	return crl;
}

static void forge_edit(char *text, size_t size, const struct forge_edit *edits)
{
	for (size_t i = 0; i < FORGE_EDITS && edits[i].find; i++) {
		size_t gone = strlen(edits[i].find), comes = strlen(edits[i].replace);
		char *at = strstr(text, edits[i].find);

		if (!at)
			forge_die(edits[i].find);
		if (edits[i].after) {
			memcpy(at + gone, edits[i].replace, comes);
			continue;
		}
		if (strlen(text) + comes >= size)
			forge_die("an edit does not fit");
		memmove(at + comes, at + gone, strlen(at + gone) + 1);
		memcpy(at, edits[i].replace, comes);
	}
}

static void forge_texts(const struct forge_order *o, char *tcb_info, char *qe_identity)
{
	struct tcb_info t = o->tcb;
	struct tcb_qe_identity q = o->identity;

	t.levels = &o->levels;
	t.module = t.tdx ? &o->module : NULL;
	t.modules = o->modules;
	q.qe = &o->qe_identity;
	if (tcb_info_text(&t, tcb_info, TCB_TEXT_MAX) < 0 || tcb_qe_identity_text(&q, qe_identity, TCB_TEXT_MAX) < 0)
		forge_die("a document is too long");
	forge_edit(tcb_info, TCB_TEXT_MAX, o->tcb_edits);
	forge_edit(qe_identity, TCB_TEXT_MAX, o->qe_edits);
}

static char *forge_collateral(struct forge_state *s)
{
	_cleanup_free_ char *texts = malloc(2UL * TCB_TEXT_MAX);
	char *tcb_info = texts, *qe_identity = texts + TCB_TEXT_MAX, *json, *room;
	struct bundle b = { .tcb_info = tcb_info, .qe_identity = qe_identity,
			    .tcb_key = forge_key(s, s->o->document_signer),
			    .tcb_signing = s->certificates[FORGE_TCB_SIGNING], .root = s->certificates[FORGE_ROOT],
			    .pck_ca = s->certificates[FORGE_PCK_CA] };

	if (!texts)
		forge_die("out of memory");
	forge_texts(s->o, tcb_info, qe_identity);
	b.root_crl = forge_crl(s, &s->o->root_list, true);
	b.pck_crl = forge_crl(s, &s->o->pck_list, false);
	if (bundle_json(&b, &json, &s->fail))
		forge_die(s->fail.text);
	X509_CRL_free(b.root_crl);
	X509_CRL_free(b.pck_crl);
	room = realloc(json, strlen(json) + 65536);
	if (!room)
		forge_die("out of memory");
	forge_edit(room, strlen(room) + 65536, s->o->bundle_edits);
	return room;
}

static void forge_sign(struct forge_state *s, enum forge_key key, const void *data, size_t size, uint8_t signature[64])
{
	if (ec_sign(forge_key(s, key), data, size, signature, &s->fail))
		forge_die(s->fail.text);
}

struct forge_auth {
	const uint8_t *at;
	size_t size;
};

static struct forge_auth forge_auth(const struct forge_order *o)
{
	static uint8_t usual[32];

	memset(usual, 0x77, sizeof(usual));
	return o->auth ? (struct forge_auth){ o->auth, o->auth_size } : (struct forge_auth){ usual, sizeof(usual) };
}

/* The quoting enclave's report over the attestation key, signed by the platform. */
static void forge_qe_report(struct forge_state *s, const uint8_t key[64], struct quote_qe_report *report)
{
	struct forge_auth auth = forge_auth(s->o);
	_cleanup_free_ uint8_t *material = malloc(64 + auth.size);
	size_t size;

	memset(report, 0, sizeof(*report));
	report->body = s->o->qe;
	if (!material)
		forge_die("out of memory");
	memcpy(material, key, 64);
	memcpy(material + 64, auth.at, auth.size);
	if (!EVP_Q_digest(keys_context(), "SHA256", NULL, material, 64 + auth.size, report->body.report_data, &size))
		forge_die("no SHA-256");
	if (s->o->wrong_report_data)
		report->body.report_data[0] ^= 1;
	forge_sign(s, s->o->qe_report_signer, &report->body, sizeof(report->body), report->signature);
}

static void forge_put_header(const struct forge_order *o, struct bytes_writer *w)
{
	struct quote_header h = { .version = o->version, .key_type = o->key_type, .tee_type = o->tee_type };

	memcpy(h.qe_vendor, o->qe_vendor, sizeof(h.qe_vendor));
	bytes_put(w, &h, sizeof(h));
	if (o->version == QUOTE_V5) {
		bytes_put_le(w, o->body_type, 2);
		bytes_put_le(w, o->body_size, 4);
	}
	if (o->tee_type == QUOTE_TEE_TDX)
		bytes_put(w, &o->td, o->body_type == QUOTE_BODY_TDX_1_5 ? sizeof(o->td) : sizeof(o->td.body));
	else
		bytes_put(w, &o->sgx, sizeof(o->sgx));
}

static void forge_put_certification(struct forge_state *s, struct bytes_writer *w, const uint8_t key[64])
{
	X509 *const chain[] = { s->certificates[FORGE_PCK],
				s->o->no_ca ? s->certificates[FORGE_ROOT] : s->certificates[FORGE_PCK_CA],
				s->certificates[FORGE_ROOT] };
	struct forge_auth auth = forge_auth(s->o);
	_cleanup_free_ char *pem = NULL;
	struct quote_qe_report report;

	if (bundle_chain(chain, s->o->no_ca ? 2 : 3, &pem, &s->fail))
		forge_die(s->fail.text);
	forge_qe_report(s, key, &report);
	bytes_put(w, &report, sizeof(report));
	bytes_put_le(w, auth.size, 2);
	bytes_put(w, auth.at, auth.size);
	bytes_put_le(w, s->o->certification, 2);
	bytes_put_le(w, strlen(pem), 4);
	bytes_put(w, pem, strlen(pem));
}

static size_t forge_quote(struct forge_state *s, uint8_t *quote)
{
	struct bytes_writer w = { .at = quote, .size = FORGE_QUOTE_MAX }, rest;
	uint8_t *signature, *key, *length, *outer = NULL;
	size_t size, from;

	forge_put_header(s->o, &w);
	size = w.used;
	length = bytes_room(&w, 4);
	from = w.used;
	signature = bytes_room(&w, 64);
	key = bytes_room(&w, 64);
	if (!key || ec_point(forge_key(s, FORGE_ATTESTATION), key, &s->fail))
		forge_die("no room for a quote");
	if (s->o->version >= QUOTE_V4) {
		bytes_put_le(&w, QUOTE_CERT_QE_REPORT, 2);
		outer = bytes_room(&w, 4);
	}
	forge_put_certification(s, &w, key);
	if (w.failed)
		forge_die("no room for a quote");
	rest = (struct bytes_writer){ .at = length, .size = 4 };
	bytes_put_le(&rest, w.used - from, 4);
	if (outer) {
		rest = (struct bytes_writer){ .at = outer, .size = 4 };
		bytes_put_le(&rest, w.used - (size_t)(outer + 4 - quote), 4);
	}
	forge_sign(s, s->o->quote_signer, quote, size, signature);
	return w.used;
}

void forge(const struct forge_order *o, struct forged *f)
{
	struct forge_state s = { .o = o };

	memset(f, 0, sizeof(*f));
	for (enum forge_key k = FORGE_ROOT; k <= FORGE_PCK; k++)
		forge_certificate(&s, k);
	forge_other_root(&s);
	f->collateral = forge_collateral(&s);
	f->size = forge_quote(&s, f->quote);
	if (o->edit_quote)
		o->edit_quote(f->quote, &f->size);
	if (bundle_chain(&s.certificates[FORGE_ROOT], 1, &f->root, &s.fail) ||
	    bundle_chain(&s.other_root, 1, &f->other_root, &s.fail))
		forge_die(s.fail.text);
	for (enum forge_key k = FORGE_ROOT; k <= FORGE_PCK; k++)
		X509_free(s.certificates[k]);
	X509_free(s.other_root);
}

void forged_free(struct forged *f)
{
	free(f->collateral);
	free(f->root);
	free(f->other_root);
	memset(f, 0, sizeof(*f));
}
