/* Timers that send signals: setitimer(2), alarm(2), timer_create(2). */
#ifndef ADYTON_KERNEL_TIME_TIMER_H
#define ADYTON_KERNEL_TIME_TIMER_H

#include "abi/types.h"

/* A queued signal of POSIX timer `id` is being delivered with this overrun count: what timer_getoverrun(2) answers. */
void timer_delivered(int id, int overrun);

#endif
