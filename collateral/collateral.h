/* What the command line said, and the commands: each returns the exit status. */
#ifndef ADYTON_COLLATERAL_COLLATERAL_H
#define ADYTON_COLLATERAL_COLLATERAL_H

#include "collateral/fetch.h"
#include "collateral/intel.h"
#include "collateral/store.h"

#define EXIT_REFUSED 2  /* documents that do not hold */
#define EXIT_EXPIRING 3 /* they hold, but not for long */
#define EXIT_USAGE 125

struct arguments {
	const char *dir, *trust, *output, *evidence, *from, *operand;
	struct intel_source source;
	const char *kds; /* AMD's service, NULL: theirs */
	struct subject subject;
	bool has_subject, json, once, refresh;
	int64_t at;          /* the moment at which documents are judged; 0: now */
	int64_t days, early; /* seconds: warn, refresh so long before the end */
	int64_t interval, patience;
	long timeout;
};

int command_get(struct arguments *a);
int command_show(struct arguments *a);
int command_check(struct arguments *a);
int command_pack(struct arguments *a);
int command_watch(struct arguments *a);

/* "adyton: <sentence>" on stderr; returns `status`. */
int say(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int64_t moment_of(const struct arguments *a);

enum refreshed { REFRESHED_NOT_DUE, REFRESHED_NEW, REFRESHED_STALE, REFRESHED_FAILED };
/*
 * Bring a subject's bundle up to date if that is due. STALE: the source gave nothing good, and what is cached still
 * holds; FAILED: neither. `f` says why in both.
 */
enum refreshed refresh_subject(struct store *s, const struct subject *who, const struct arguments *a, struct fail *f);
/* Put a bundle or a pack from a file into the cache: how many, or -1. */
int refresh_from_file(struct store *s, const char *path, struct fail *f);

#endif
