/* What a request stores, before it is committed. */
#ifndef ADYTON_SERVER_CORE_BATCH_H
#define ADYTON_SERVER_CORE_BATCH_H

#include "server/store/store.h"

/* Changes newest first; once there are many, a table finds the newest of a path. */
struct batch {
	struct change *newest;
	size_t count;
	struct change **slots; /* open addressing, at most half full */
	size_t mask;
};

#endif
