/* Key usages by their names: case does not count, and unknown ones are passed over, as Vault does. */
#include <string.h>
#include <strings.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/cert.h"

static const char *const usages[] = {
	"DigitalSignature", "ContentCommitment", "KeyEncipherment", "DataEncipherment", "KeyAgreement", "CertSign",
	"CRLSign", "EncipherOnly", "DecipherOnly",
};

#define KP "1.3.6.1.5.5.7.3."

static const struct {
	const char *name, *oid;
} ext_usages[] = {
	{ "Any", "2.5.29.37.0" }, { "ServerAuth", KP "1" }, { "ClientAuth", KP "2" }, { "CodeSigning", KP "3" },
	{ "EmailProtection", KP "4" }, { "IPSECEndSystem", KP "5" }, { "IPSECTunnel", KP "6" },
	{ "IPSECUser", KP "7" }, { "TimeStamping", KP "8" }, { "OCSPSigning", KP "9" },
	{ "MicrosoftServerGatedCrypto", "1.3.6.1.4.1.311.10.3.3" },
	{ "NetscapeServerGatedCrypto", "2.16.840.1.113730.4.1" },
};

unsigned int pki_key_usages(const struct names *names)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < names->count; i++)
		for (unsigned int j = 0; j < sizeof(usages) / sizeof(usages[0]); j++)
			if (!strcasecmp(names->at[i], usages[j]))
				bits |= 1u << j;
	return bits;
}

bool pki_ext_key_usages(struct pool *pool, const struct names *names, const struct names *oids, struct names *out,
			const char **bad)
{
	struct asn scratch;

	/* In the table's order, so that the same usages always give the same certificate. */
	for (size_t j = 0; j < sizeof(ext_usages) / sizeof(ext_usages[0]); j++)
		for (size_t i = 0; i < names->count; i++)
			if (!strcasecmp(names->at[i], ext_usages[j].name) && !names_have(out, ext_usages[j].oid))
				names_add(pool, out, ext_usages[j].oid);
	asn_init(&scratch, pool);
	for (size_t i = 0; oids && i < oids->count; i++) {
		if (!asn_oid(&scratch, oids->at[i])) {
			*bad = oids->at[i];
			return false;
		}
		if (!names_have(out, oids->at[i]))
			names_add(pool, out, oids->at[i]);
	}
	return true;
}
