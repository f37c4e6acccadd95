/*
 * What happens by itself about once a minute while the server is unsealed: each backend's tick(), and the clock is
 * noted in the store, so that time never begins before the last minute that this store has seen.
 *
 * Storage: core/clock.
 */
#ifndef ADYTON_SERVER_CORE_TICK_H
#define ADYTON_SERVER_CORE_TICK_H

#include "server/core/core.h"

must_check int ticks_open(struct core *core, struct request *r);
void ticks_close(struct core *core);

#endif
