/*
 * `adyton platform machine`: the evidence of the TDX or SEV-SNP guest that this platform lives in, over the platform's
 * attestation key and its CA's key, to be put into every quote (abi/evidence.h).
 */
#include "abi/evidence.h"
#include "base/bytes.h"
#include "crypto/sha256.h"
#include "image/cleanup.h"
#include "platform/ec.h"
#include "quoting/service.h"
#include "quoting/tsm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MACHINE_FILE "machine.evidence"
#define MACHINE_FAILED 125
#define MACHINE_ATTEMPTS 4

struct machine {
	uint8_t key[64];
	uint8_t *chain;
	size_t chain_size;
	uint8_t data[64];
	struct tsm tsm;
	uint8_t auth[sizeof(struct machine_head) + 2 * TSM_BLOB_MAX];
	size_t auth_size;
};

static int machine_data(const uint8_t key[64], const uint8_t *chain, size_t chain_size, uint8_t data[64],
			struct fail *f)
{
	uint8_t keys[MACHINE_KEYS_BYTES];
	size_t size;

	memcpy(keys, key, 64);
	if (!key_of_chain(chain, chain_size, 1, keys + 64))
		return fail(f, "machine: expected the certificate of the operator's PCK CA, with a key on P-256, as "
			    "the second one of pck-chain.pem");
	return EVP_Q_digest(keys_context(), "SHA512", NULL, keys, sizeof(keys), data, &size) ?
		       0 :
		       fail(f, "machine: no SHA-512");
}

/* Quotes bear the vendor of their quoting enclave; in a report other things lie there. NULL: neither, or cut off. */
static const uint8_t *machine_report_data(const uint8_t *evidence, size_t size, uint32_t *format)
{
	static const uint8_t vendor[16] = QUOTE_QE_VENDOR_INTEL;
	size_t tdx = sizeof(struct quote_header) + offsetof(struct tdx_report_body, report_data);
	struct quote_header header;

	if (size < sizeof(struct snp_report))
		return NULL;
	memcpy(&header, evidence, sizeof(header));
	*format = memcmp(header.qe_vendor, vendor, sizeof(vendor)) ? MACHINE_SNP_REPORT : MACHINE_TDX_QUOTE;
	if (*format == MACHINE_SNP_REPORT)
		return evidence + offsetof(struct snp_report, report_data);
	if (header.version == QUOTE_V5)
		tdx += sizeof(struct quote_body_descriptor);
	return header.tee_type == QUOTE_TEE_TDX ? evidence + tdx : NULL;
}

int machine_check(const uint8_t *auth, size_t size, const uint8_t key[64], const uint8_t *chain, size_t chain_size,
		  struct fail *f)
{
	const size_t head = sizeof(struct machine_head);
	uint32_t format;
	const uint8_t *found = size > head ? machine_report_data(auth + head, size - head, &format) : NULL;
	uint8_t expected[64];

	if (machine_data(key, chain, chain_size, expected, f))
		return -1;
	if (found && memcmp(found, expected, sizeof(expected)) == 0)
		return 0;
	return fail(f, "machine: " MACHINE_FILE " is for another attestation key or another operator's CA than this "
		    "platform has now: run `adyton platform machine` again");
}

int machine_load(const struct service *s, uint8_t **auth, size_t *size, struct fail *f)
{
	_cleanup_free_ uint8_t *evidence = NULL;
	struct machine_head head = { .magic = { 0 } };
	size_t evidence_size;
	uint32_t format;

	*auth = NULL;
	*size = 0;
	if (!folder_has(s, MACHINE_FILE))
		return 0;
	if (!folder_read(s, MACHINE_FILE, &evidence, &evidence_size) ||
	    !machine_report_data(evidence, evidence_size, &format))
		return fail(f, "machine: expected a TDX quote or a SNP report in %s/" MACHINE_FILE ", found none",
			    s->dir);
	memcpy(head.magic, MACHINE_MAGIC, sizeof(head.magic));
	head.format = format;
	*size = sizeof(head) + evidence_size;
	*auth = malloc(*size);
	if (!*auth)
		return fail(f, "machine: out of memory");
	memcpy(*auth, &head, sizeof(head));
	memcpy(*auth + sizeof(head), evidence, evidence_size);
	return 0;
}

/* The key that the quotes will be signed with. Made now, if there is none yet. */
static int machine_key(struct service *s, struct machine *m, struct fail *f)
{
	static uint8_t answer[QUOTING_MAX];
	_cleanup_free_ uint8_t *sealed = NULL;
	struct key_answer key;
	size_t sealed_size = 0;
	uint32_t size;

	if (!folder_read(s, "attestation-key.sealed", &sealed, &sealed_size))
		sealed_size = 0;
	if (run_ask(s, QUOTING_KEY, sealed, (uint32_t)sealed_size, answer, &size, f))
		return -1;
	run_end(s);
	if (key_keep(s, sealed, sealed_size, answer, size, &key, f))
		return -1;
	if (key.rest_size != sizeof(m->key))
		return fail(f, "machine: expected the attestation key of 64 bytes, found %u", key.rest_size);
	memcpy(m->key, key.rest, sizeof(m->key));
	return 0;
}

/* Guests' buffers are larger than the quote in them: what its own lengths say is the quote. */
static size_t machine_quote_size(const uint8_t *quote, size_t size)
{
	struct bytes_reader r = { quote, size, false };
	uint16_t version = bytes_u16(&r);
	uint32_t body = sizeof(struct tdx_report_body), rest;

	(void)bytes_take(&r, sizeof(struct quote_header) - sizeof(version));
	if (version == QUOTE_V5) {
		(void)bytes_u16(&r); /* its type */
		body = bytes_u32(&r);
	}
	(void)bytes_take(&r, body);
	rest = bytes_u32(&r);
	return r.failed || rest > r.left ? size : size - (r.left - rest);
}

static int machine_compose(struct machine *m, struct fail *f)
{
	struct machine_head head = { .magic = { 0 } };
	struct bytes_writer w = { .at = m->auth, .size = sizeof(m->auth) };
	const struct tsm *t = &m->tsm;
	size_t fixed = sizeof(struct quote_header) + sizeof(struct sgx_report_body) + sizeof(uint32_t) +
		       sizeof(struct quote_signature) + sizeof(struct quote_qe_report) + sizeof(uint16_t) +
		       sizeof(struct quote_certification) + m->chain_size;
	uint32_t format;

	if (!machine_report_data(t->report, t->report_size, &format))
		return fail(f, "machine: expected a TDX quote or a SNP report, found %zu other bytes", t->report_size);
	memcpy(head.magic, MACHINE_MAGIC, sizeof(head.magic));
	head.format = format;
	bytes_put(&w, &head, sizeof(head));
	if (format == MACHINE_TDX_QUOTE) {
		bytes_put(&w, t->report, machine_quote_size(t->report, t->report_size));
	} else {
		bytes_put(&w, t->report, sizeof(struct snp_report));
		bytes_put(&w, t->auxiliary, t->auxiliary_size);
	}
	m->auth_size = w.used;
	if (fixed + w.used > QUOTING_QUOTE_MAX)
		return fail(f, "machine: expected evidence of at most %zu bytes, so that a quote with it has no more "
			    "than %u, found %zu", (size_t)QUOTING_QUOTE_MAX - fixed - sizeof(head),
			    (unsigned int)QUOTING_QUOTE_MAX, w.used - sizeof(head));
	return 0;
}

/* The kernel lets no enclave, so not the quoting enclave either, have report data that begin with "ADY". */
static bool machine_is_reserved(const struct machine *m)
{
	struct sha256 state;
	uint8_t digest[SHA256_SIZE];

	sha256_init(&state);
	sha256_update(&state, m->key, sizeof(m->key));
	sha256_update(&state, m->auth, m->auth_size);
	sha256_final(&state, digest);
	return memcmp(digest, "ADY", 3) == 0;
}

static int machine_ask(struct service *s, struct machine *m, struct fail *f)
{
	if (!folder_read(s, "pck-chain.pem", &m->chain, &m->chain_size))
		return fail(f, "machine: no PCK certificate in %s: its CA's key is part of what the machine vouches "
			    "for, so `adyton platform install` comes first", s->dir);
	if (machine_key(s, m, f) || machine_data(m->key, m->chain, m->chain_size, m->data, f))
		return -1;
	for (int i = 0; i < MACHINE_ATTEMPTS; i++) {
		if (tsm_read(&m->tsm, getenv("ADYTON_TSM"), m->data, f) || machine_compose(m, f))
			return -1;
		if (!machine_is_reserved(m))
			return 0;
	}
	return fail(f, "machine: expected evidence that differs each time it is asked for, found the same");
}

static int machine_forget(const struct service *s, struct fail *f)
{
	char path[PATHS_MAX];

	if (folder_path(path, s, MACHINE_FILE, f))
		return -1;
	return unlink(path) && errno != ENOENT ? fail(f, "machine: cannot remove %s: %s", path, strerror(errno)) : 0;
}

static int machine_make(struct service *s, struct fail *f)
{
	static struct machine m;
	const size_t head = sizeof(struct machine_head);
	char path[PATHS_MAX];
	int error = machine_ask(s, &m, f);

	run_end(s);
	free(m.chain);
	if (error || folder_write(s, MACHINE_FILE, 0644, m.auth + head, m.auth_size - head, f) ||
	    folder_path(path, s, MACHINE_FILE, f))
		return -1;
	if (strcmp(m.tsm.provider, "sev_guest") == 0 && !m.tsm.auxiliary_size)
		(void)fprintf(stderr, "adyton: machine: the host gave no certificates with the report: verifiers need "
				      "the VCEK or VLEK and its chain in the machine's collateral\n");
	(void)printf("%s\n", path);
	return fflush(stdout) ? fail(f, "machine: cannot write its name") : 0;
}

int machine_main(struct service *s, const char *what)
{
	struct fail f;

	if (!(strcmp(what, "forget") == 0 ? machine_forget(s, &f) : machine_make(s, &f)))
		return 0;
	(void)fprintf(stderr, "adyton: %s\n", f.text);
	return MACHINE_FAILED;
}
