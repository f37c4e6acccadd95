/*
 * Evidence as it travels: DCAP quotes (Intel, sgx_quote_3.h, sgx_quote_4.h, sgx_quote_5.h of the DCAP headers and the
 * TDX DCAP Quoting Library API), TD report bodies (Intel 344425) and SEV-SNP reports (AMD 56860, ATTESTATION_REPORT).
 * Little-endian; signatures and keys of quotes are big-endian, those of SNP little-endian.
 */
#ifndef ADYTON_ABI_EVIDENCE_H
#define ADYTON_ABI_EVIDENCE_H

#include "abi/sgx.h"

#define QUOTE_V3 3
#define QUOTE_V4 4
#define QUOTE_V5 5
#define QUOTE_KEY_P256 2 /* attestation key type: ECDSA-256-with-P-256 */
#define QUOTE_KEY_P384 3
#define QUOTE_TEE_SGX 0x00
#define QUOTE_TEE_TDX 0x81
#define QUOTE_BODY_SGX 1    /* v5 body types */
#define QUOTE_BODY_TDX_1_0 2
#define QUOTE_BODY_TDX_1_5 3
#define QUOTE_CERT_PCK_CHAIN 5 /* certification data: PCK, its CA, root, as PEM */
#define QUOTE_CERT_QE_REPORT 6 /* v4, v5: the QE's report, then certification data again */
#define QUOTE_QE_VENDOR_INTEL \
	{ \
		0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 \
	}

struct quote_header {
	uint16_t version;
	uint16_t key_type;
	uint32_t tee_type; /* v3: reserved, zero */
	uint16_t qe_svn;   /* v4 and later: reserved */
	uint16_t pce_svn;
	uint8_t qe_vendor[16];
	uint8_t user_data[20];
} __attribute__((packed));

/* v5 only, between header and body; signed with them. */
struct quote_body_descriptor {
	uint16_t type;
	uint32_t size;
} __attribute__((packed));

struct tdx_report_body {
	uint8_t tee_tcb_svn[16];
	uint8_t mrseam[48];
	uint8_t mrsignerseam[48];
	uint64_t seam_attributes;
	uint64_t td_attributes;
	uint64_t xfam;
	uint8_t mrtd[48];
	uint8_t mrconfigid[48];
	uint8_t mrowner[48];
	uint8_t mrownerconfig[48];
	uint8_t rtmr[4][48];
	uint8_t report_data[64];
} __attribute__((packed));

struct tdx_report_body_1_5 {
	struct tdx_report_body body;
	uint8_t tee_tcb_svn_2[16];
	uint8_t mrservicetd[48];
} __attribute__((packed));

/* What a quoting enclave says of its key; followed by u16 size and that many bytes of QE authentication data. */
struct quote_qe_report {
	struct sgx_report_body body;
	uint8_t signature[64]; /* by the PCK key: r, s */
} __attribute__((packed));

struct quote_signature {
	uint8_t signature[64]; /* by the attestation key over header and body */
	uint8_t key[64];       /* x, y */
} __attribute__((packed));

struct quote_certification {
	uint16_t type;
	uint32_t size;
} __attribute__((packed));

/*
 * Two layers: a software SGX platform inside a TDX or SEV-SNP guest. The QE authentication data of its quotes are this
 * head and the machine's evidence, up to the end. They are ours alone (nobody else gives that field a meaning), and
 * SHA-256(attestation key || authentication data) in the QE's report covers them as it covers Intel's 32 random bytes.
 *
 * The report data of the machine's evidence are SHA-512 of two public keys, one behind the other, each a point of P-256
 * as the quote has its attestation key (x, y; 32 bytes each, big-endian; no leading 04): the attestation key, and the
 * key of the CA that issued the PCK certificate.
 */
#define MACHINE_MAGIC "ADYTONML"
#define MACHINE_TDX_QUOTE 1  /* a quote of version 4 or 5 of a TD, exactly */
#define MACHINE_SNP_REPORT 2 /* struct snp_report; the extended report's certificate table (AMD 56421) may follow */
#define MACHINE_KEYS_BYTES 128 /* what the report data are the SHA-512 of */

struct machine_head {
	uint8_t magic[8];
	uint32_t format;
} __attribute__((packed));

#define SNP_REPORT_SIGNED 0x2a0
#define SNP_SIGNATURE_P384 1

struct snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl;
	uint32_t signature_algorithm;
	uint8_t current_tcb[8];
	uint64_t platform_info;
	uint32_t flags;
	uint32_t reserved0;
	uint8_t report_data[64];
	uint8_t measurement[48];
	uint8_t host_data[32];
	uint8_t id_key_digest[48];
	uint8_t author_key_digest[48];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint8_t reported_tcb[8];
	uint8_t cpuid_family; /* version 3 and later */
	uint8_t cpuid_model;
	uint8_t cpuid_stepping;
	uint8_t reserved1[21];
	uint8_t chip_id[64];
	uint8_t committed_tcb[8];
	uint8_t current_version[3]; /* build, minor, major */
	uint8_t reserved2;
	uint8_t committed_version[3];
	uint8_t reserved3;
	uint8_t launch_tcb[8];
	uint64_t launch_mit_vector; /* version 5 */
	uint64_t current_mit_vector;
	uint8_t reserved4[152];
	uint8_t signature_r[72];
	uint8_t signature_s[72];
	uint8_t reserved5[368];
} __attribute__((packed));

_Static_assert(sizeof(struct quote_header) == 48, "quote header");
_Static_assert(sizeof(struct tdx_report_body) == 584, "TD body 1.0");
_Static_assert(sizeof(struct tdx_report_body_1_5) == 648, "TD body 1.5");
_Static_assert(sizeof(struct quote_qe_report) == 448, "QE report");
_Static_assert(sizeof(struct machine_head) == 12, "machine head");
_Static_assert(offsetof(struct snp_report, report_data) == 0x50, "SNP report data");
_Static_assert(offsetof(struct snp_report, reported_tcb) == 0x180, "SNP reported TCB");
_Static_assert(offsetof(struct snp_report, chip_id) == 0x1a0, "SNP chip id");
_Static_assert(offsetof(struct snp_report, launch_tcb) == 0x1f0, "SNP launch TCB");
_Static_assert(offsetof(struct snp_report, signature_r) == SNP_REPORT_SIGNED, "SNP signature");
_Static_assert(sizeof(struct snp_report) == 1184, "SNP report");

#endif
