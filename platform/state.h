/*
 * What a CA remembers: DIR/ca.json. It alone decides what the CA is; keys and certificates lie beside it under numbered
 * names (ca-2.key, ca-2.pem) and count only when it names their number. So one rename() makes every change.
 */
#ifndef ADYTON_PLATFORM_STATE_H
#define ADYTON_PLATFORM_STATE_H

#include "base/json_write.h"
#include "image/paths.h"
#include "platform/certificate.h"
#include "platform/request.h"
#include "platform/tcb.h"

#define STATE_NAME_MAX 32
#define STATE_FAMILIES_MAX 16
#define STATE_QES_MAX 256
#define STATE_ENTRIES_MAX 4096 /* certificates, revocations */

struct state_family {
	uint8_t fmspc[6], pce_id[2];
	struct tcb_levels levels;
};

struct state_issued {
	char serial[CERTIFICATE_SERIAL_TEXT];
	int64_t at;
	uint8_t public_key[64], ppid[16], platform_instance_id[16], fmspc[6];
	uint8_t qe_mrsigner[32];
};

struct state_revoked {
	bool by_root; /* in the root's list; else in the PCK CA's */
	struct crl_entry entry;
};

struct state {
	char name[STATE_NAME_MAX + 1];
	int64_t made, issued; /* the CA; its collateral */
	uint32_t days;        /* how long collateral holds */
	uint32_t evaluation, crl_number;
	uint32_t ca, tcb;     /* numbers of the keys in use */
	uint32_t family_count, qe_count, issued_count, revoked_count;
	struct state_family families[STATE_FAMILIES_MAX];
	struct tcb_qe qes[STATE_QES_MAX]; /* each platform may have signed its own */
	struct state_issued issues[STATE_ENTRIES_MAX];
	struct state_revoked revoked[STATE_ENTRIES_MAX];
};

/* *s is malloc'd. */
must_check int state_read(struct state **s, const char *dir, struct fail *f);
/* Durable when it returns 0; the old one stays whole otherwise. */
must_check int state_write(const struct state *s, const char *dir, struct fail *f);

/* An array "levels"; of their members two by the names given, no components if that is NULL. */
void state_put_levels(struct json_writer *w, const struct tcb_levels *levels, const char *components, const char *svn);

/* Write a file whole, durably and under its name at once. */
must_check int state_put_file(const char *dir, const char *name, const char *text, unsigned int mode, struct fail *f);

#endif
