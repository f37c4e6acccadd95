/* What getdents64(2) writes: records, each padded to 8 bytes. */
#ifndef ADYTON_ABI_LINUX_DIRENT_H
#define ADYTON_ABI_LINUX_DIRENT_H

#include "abi/types.h"

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

/* getdents(2): the type stands in the record's last byte. */
struct linux_dirent {
	uint64_t d_ino;
	uint64_t d_off;
	uint16_t d_reclen;
	char d_name[];
};

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12

_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "linux_dirent64");
_Static_assert(offsetof(struct linux_dirent, d_name) == 18, "linux_dirent");

#endif
