/* What a SNP report says, before anything is believed. */
#include "attest/snp.h"
#include "base/text.h"

const uint8_t snp_tcb_layout[][SNP_TCB_SIZE] = {
	[ATTEST_SNP_UNKNOWN] = { SPL_BOOTLOADER, SPL_TEE, 4, 5, 6, 7, SPL_SNP, SPL_MICROCODE },
	[ATTEST_MILAN] = { SPL_BOOTLOADER, SPL_TEE, 4, 5, 6, 7, SPL_SNP, SPL_MICROCODE },
	[ATTEST_GENOA] = { SPL_BOOTLOADER, SPL_TEE, 4, 5, 6, 7, SPL_SNP, SPL_MICROCODE },
	[ATTEST_TURIN] = { SPL_FMC, SPL_BOOTLOADER, SPL_TEE, SPL_SNP, 5, 6, 7, SPL_MICROCODE },
};

static const char *const products[] = { NULL, "Milan", "Genoa", "Turin" };

const char *snp_product_name(enum attest_snp_product product)
{
	return products[product];
}

enum attest_snp_product snp_product_of_name(struct attest_bytes name)
{
	for (int p = ATTEST_MILAN; p <= ATTEST_TURIN; p++) {
		size_t n = strlen(products[p]);

		/* The stepping may follow: "Milan-B0". */
		if (name.size >= n && memcmp(name.at, products[p], n) == 0 &&
		    (name.size == n || name.at[n] == '-'))
			return (enum attest_snp_product)p;
	}
	return ATTEST_SNP_UNKNOWN;
}

struct attest_snp_tcb snp_tcb_of(enum attest_snp_product product, const uint8_t raw[SNP_TCB_SIZE])
{
	uint8_t spl[SPLS] = { 0 };

	for (size_t i = 0; i < SNP_TCB_SIZE; i++)
		spl[snp_tcb_layout[product][i]] = raw[i];
	return (struct attest_snp_tcb){ spl[SPL_FMC], spl[SPL_BOOTLOADER], spl[SPL_TEE], spl[SPL_SNP],
					spl[SPL_MICROCODE] };
}

void snp_tcb_text(const struct attest_snp_tcb *tcb, char *to, size_t size)
{
	const struct { const char *name; uint8_t value; } parts[] = {
		{ "bootloader ", tcb->bootloader }, { ", tee ", tcb->tee }, { ", snp ", tcb->snp },
		{ ", microcode ", tcb->microcode }, { ", fmc ", tcb->fmc },
	};
	struct text t;

	text_init(&t, to, size);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		text_put(&t, parts[i].name);
		text_put_u64(&t, parts[i].value);
	}
}

void snp_report_set_product(const struct snp_report *raw, enum attest_snp_product product, struct attest_snp *to)
{
	to->product = product;
	to->current = snp_tcb_of(product, raw->current_tcb);
	to->reported = snp_tcb_of(product, raw->reported_tcb);
	to->committed = snp_tcb_of(product, raw->committed_tcb);
	to->launch = snp_tcb_of(product, raw->launch_tcb);
}

static void snp_report_claims(const struct snp_report *raw, struct attest_snp *to)
{
	*to = (struct attest_snp){
		.version = raw->version, .guest_svn = raw->guest_svn, .vmpl = raw->vmpl, .policy = raw->policy,
		.platform_info = raw->platform_info, .flags = raw->flags,
	};
#define COPY(field) memcpy(to->field, raw->field, sizeof(to->field))
	COPY(family_id);
	COPY(image_id);
	COPY(report_data);
	COPY(measurement);
	COPY(host_data);
	COPY(id_key_digest);
	COPY(author_key_digest);
	COPY(report_id);
	COPY(report_id_ma);
	COPY(chip_id);
#undef COPY
	to->vlek = SNP_SIGNING_KEY(raw->flags) == SNP_SIGNED_BY_VLEK;
	if (raw->version >= 3) {
		to->cpuid_family = raw->cpuid_family;
		to->cpuid_model = raw->cpuid_model;
		to->cpuid_stepping = raw->cpuid_stepping;
	}
	if (raw->version >= 5) {
		to->launch_mit_vector = raw->launch_mit_vector;
		to->current_mit_vector = raw->current_mit_vector;
	}
	snp_report_set_product(raw, ATTEST_SNP_UNKNOWN, to);
}

/*
 * Reserved bytes by version: what a later version defines is reserved in an earlier one. A version that gives meaning
 * to more is unknown here and was refused before.
 */
static const struct {
	uint32_t from_version, to_version;
	size_t at, end;
} reserved[] = {
	{ 2, 5, offsetof(struct snp_report, reserved0), offsetof(struct snp_report, report_data) },
	{ 2, 2, offsetof(struct snp_report, cpuid_family), offsetof(struct snp_report, chip_id) },
	{ 3, 5, offsetof(struct snp_report, reserved1), offsetof(struct snp_report, chip_id) },
	{ 2, 5, offsetof(struct snp_report, reserved2), offsetof(struct snp_report, committed_version) },
	{ 2, 5, offsetof(struct snp_report, reserved3), offsetof(struct snp_report, launch_tcb) },
	{ 2, 3, offsetof(struct snp_report, launch_mit_vector), SNP_REPORT_SIGNED },
	{ 5, 5, offsetof(struct snp_report, reserved4), SNP_REPORT_SIGNED },
	{ 2, 5, offsetof(struct snp_report, signature_r) + 48, offsetof(struct snp_report, signature_s) },
	{ 2, 5, offsetof(struct snp_report, signature_s) + 48, sizeof(struct snp_report) },
};

static bool snp_reserved_are_zero(const struct snp_report *raw, struct attest_refusal *why)
{
	const uint8_t *bytes = (const uint8_t *)raw;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (raw->version < reserved[i].from_version || raw->version > reserved[i].to_version)
			continue;
		for (size_t at = reserved[i].at; at < reserved[i].end; at++)
			if (bytes[at])
				return refuse(why, ATTEST_R_snp_reserved_not_zero, "zero",
					      "%02x at 0x%zx of a version %u report", bytes[at], at, raw->version);
	}
	if (raw->flags >> 5)
		return refuse(why, ATTEST_R_snp_reserved_not_zero, "zero above bit 4 of the key flags", "0x%x",
			      raw->flags);
	return true;
}

/* Family and model as CPUID composes them. Bergamo and Siena are signed under Genoa's root. */
static enum attest_snp_product snp_product_of_cpuid(uint8_t family, uint8_t model)
{
	if (family == 0x19 && model <= 0x0f)
		return ATTEST_MILAN;
	if (family == 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf)))
		return ATTEST_GENOA;
	if (family == 0x1a && model <= 0x11)
		return ATTEST_TURIN;
	return ATTEST_SNP_UNKNOWN;
}

bool snp_report_read(struct attest_bytes bytes, struct attest_snp *to, struct attest_refusal *why)
{
	const struct snp_report *raw = (const struct snp_report *)bytes.at;
	enum attest_snp_product product;

	if (bytes.size < sizeof(*raw))
		return refuse(why, ATTEST_R_evidence_truncated, "1184 bytes", "%zu", bytes.size);
	snp_report_claims(raw, to);
	if (raw->version != 2 && raw->version != 3 && raw->version != 5)
		return refuse(why, ATTEST_R_snp_version_unknown, "version 2, 3 or 5", "version %u", raw->version);
	if (!snp_reserved_are_zero(raw, why))
		return false;
	if (raw->signature_algorithm != SNP_SIGNATURE_P384)
		return refuse(why, ATTEST_R_snp_algorithm_unknown, "algorithm 1", "algorithm %u",
			      raw->signature_algorithm);
	if (raw->version == 2)
		return true;
	product = snp_product_of_cpuid(raw->cpuid_family, raw->cpuid_model);
	if (product == ATTEST_SNP_UNKNOWN)
		return refuse(why, ATTEST_R_snp_product_unknown, "Milan, Genoa, Bergamo, Siena or Turin",
			      "CPUID family 0x%x model 0x%x", raw->cpuid_family, raw->cpuid_model);
	snp_report_set_product(raw, product, to);
	return true;
}
