/*
 * libadyton-attest: is this evidence genuine, what runs there, and does it meet a policy?
 *
 *     verdict = f(evidence, collateral, policy, now)
 *
 * There is no clock, no network, no file and no environment in here: time and documents are arguments. Evidence is an
 * SGX or TDX quote (v3, v4, v5), a SEV-SNP report (v2, v3, v5) or an X.509 certificate that carries one (RA-TLS).
 *
 *     struct attest *a = attest_new();
 *     struct attest_collateral *c;
 *     struct attest_verdict v;
 *
 *     if (attest_collateral_parse(a, bundle, bundle_size, &c, &v.refusal) == 0) {
 *             attest_verify(a, &(struct attest_request){ .evidence = { quote, quote_size }, .collateral = c,
 *                                                        .now = time(NULL) }, &v);
 *             if (v.accepted) ...
 *     }
 *
 * One context and everything parsed with it may be used by several threads at once, as long as none of them frees it.
 * Nothing is remembered from one verification to the next. A verification needs less than 1 MiB of memory, whatever
 * the evidence says.
 */
#ifndef ADYTON_ATTEST_ATTEST_H
#define ADYTON_ATTEST_ATTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATTEST_ADVISORIES_MAX 128
#define ATTEST_ADVISORY_SIZE 32
#define ATTEST_TEXT_SIZE 256
#define ATTEST_EVIDENCE_MAX (1 << 20) /* bytes, as given */
#define ATTEST_COLLATERAL_MAX (1 << 20)

struct attest_bytes {
	const uint8_t *at;
	size_t size;
};

/* ---- What a verdict says ---- */

enum attest_tee { ATTEST_TEE_NONE, ATTEST_SGX, ATTEST_TDX, ATTEST_SNP };

enum attest_format { ATTEST_FORMAT_NONE, ATTEST_QUOTE_V3, ATTEST_QUOTE_V4, ATTEST_QUOTE_V5, ATTEST_SNP_REPORT };

/* Intel's names for how a platform's TCB stands. NONE: not known (not genuine) or not used by the technology (SNP). */
enum attest_status {
	ATTEST_STATUS_NONE,
#define S(name) ATTEST_##name,
#include "attest/status.def"
#undef S
};

/* What holds the root: the maker of the processor, an operator's software platform on such a machine, or alone. */
enum attest_assurance {
	ATTEST_ASSURANCE_NONE,
	ATTEST_SOFTWARE,
	ATTEST_SOFTWARE_ON_HARDWARE,
	ATTEST_HARDWARE,
};

/* Why not. In the order in which checks run; the first that fails is the refusal. See reason.def. */
enum attest_reason {
	ATTEST_OK,
#define R(name, step, sentence) ATTEST_R_##name,
#include "attest/reason.def"
#undef R
	ATTEST_REASONS,
};

struct attest_refusal {
	enum attest_reason reason;
	char expected[ATTEST_TEXT_SIZE]; /* for people; may be empty */
	char found[ATTEST_TEXT_SIZE];
};

/* An SGX enclave's report body (SDM 3D, 38.15), numbers in host order. */
struct attest_sgx {
	uint8_t cpu_svn[16];
	uint32_t misc_select;
	uint8_t isv_ext_prod_id[16];
	uint64_t attributes, xfrm;
	uint8_t mrenclave[32], mrsigner[32];
	uint8_t config_id[64], isv_family_id[16];
	uint16_t isv_prod_id, isv_svn, config_svn;
	uint8_t report_data[64];
};

/* A TD's report body (Intel 344425, TD quote body 1.0 and 1.5). */
struct attest_tdx {
	bool is_1_5; /* tee_tcb_svn_2 and mrservicetd are there */
	uint8_t tee_tcb_svn[16], mrseam[48], mrsignerseam[48];
	uint64_t seam_attributes, td_attributes, xfam;
	uint8_t mrtd[48], mrconfigid[48], mrowner[48], mrownerconfig[48], rtmr[4][48];
	uint8_t report_data[64];
	uint8_t tee_tcb_svn_2[16], mrservicetd[48];
};

/* Components of an SNP TCB_VERSION by the product's own layout (AMD 56860, 57230). fmc: Turin. */
struct attest_snp_tcb {
	uint8_t fmc, bootloader, tee, snp, microcode;
};

enum attest_snp_product { ATTEST_SNP_UNKNOWN, ATTEST_MILAN, ATTEST_GENOA, ATTEST_TURIN };

/* A SEV-SNP attestation report. */
struct attest_snp {
	enum attest_snp_product product;
	uint32_t version, guest_svn, vmpl;
	uint64_t policy, platform_info, flags;
	uint8_t family_id[16], image_id[16];
	uint8_t report_data[64], measurement[48], host_data[32], id_key_digest[48], author_key_digest[48];
	uint8_t report_id[32], report_id_ma[32], chip_id[64];
	struct attest_snp_tcb current, reported, committed, launch;
	uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* version 3 and later */
	uint64_t launch_mit_vector, current_mit_vector;    /* version 5 */
	bool vlek;                                         /* signed by a VLEK, else by the chip's VCEK */
	bool crl_checked;                                  /* a CRL of the ARK was there */
};

struct attest_platform {
	bool known; /* SGX, TDX: from the PCK certificate */
	uint8_t fmspc[6], pce_id[2], ppid[16], platform_instance_id[16];
	uint8_t components[16], cpu_svn[16];
	uint16_t pce_svn;
	uint8_t sgx_type;
};

struct attest_claims {
	union {
		struct attest_sgx sgx;
		struct attest_tdx tdx;
		struct attest_snp snp;
	};
	struct attest_platform platform;
	bool certificate;               /* the evidence was inside an X.509 certificate ... */
	uint8_t public_key_sha256[32];  /* ... and is bound to this key (SHA-256 of its SubjectPublicKeyInfo) */
};

struct attest_verdict {
	bool genuine;  /* signatures, chains, bindings, dates and revocation hold */
	bool accepted; /* and the policy is met */
	enum attest_tee tee;
	enum attest_format format;
	enum attest_assurance assurance;
	enum attest_status status, qe_status, module_status;
	int64_t tcb_date;                 /* of the level that matched, seconds since 1970; -1: none */
	int64_t fix_date;                 /* of the first level that is better; -1: none */
	int64_t collateral_until;         /* the earliest moment at which something that was used expires */
	uint32_t tcb_evaluation_number, qe_evaluation_number;
	char root[64];                    /* the trusted root's name, and ... */
	uint8_t root_sha256[32];          /* ... SHA-256 of its SubjectPublicKeyInfo */
	uint32_t advisory_count;
	char advisories[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE];
	struct attest_claims claims;      /* valid when genuine; as read where not */
	struct attest_refusal refusal;    /* reason ATTEST_OK when accepted */
	/* Software evidence on a machine that has evidence of its own (assurance SOFTWARE_ON_HARDWARE): of that. */
	enum attest_tee machine_tee;
	enum attest_format machine_format;
	enum attest_status machine_status;
	int64_t machine_tcb_date, machine_fix_date;
	uint32_t machine_evaluation_number; /* the lower one of TCB info and QE identity; TDX */
	char machine_root[64];
	uint8_t machine_root_sha256[32];
	struct attest_claims machine;
	uint32_t machine_advisory_count;
	char machine_advisories[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE];
};

/* ---- Contexts and documents ---- */

struct attest;            /* trusted roots, and a libcrypto context of its own that reads no configuration */
struct attest_collateral; /* what Intel or AMD, or an operator's CA, signed about platforms; parsed and checked */
struct attest_policy;

/* Trusting Intel's SGX Root CA and AMD's ARKs of Milan, Genoa and Turin. NULL: no memory. */
struct attest *attest_new(void);
void attest_free(struct attest *a);

/* Trust the keys of these certificates or public keys (PEM) instead of the built-in ones. 0, -EINVAL or -ENOMEM. */
int attest_trust(struct attest *a, const void *pem, size_t size, struct attest_refusal *why);
/*
 * The same for the machines below software platforms, whose evidence is never taken under the roots above: whoever
 * names a key here says that it makes machines. Before collateral is parsed.
 */
int attest_trust_machine(struct attest *a, const void *pem, size_t size, struct attest_refusal *why);

/*
 * Read a bundle: a JSON object with the members tcb_info, tcb_info_signature, tcb_info_issuer_chain, qe_identity,
 * qe_identity_signature, qe_identity_issuer_chain, pck_crl, pck_crl_issuer_chain, root_ca_crl (as Intel's service and
 * PCCS name them; CRLs in hex, base64 or PEM), and for SNP vek, vek_chain, ark_crl. Its member machine, if there is
 * one, is a bundle for the machine below a software platform. Signatures are checked here, against the trusted roots;
 * dates at each verification. 0, -EINVAL with the refusal set, or -ENOMEM.
 */
int attest_collateral_parse(struct attest *a, const void *json, size_t size, struct attest_collateral **to,
			    struct attest_refusal *why);
void attest_collateral_free(struct attest_collateral *c);

/* HCL or JSON; see adyton-policy(5). 0, -EINVAL with line, column and sentence, or -ENOMEM. */
int attest_policy_parse(const void *text, size_t size, struct attest_policy **to, struct attest_refusal *why);
void attest_policy_free(struct attest_policy *p);

struct attest_request {
	struct attest_bytes evidence;   /* binary, hex, base64 or PEM */
	/* certificates that are not inside: of an SNP report, a quote's PCK chain; DER or PEM */
	struct attest_bytes vek, chain;
	const struct attest_collateral *collateral; /* NULL: none */
	const struct attest_policy *policy;         /* NULL: genuine, not DEBUG, status not Revoked or NotSupported */
	/* expected first bytes of the report data, rest zero; size 0: any */
	struct attest_bytes report_data;
	int64_t now;                                /* seconds since 1970 */
	bool trailing_ok;                           /* bytes behind a quote are ignored */
};

/* Always fills in the verdict. */
void attest_verify(struct attest *a, const struct attest_request *r, struct attest_verdict *v);

/* ---- Words ---- */

const char *attest_reason_token(enum attest_reason reason);    /* "pck_revoked"; "ok" */
const char *attest_reason_step(enum attest_reason reason);     /* "pck certificate" */
const char *attest_reason_sentence(enum attest_reason reason);
const char *attest_status_name(enum attest_status status);     /* "UpToDate"; NULL for NONE */
const char *attest_tee_name(enum attest_tee tee);              /* "sgx", "tdx", "snp" */
const char *attest_format_name(enum attest_format format);     /* "quote-v3", ... "snp-report" */
const char *attest_assurance_name(enum attest_assurance assurance);

/* The verdict as JSON or one screen for people: length (the buffer ends with a NUL), or -ERANGE. */
long attest_verdict_json(const struct attest_verdict *v, char *buffer, size_t size);
long attest_verdict_text(const struct attest_verdict *v, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
