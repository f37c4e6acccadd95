/* What the two halves of the evil host share, and what run.py and the victim know of it. */
#ifndef ADYTON_TESTS_EVIL_EVIL_H
#define ADYTON_TESTS_EVIL_EVIL_H

#include "abi/layout.h"
#include "host/host.h"

#define EVIL_CANARY 0x200000000000UL
#define EVIL_CANARY_SIZE (64 * KIB)
#define EVIL_POISON 0x300000000UL /* as in victim.c */
#define EVIL_POISON_SIZE (64 * KIB)

/* Exit statuses of the host itself. */
#define EVIL_SPINS 96   /* the enclave computes and never ends */
#define EVIL_SLEEPS 97  /* it waits for what a lie keeps from it: fine */
#define EVIL_TOUCHED 99 /* it used an address that the host named */

uint64_t evil_random(void);
bool evil_one_in(uint64_t n);
/* What a run lies about: most lies end it soon, so that each run tells only some kinds. */
enum evil_topic {
	EVIL_RESULTS = 1, EVIL_CONTENTS = 2, EVIL_SIGNALS = 4, EVIL_HEADS = 8, EVIL_STORMS = 16, EVIL_ENTRIES = 32,
	EVIL_START = 64, EVIL_PAGES = 128
};
bool evil_about(enum evil_topic topic);
/* Is this a moment for a lie? By the seed: never at first, then one time in so many. */
bool evil_now(void);
/* A number that a careless reader could take for a length, an index or a pointer. */
uint64_t evil_number(void);
uint64_t evil_signals(void);
/* A variable of the launcher's environment, or NULL. */
const char *evil_setting(const char *name);
/* Before a thread's entry, and after its exit. */
void evil_entering(const struct host_thread *t);
void evil_entered(const struct cpu_run *run);

#endif
