/* What the doors tell about requests: who is inside now, how many there were, what is logged of them. */
#ifndef ADYTON_SERVER_SYS_WATCH_H
#define ADYTON_SERVER_SYS_WATCH_H

#include "base/list.h"
#include "server/core/request.h"

/* A request that is being handled; lives on its worker's stack. */
struct flight {
	struct list link;
	const struct request *request;
	const char *method, *path;
	int64_t began; /* monotonic nanoseconds */
};

void flight_begin(struct flight *f, const struct request *r, const char *method);
/* Counts and logs it, by r->reply.status. */
void flight_end(struct flight *f);

enum logger { LOG_CORE, LOG_HTTP, LOG_AUDIT, LOG_COUNT };
enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
bool log_wanted(enum logger logger, enum log_level level);
/* As the configuration says; false: not the name of a level. */
bool log_configure(const char *level);

#endif
