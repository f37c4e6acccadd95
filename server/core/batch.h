/* What a request stores, before it is committed. */
#ifndef ADYTON_SERVER_CORE_BATCH_H
#define ADYTON_SERVER_CORE_BATCH_H

#include "server/store/store.h"

struct batch {
	struct change *newest;
};

#endif
