#include "platform/ca.h"

#include <string.h>

static int choose_platform(struct ca *ca, const char *serial, struct state_issued **platform, struct fail *f)
{
	for (uint32_t i = 0; i < ca->s->issued_count; i++) {
		*platform = &ca->s->issues[i];
		if (strcmp((*platform)->serial, serial) == 0)
			return 0;
	}
	return fail(f, "CA %s: it issued no PCK certificate with the serial number %s", ca->dir, serial);
}

int ca_family(struct ca *ca, const struct ca_choice *c, struct state_family **family, struct fail *f)
{
	const uint8_t *fmspc = c->fmspc;
	struct state_issued *platform = NULL;

	if (c->serial && choose_platform(ca, c->serial, &platform, f))
		return -1;
	if (c->serial)
		fmspc = platform->fmspc;
	if (!ca->s->family_count)
		return fail(f, "CA %s: it knows no platform family yet; the first comes with the first request",
			    ca->dir);
	if (!fmspc && ca->s->family_count > 1)
		return fail(f, "CA %s: it knows %u platform families; name one with --fmspc, or a platform with --for",
			    ca->dir, ca->s->family_count);
	for (uint32_t i = 0; i < ca->s->family_count; i++) {
		*family = &ca->s->families[i];
		if (!fmspc || memcmp((*family)->fmspc, fmspc, 6) == 0)
			return 0;
	}
	return fail(f, "CA %s: it knows no platform family of that FMSPC", ca->dir);
}

int ca_qe(struct ca *ca, const struct ca_choice *c, struct tcb_qe **qe, struct fail *f)
{
	struct state_issued *platform = NULL;

	if (c->serial && choose_platform(ca, c->serial, &platform, f))
		return -1;
	if (!ca->s->qe_count)
		return fail(f, "CA %s: it knows no quoting enclave yet; the first comes with the first request",
			    ca->dir);
	if (!c->serial && ca->s->qe_count > 1)
		return fail(f, "CA %s: it knows %u quoting enclaves; name a platform with --for and its certificate's "
			    "serial number", ca->dir, ca->s->qe_count);
	for (uint32_t i = 0; i < ca->s->qe_count; i++) {
		*qe = &ca->s->qes[i];
		if (!c->serial || memcmp((*qe)->mrsigner, platform->qe_mrsigner, sizeof((*qe)->mrsigner)) == 0)
			return 0;
	}
	return fail(f, "CA %s: ca.json has no quoting enclave for certificate %s", ca->dir, c->serial);
}
