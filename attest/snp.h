/* SEV-SNP reports (AMD 56860) and the certificates of the keys that sign them (AMD 57230). */
#ifndef ADYTON_ATTEST_SNP_H
#define ADYTON_ATTEST_SNP_H

#include "abi/evidence.h"
#include "attest/internal.h"

#define SNP_TCB_SIZE 8
#define SNP_CHIP_SIZE_TURIN 8 /* the rest of the 64 bytes is zero */

/* flags */
#define SNP_SIGNING_KEY(flags) ((flags) >> 2 & 7)
#define SNP_SIGNED_BY_VCEK 0
#define SNP_SIGNED_BY_VLEK 1

/* Numbers of the components in the OIDs 1.3.6.1.4.1.3704.1.3.x */
enum snp_spl { SPL_BOOTLOADER = 1, SPL_TEE = 2, SPL_SNP = 3, SPL_MICROCODE = 8, SPL_FMC = 9, SPLS };

/* Which component stands at each byte of a TCB_VERSION: the products do not agree. */
extern const uint8_t snp_tcb_layout[][SNP_TCB_SIZE];

struct attest_snp_tcb snp_tcb_of(enum attest_snp_product product, const uint8_t raw[SNP_TCB_SIZE]);
void snp_tcb_text(const struct attest_snp_tcb *tcb, char *to, size_t size);
const char *snp_product_name(enum attest_snp_product product); /* "Milan"; NULL for UNKNOWN */
/* "Milan-B0", "Genoa", ...: UNKNOWN where it is none of them. */
enum attest_snp_product snp_product_of_name(struct attest_bytes name);

/* The report's own rules, and its claims. A version 2 report says nothing of the product. */
bool snp_report_read(struct attest_bytes bytes, struct attest_snp *to, struct attest_refusal *why);
/* The product is known now (again): the components of its TCBs. */
void snp_report_set_product(const struct snp_report *raw, enum attest_snp_product product, struct attest_snp *to);

struct snp_vek {
	enum attest_snp_product product;
	uint8_t tcb[SNP_TCB_SIZE];
	struct attest_bytes chip; /* VCEK: 64 bytes, Turin 8 */
};

/* vek_extension_malformed, vek_product. */
bool snp_vek_read(const struct certificate *c, bool vlek, struct snp_vek *to, struct attest_refusal *why);

#endif
