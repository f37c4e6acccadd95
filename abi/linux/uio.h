/* Vectors of buffers. */
#ifndef ADYTON_ABI_LINUX_UIO_H
#define ADYTON_ABI_LINUX_UIO_H

#include "abi/types.h"

struct iovec {
	uint64_t iov_base;
	uint64_t iov_len;
};

#define UIO_MAXIOV 1024
#define RWF_HIPRI 0x1
#define RWF_DSYNC 0x2
#define RWF_SYNC 0x4
#define RWF_NOWAIT 0x8
#define RWF_APPEND 0x10

_Static_assert(sizeof(struct iovec) == 16, "iovec");

#endif
