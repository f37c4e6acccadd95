/* Clocks, timers and their structures. The guards are glibc's own names, so that a hosted test may include both. */
#ifndef ADYTON_ABI_LINUX_TIME_H
#define ADYTON_ABI_LINUX_TIME_H

#include "abi/types.h"

#ifndef _STRUCT_TIMESPEC
#define _STRUCT_TIMESPEC 1
struct timespec {
	long tv_sec;
	long tv_nsec;
};
#endif

#ifndef __timeval_defined
#define __timeval_defined 1
struct timeval {
	long tv_sec;
	long tv_usec;
};
#endif

#ifndef __itimerspec_defined
#define __itimerspec_defined 1
struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};
#endif

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

struct timezone {
	int32_t tz_minuteswest;
	int32_t tz_dsttime;
};

struct tms {
	long tms_utime;
	long tms_stime;
	long tms_cutime;
	long tms_cstime;
};

struct utimbuf {
	long actime;
	long modtime;
};

struct timex {
	uint32_t modes;
	long offset;
	long freq;
	long maxerror;
	long esterror;
	int32_t status;
	long constant;
	long precision;
	long tolerance;
	struct timeval time;
	long tick;
	long ppsfreq;
	long jitter;
	int32_t shift;
	long stabil;
	long jitcnt;
	long calcnt;
	long errcnt;
	long stbcnt;
	int32_t tai;
	int32_t reserved[11];
};

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11
#define TIMER_ABSTIME 1
#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2
#define TFD_TIMER_ABSTIME 0x1
#define TFD_TIMER_CANCEL_ON_SET 0x2
#define TFD_CLOEXEC 02000000
#define TFD_NONBLOCK 04000
#define UTIME_NOW 1073741823
#define UTIME_OMIT 1073741822
#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_USEC 1000L
#define USEC_PER_SEC 1000000L

_Static_assert(sizeof(struct timespec) == 16, "timespec");
_Static_assert(sizeof(struct timeval) == 16, "timeval");
_Static_assert(sizeof(struct itimerspec) == 32, "itimerspec");
_Static_assert(sizeof(struct itimerval) == 32, "itimerval");
_Static_assert(sizeof(struct timex) == 208, "timex");

#endif
