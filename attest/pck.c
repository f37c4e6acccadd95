/*
 * Intel's "SGX PCK Certificate and CRL Profile": the roles by common name, the extension by object identifiers below
 * 1.2.840.113741.1.13.1. Each part may stand once, in any order; what is unknown is refused, because it may say what
 * must not be passed over.
 */
#include "attest/pck.h"

#define PCK_COMPONENTS 16
#define PCK_PCE_SVN 17
#define PCK_CPU_SVN 18

static const uint8_t pck_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* The name's maker is not compared: the key of the root says who made it. */
bool pck_has_role(const struct certificate *c, const char *role)
{
	size_t length = strlen(c->name), n = strlen(role);

	return length > n && c->name[length - n - 1] == ' ' && strcmp(c->name + length - n, role) == 0;
}

bool pck_sort(const struct certificates *all, struct pck_chain *chain, struct attest_refusal *why)
{
	memset(chain, 0, sizeof(*chain));
	for (size_t i = 0; i < all->count; i++) {
		const struct certificate *c = &all->at[i];
		const struct certificate **role = &chain->root;

		if (pck_has_role(c, PCK_ROLE_LEAF))
			role = &chain->leaf;
		else if (pck_has_role(c, PCK_ROLE_PROCESSOR_CA) || pck_has_role(c, PCK_ROLE_PLATFORM_CA))
			role = &chain->ca;
		if (*role)
			return refuse(why, ATTEST_R_pck_chain_incomplete, NULL, "two such as \"%s\"", c->name);
		*role = c;
	}
	if (!chain->leaf || !chain->ca || !chain->root)
		return refuse(why, ATTEST_R_pck_chain_incomplete, NULL, "no %s",
			      !chain->leaf ? "PCK certificate" : !chain->ca ? "CA" : "root");
	return true;
}

/* One SEQUENCE { OID below `prefix`, value }: the OID's last arc, 0 if it is another; the value is left in `e`. */
static unsigned int pck_take_entry(struct der *d, const uint8_t *prefix, size_t size, struct der *e)
{
	struct attest_bytes oid;

	*e = der_of(der_take(d, DER_SEQUENCE));
	oid = der_take(e, DER_OID);
	if (d->failed || e->failed || oid.size != size + 1 || memcmp(oid.at, prefix, size) || oid.at[size] > 0x7f)
		return 0;
	return oid.at[size];
}

static bool pck_take_bytes(struct der *e, void *to, size_t size)
{
	struct attest_bytes b = der_take(e, DER_OCTET_STRING);

	if (b.size != size)
		return false;
	memcpy(to, b.at, size);
	return true;
}

static bool pck_take_tcb(struct der *e, struct attest_platform *p)
{
	struct der d = der_of(der_take(e, DER_SEQUENCE)), value;
	uint32_t seen = 0;
	uint8_t prefix[sizeof(pck_oid) + 1];

	memcpy(prefix, pck_oid, sizeof(pck_oid));
	prefix[sizeof(pck_oid)] = 2;
	while (d.at < d.end && !d.failed) {
		unsigned int arc = pck_take_entry(&d, prefix, sizeof(prefix), &value);
		uint64_t number = 0;

		if (arc < 1 || arc > PCK_CPU_SVN || seen & 1u << arc)
			return false;
		seen |= 1u << arc;
		if (arc != PCK_CPU_SVN)
			number = der_take_u64(&value);
		else if (!pck_take_bytes(&value, p->cpu_svn, sizeof(p->cpu_svn)))
			return false;
		if (!der_done(&value) || number > (arc == PCK_PCE_SVN ? UINT16_MAX : UINT8_MAX))
			return false;
		if (arc <= PCK_COMPONENTS)
			p->components[arc - 1] = (uint8_t)number;
		else if (arc == PCK_PCE_SVN)
			p->pce_svn = (uint16_t)number;
	}
	return der_done(&d) && seen == (1u << (PCK_CPU_SVN + 1)) - 2;
}

static bool pck_take_value(unsigned int arc, struct der *e, struct attest_platform *p)
{
	struct attest_bytes b;

	switch (arc) {
	case 1:
		return pck_take_bytes(e, p->ppid, sizeof(p->ppid));
	case 2:
		return pck_take_tcb(e, p);
	case 3:
		return pck_take_bytes(e, p->pce_id, sizeof(p->pce_id));
	case 4:
		return pck_take_bytes(e, p->fmspc, sizeof(p->fmspc));
	case 5: /* 0 standard, 1 scalable, 2 scalable with integrity */
		b = der_take(e, DER_ENUMERATED);
		p->sgx_type = b.size == 1 ? b.at[0] : 0xff;
		return p->sgx_type <= 2;
	case 6:
		return pck_take_bytes(e, p->platform_instance_id, sizeof(p->platform_instance_id));
	case 7: /* configuration flags, which no check uses */
		(void)der_take(e, DER_SEQUENCE);
		return !e->failed;
	default:
		return false;
	}
}

static bool pck_read(const struct certificate *leaf, struct attest_platform *p)
{
	struct attest_bytes value;
	struct der outer, d, e;
	uint32_t seen = 0;

	if (!certificate_extension(leaf, pck_oid, sizeof(pck_oid), &value))
		return false;
	outer = der_of(value);
	d = der_of(der_take(&outer, DER_SEQUENCE));
	while (d.at < d.end && !d.failed) {
		unsigned int arc = pck_take_entry(&d, pck_oid, sizeof(pck_oid), &e);

		if (arc < 1 || arc > 7 || seen & 1u << arc || !pck_take_value(arc, &e, p) || !der_done(&e))
			return false;
		seen |= 1u << arc;
	}
	return der_done(&d) && der_done(&outer) && (seen & 0x3e) == 0x3e;
}

bool pck_platform(const struct certificate *leaf, struct attest_platform *to, struct attest_refusal *why)
{
	memset(to, 0, sizeof(*to));
	if (!pck_read(leaf, to))
		return refuse(why, ATTEST_R_pck_extension_malformed, NULL, NULL);
	to->known = true;
	return true;
}
