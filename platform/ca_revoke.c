#include "platform/ca.h"

#include <stdio.h>
#include <string.h>

static int revoke_add(struct ca *ca, const char *serial, bool by_root, int reason, int64_t at, struct fail *f)
{
	struct state *s = ca->s;
	struct state_revoked *r = &s->revoked[s->revoked_count];

	for (uint32_t i = 0; i < s->revoked_count; i++)
		if (strcmp(s->revoked[i].entry.serial, serial) == 0)
			return fail(f, "certificate %s is revoked already", serial);
	if (s->revoked_count == STATE_ENTRIES_MAX)
		return fail(f, "CA %s: its revocation list is full", ca->dir);
	*r = (struct state_revoked){ .by_root = by_root, .entry = { .at = at, .reason = reason } };
	(void)snprintf(r->entry.serial, sizeof(r->entry.serial), "%s", serial);
	s->revoked_count++;
	return ca_commit(ca, at, f);
}

int ca_revoke(struct ca *ca, const char *serial, int reason, int64_t at, struct fail *f)
{
	for (uint32_t i = 0; i < ca->s->issued_count; i++)
		if (strcmp(ca->s->issues[i].serial, serial) == 0)
			return revoke_add(ca, serial, false, reason, at, f);
	return fail(f, "CA %s: it issued no PCK certificate with the serial number %s", ca->dir, serial);
}

int ca_revoke_member(struct ca *ca, enum ca_member which, int reason, int64_t at, struct fail *f)
{
	char serial[CERTIFICATE_SERIAL_TEXT];

	certificate_serial(which == CA_PCK_CA ? ca->pck.certificate : ca->tcb.certificate, serial);
	return revoke_add(ca, serial, true, reason, at, f);
}
