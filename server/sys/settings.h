/*
 * What sys/ keeps for the doors: CORS, headers of the console, rate limits. Read from the store at unseal and after
 * each change; changes are exclusive requests, so readers hold the core's lock.
 */
#ifndef ADYTON_SERVER_SYS_SETTINGS_H
#define ADYTON_SERVER_SYS_SETTINGS_H

#include "server/core/core.h"

struct quota {
	struct quota *next;
	const char *name, *path, *role; /* path: "" for all, else below it, or exactly it */
	const char *rate_text;          /* as written */
	double rate;
	uint64_t interval, block_interval; /* seconds */
	bool inheritable;
	struct quota_clients *clients;
};

struct settings {
	struct pool pool;
	bool cors;
	struct names cors_origins, cors_headers;
	struct quota *quotas;
	struct names quota_exempt;
	bool quota_audit, quota_headers;
};

int settings_open(struct core *core, struct request *r);
void settings_close(struct core *core);
/* Commit what r gathered and read all anew: the status of the change. */
int settings_changed(struct request *r);

void quotas_load(struct request *r, struct settings *s);
void quotas_drop(struct settings *s);
void cors_load(struct request *r, struct settings *s);

/* Before the core: 0, or 429 with everything filled in. */
int quota_admit(struct request *r);
/* 0; or the status of an answer that is complete: a preflight, or an origin that is not allowed. */
int cors_admit(struct request *r, const char *method, const char *origin, const char *wanted_method);

#endif
