/* The extensions of VCEK and VLEK certificates: 1.3.6.1.4.1.3704.1.x. */
#include "attest/snp.h"

#define OID_AMD 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01

static bool vek_extension(const struct certificate *c, uint8_t first, uint8_t second, struct attest_bytes *value)
{
	const uint8_t oid[] = { OID_AMD, first, second };

	return certificate_extension(c, oid, sizeof(oid) - !second, value);
}

static bool vek_tcb(const struct certificate *c, struct snp_vek *to, struct attest_refusal *why)
{
	for (size_t i = 0; i < SNP_TCB_SIZE; i++) {
		uint8_t spl = snp_tcb_layout[to->product][i];
		struct attest_bytes value;
		struct der d;
		uint64_t n;

		if (!vek_extension(c, 3, spl, &value))
			return refuse(why, ATTEST_R_vek_extension_malformed, "every component of the TCB",
				      "no 1.3.6.1.4.1.3704.1.3.%u", spl);
		d = der_of(value);
		n = der_take_u64(&d);
		if (!der_done(&d) || n > 255)
			return refuse(why, ATTEST_R_vek_extension_malformed, "an INTEGER from 0 to 255",
				      "another value of 1.3.6.1.4.1.3704.1.3.%u", spl);
		to->tcb[i] = (uint8_t)n;
	}
	return true;
}

/* Raw bytes, or an OCTET STRING of them: both are in use. */
static bool vek_chip(const struct certificate *c, struct snp_vek *to, struct attest_refusal *why)
{
	size_t size = to->product == ATTEST_TURIN ? SNP_CHIP_SIZE_TURIN : sizeof(((struct snp_report *)0)->chip_id);

	if (!vek_extension(c, 4, 0, &to->chip))
		return refuse(why, ATTEST_R_vek_extension_malformed, "a VCEK with the chip's id",
			      "no 1.3.6.1.4.1.3704.1.4");
	if (to->chip.size == size + 2) {
		struct der d = der_of(to->chip);

		to->chip = der_take(&d, DER_OCTET_STRING);
	}
	if (to->chip.size != size)
		return refuse(why, ATTEST_R_vek_extension_malformed, "a chip's id of 64 bytes, on Turin 8", "%zu bytes",
			      to->chip.size);
	return true;
}

bool snp_vek_read(const struct certificate *c, bool vlek, struct snp_vek *to, struct attest_refusal *why)
{
	struct attest_bytes value, name;
	struct der d;

	*to = (struct snp_vek){ 0 };
	if (!vek_extension(c, 2, 0, &value))
		return refuse(why, ATTEST_R_vek_extension_malformed, "the product's name", "no 1.3.6.1.4.1.3704.1.2");
	d = der_of(value);
	name = der_take(&d, DER_IA5);
	if (!der_done(&d))
		return refuse(why, ATTEST_R_vek_extension_malformed, "the product's name, an IA5String",
			      "%zu other bytes", value.size);
	to->product = snp_product_of_name(name);
	if (to->product == ATTEST_SNP_UNKNOWN)
		return refuse(why, ATTEST_R_vek_product, "Milan, Genoa or Turin", "\"%.*s\"",
			      (int)(name.size < 32 ? name.size : 32), (const char *)name.at);
	return vek_tcb(c, to, why) && (vlek || vek_chip(c, to, why));
}
