#include "base/bytes.h"
#include "base/json_write.h"
#include "cli/platform_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_MAX (8UL << 20)

static void show_certificate(struct json_writer *w, const char *name, X509 *x)
{
	char serial[CERTIFICATE_SERIAL_TEXT], subject[256];
	uint8_t sha256[32] = { 0 };
	struct fail f;

	certificate_serial(x, serial);
	json_object(w, name);
	(void)X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof(subject));
	json_put_string(w, "subject", subject);
	json_put_string(w, "serial", serial);
	stamp_put(w, "until", certificate_until(x));
	if (ca_fingerprint(x, sha256, &f) == 0)
		json_put_hex(w, "key_sha256", sha256, sizeof(sha256));
	json_close(w);
}

static void show_platforms(struct json_writer *w, const struct state *s)
{
	json_array(w, "families");
	for (uint32_t i = 0; i < s->family_count; i++) {
		json_object(w, NULL);
		json_put_hex(w, "fmspc", s->families[i].fmspc, 6);
		state_put_levels(w, &s->families[i].levels, "cpu_svn", "pce_svn");
		json_close(w);
	}
	json_close(w);
	json_array(w, "issued");
	for (uint32_t i = 0; i < s->issued_count; i++) {
		json_object(w, NULL);
		json_put_string(w, "serial", s->issues[i].serial);
		stamp_put(w, "at", s->issues[i].at);
		json_put_hex(w, "fmspc", s->issues[i].fmspc, 6);
		json_put_hex(w, "platform_instance_id", s->issues[i].platform_instance_id, 16);
		json_close(w);
	}
	json_close(w);
	json_array(w, "revoked");
	for (uint32_t i = 0; i < s->revoked_count; i++) {
		json_object(w, NULL);
		json_put_string(w, "serial", s->revoked[i].entry.serial);
		json_put_string(w, "by", s->revoked[i].by_root ? "root" : "pck ca");
		stamp_put(w, "at", s->revoked[i].entry.at);
		json_close(w);
	}
	json_close(w);
}

static long show_json(struct ca *ca, char *buffer)
{
	struct json_writer w;

	json_write_init(&w, buffer, SHOW_MAX, true);
	json_object(&w, NULL);
	json_put_string(&w, "name", ca->s->name);
	show_certificate(&w, "root", ca->root.certificate);
	show_certificate(&w, "pck_ca", ca->pck.certificate);
	show_certificate(&w, "tcb_signing", ca->tcb.certificate);
	json_object(&w, "collateral");
	stamp_put(&w, "issued", ca->s->issued);
	stamp_put(&w, "until", ca->s->issued + (int64_t)ca->s->days * STAMP_DAY);
	json_put_u64(&w, "evaluation_number", ca->s->evaluation);
	json_put_u64(&w, "crl_number", ca->s->crl_number);
	json_close(&w);
	json_array(&w, "qes");
	for (uint32_t i = 0; i < ca->s->qe_count; i++) {
		json_object(&w, NULL);
		json_put_hex(&w, "mrsigner", ca->s->qes[i].mrsigner, 32);
		json_put_u64(&w, "isv_prod_id", ca->s->qes[i].isv_prod_id);
		state_put_levels(&w, &ca->s->qes[i].levels, NULL, "isv_svn");
		json_close(&w);
	}
	json_close(&w);
	show_platforms(&w, ca->s);
	json_close(&w);
	return json_write_end(&w);
}

static void show_text_certificate(const char *what, X509 *x)
{
	char serial[CERTIFICATE_SERIAL_TEXT], until[STAMP_SIZE];

	certificate_serial(x, serial);
	stamp_text(certificate_until(x), until);
	(void)printf("  %-12s %s  until %s\n", what, serial, until);
}

static void show_text_levels(const struct tcb_levels *levels, bool components)
{
	char hex[33], date[STAMP_SIZE];

	for (uint32_t i = 0; i < levels->count; i++) {
		const struct tcb_level *l = &levels->at[i];

		hex_encode(l->components, 16, hex);
		stamp_text(l->date, date);
		(void)printf("    %s%ssvn %u  %.10s  %s", components ? hex : "", components ? "  pce" : "isv", l->svn,
			     date, l->status);
		for (uint32_t k = 0; k < l->advisory_count; k++)
			(void)printf("%s%s", k ? "," : "  ", l->advisories[k]);
		(void)printf("\n");
	}
}

static void show_text_platforms(const struct state *s)
{
	char fmspc[13], instance[33], at[STAMP_SIZE];

	for (uint32_t i = 0; i < s->family_count; i++) {
		hex_encode(s->families[i].fmspc, 6, fmspc);
		(void)printf("  family %s\n", fmspc);
		show_text_levels(&s->families[i].levels, true);
	}
	for (uint32_t i = 0; i < s->qe_count; i++) {
		hex_encode(s->qes[i].mrsigner, 8, instance);
		(void)printf("  quoting enclave of %s..., product %u\n", instance, s->qes[i].isv_prod_id);
		show_text_levels(&s->qes[i].levels, false);
	}
	for (uint32_t i = 0; i < s->issued_count; i++) {
		hex_encode(s->issues[i].platform_instance_id, 16, instance);
		stamp_text(s->issues[i].at, at);
		(void)printf("  issued %s  %s  platform %s\n", s->issues[i].serial, at, instance);
	}
	for (uint32_t i = 0; i < s->revoked_count; i++) {
		stamp_text(s->revoked[i].entry.at, at);
		(void)printf("  revoked %s  %s  by the %s\n", s->revoked[i].entry.serial, at,
			     s->revoked[i].by_root ? "root" : "PCK CA");
	}
}

static void show_text(struct ca *ca)
{
	char issued[STAMP_SIZE], until[STAMP_SIZE], key[65];
	uint8_t sha256[32] = { 0 };
	struct fail f;

	stamp_text(ca->s->issued, issued);
	stamp_text(ca->s->issued + (int64_t)ca->s->days * STAMP_DAY, until);
	if (ca_fingerprint(ca->root.certificate, sha256, &f))
		memset(sha256, 0, sizeof(sha256));
	hex_encode(sha256, sizeof(sha256), key);
	(void)printf("%s\n  root key     %s\n", ca->s->name, key);
	show_text_certificate("root", ca->root.certificate);
	show_text_certificate("PCK CA", ca->pck.certificate);
	show_text_certificate("TCB signing", ca->tcb.certificate);
	(void)printf("  collateral   %s  until %s  evaluation %u\n", issued, until, ca->s->evaluation);
	show_text_platforms(ca->s);
}

int ca_show(struct ca *ca, bool json)
{
	char *buffer;
	long n;

	if (!json) {
		show_text(ca);
		return 0;
	}
	buffer = malloc(SHOW_MAX);
	n = buffer ? show_json(ca, buffer) : -1;
	if (n >= 0)
		(void)printf("%s\n", buffer);
	free(buffer);
	return n < 0 ? -1 : 0;
}
