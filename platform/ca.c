#include "platform/ca.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "platform/bundle.h"
#include "platform/ec.h"
#include "platform/member.h"

#include <stdio.h>
#include <string.h>

#define CA_RENEW_BEFORE (90LL * STAMP_DAY)
#define CA_ROOT_CRL_DAYS 365U
#define CA_PCK_YEARS 7

int ca_commit(struct ca *ca, int64_t at, struct fail *f)
{
	ca->s->issued = at;
	ca->s->crl_number++;
	return state_write(ca->s, ca->dir, f);
}

static bool ca_is_revoked(const struct ca *ca, const X509 *x)
{
	char serial[CERTIFICATE_SERIAL_TEXT];

	certificate_serial(x, serial);
	for (uint32_t i = 0; i < ca->s->revoked_count; i++)
		if (strcmp(ca->s->revoked[i].entry.serial, serial) == 0)
			return true;
	return false;
}

static int ca_renew_member(struct ca *ca, struct ca_signer *s, struct member_order *o, uint32_t *number,
			   struct fail *f)
{
	struct ca_signer fresh;
	char file[24];

	if (!ca_is_revoked(ca, s->certificate) && certificate_until(s->certificate) > o->at + CA_RENEW_BEFORE)
		return 0;
	(void)snprintf(file, sizeof(file), "%s-%u", o->file, *number + 1);
	o->file = file;
	if (member_make(&fresh, o, f))
		return -1;
	(*number)++;
	EVP_PKEY_free(s->key);
	X509_free(s->certificate);
	*s = fresh;
	return 0;
}

int ca_renew(struct ca *ca, int64_t at, struct fail *f)
{
	struct member_order o = { .dir = ca->dir, .name = ca->s->name, .at = at, .root = &ca->root,
				  .passphrase = ca->passphrase.size < 0 ? NULL : ca->passphrase.text };
	struct member_order pck = o, tcb = o;

	pck.kind = CERTIFICATE_PCK_CA;
	pck.file = "ca";
	tcb.kind = CERTIFICATE_TCB_SIGNING;
	tcb.file = "tcb";
	if (ca_renew_member(ca, &ca->pck, &pck, &ca->s->ca, f) || ca_renew_member(ca, &ca->tcb, &tcb, &ca->s->tcb, f))
		return -1;
	return ca_commit(ca, at, f);
}

static int ca_lists(struct ca *ca, X509_CRL **root, X509_CRL **pck, struct fail *f)
{
	_cleanup_free_ struct crl_entry *entries = calloc(2 * (size_t)ca->s->revoked_count + 1, sizeof(*entries));
	struct crl_entry *of_root = entries, *of_pck = entries + ca->s->revoked_count;
	struct crl_order order = { .number = ca->s->crl_number, .from = ca->s->issued };
	size_t by_root = 0, by_pck = 0;

	if (!entries)
		return fail(f, "making revocation lists: out of memory");
	for (uint32_t i = 0; i < ca->s->revoked_count; i++) {
		if (ca->s->revoked[i].by_root)
			of_root[by_root++] = ca->s->revoked[i].entry;
		else
			of_pck[by_pck++] = ca->s->revoked[i].entry;
	}
	order.issuer = ca->root.certificate;
	order.key = ca->root.key;
	order.entries = of_root;
	order.count = by_root;
	order.until = order.from + (int64_t)CA_ROOT_CRL_DAYS * STAMP_DAY;
	if (crl_make(root, &order, f))
		return -1;
	order.issuer = ca->pck.certificate;
	order.key = ca->pck.key;
	order.entries = of_pck;
	order.count = by_pck;
	order.until = order.from + (int64_t)ca->s->days * STAMP_DAY;
	return crl_make(pck, &order, f);
}

static int ca_documents(struct ca *ca, const struct ca_choice *c, char *tcb_info, char *qe_identity, struct fail *f)
{
	const struct state *s = ca->s;
	int64_t next = s->issued + (int64_t)s->days * STAMP_DAY;
	struct tcb_info t = { .version = 3, .evaluation = s->evaluation, .issued = s->issued, .next = next };
	struct tcb_qe_identity q = { .id = "QE", .version = 2, .evaluation = s->evaluation, .issued = s->issued,
				     .next = next };
	struct state_family *family;
	struct tcb_qe *qe;

	if (ca_family(ca, c, &family, f) || ca_qe(ca, c, &qe, f))
		return -1;
	t.levels = &family->levels;
	q.qe = qe;
	memcpy(t.fmspc, family->fmspc, sizeof(t.fmspc));
	memcpy(t.pce_id, family->pce_id, sizeof(t.pce_id));
	if (tcb_info_text(&t, tcb_info, TCB_TEXT_MAX) < 0 || tcb_qe_identity_text(&q, qe_identity, TCB_TEXT_MAX) < 0)
		return fail(f, "writing TCB documents: they are too long");
	return 0;
}

int ca_collateral(struct ca *ca, const struct ca_choice *c, char **json, struct fail *f)
{
	_cleanup_free_ char *texts = malloc(2UL * TCB_TEXT_MAX);
	struct bundle b = { .tcb_key = ca->tcb.key, .tcb_signing = ca->tcb.certificate, .root = ca->root.certificate,
			    .pck_ca = ca->pck.certificate, .tcb_info = texts };
	int err;

	if (!texts)
		return fail(f, "writing TCB documents: out of memory");
	b.qe_identity = texts + TCB_TEXT_MAX;
	if (ca_documents(ca, c, texts, texts + TCB_TEXT_MAX, f))
		return -1;
	err = ca_lists(ca, &b.root_crl, &b.pck_crl, f);
	if (!err)
		err = bundle_json(&b, json, f);
	X509_CRL_free(b.root_crl);
	X509_CRL_free(b.pck_crl);
	return err;
}

int ca_fingerprint(X509 *x, uint8_t sha256[32], struct fail *f)
{
	uint8_t *der = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	size_t length;
	bool good = size > 0 && EVP_Q_digest(keys_context(), "SHA256", NULL, der, (size_t)size, sha256, &length);

	OPENSSL_free(der);
	return good ? 0 : fail(f, "hashing a public key: libcrypto refused");
}
