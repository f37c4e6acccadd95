/* System V shared memory, semaphores, message queues. */
#ifndef ADYTON_ABI_LINUX_IPC_H
#define ADYTON_ABI_LINUX_IPC_H

#include "abi/types.h"

#define IPC_CREAT 01000
#define IPC_EXCL 02000
#define IPC_NOWAIT 04000
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3
#define IPC_PRIVATE 0
#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_REMAP 040000
#define SHM_EXEC 0100000
#define SHM_HUGETLB 04000
#define SHM_NORESERVE 010000
#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_INFO 14
#define SHMMNI 4096
#define GETPID 11
#define GETVAL 12
#define GETALL 13
#define GETNCNT 14
#define GETZCNT 15
#define SETVAL 16
#define SETALL 17
#define SEM_STAT 18
#define SEM_INFO 19
#define SEM_UNDO 0x1000
#define MSG_NOERROR 010000
#define MSG_EXCEPT 020000
#define MSG_COPY 040000

struct ipc64_perm {
	int32_t key;
	uint32_t uid;
	uint32_t gid;
	uint32_t cuid;
	uint32_t cgid;
	uint32_t mode;
	uint16_t seq;
	uint16_t pad2;
	uint64_t unused1;
	uint64_t unused2;
};

struct shmid64_ds {
	struct ipc64_perm shm_perm;
	uint64_t shm_segsz;
	int64_t shm_atime;
	int64_t shm_dtime;
	int64_t shm_ctime;
	int32_t shm_cpid;
	int32_t shm_lpid;
	uint64_t shm_nattch;
	uint64_t unused4;
	uint64_t unused5;
};

struct semid64_ds {
	struct ipc64_perm sem_perm;
	int64_t sem_otime;
	uint64_t unused1;
	int64_t sem_ctime;
	uint64_t unused2;
	uint64_t sem_nsems;
	uint64_t unused3;
	uint64_t unused4;
};

struct sembuf {
	uint16_t sem_num;
	int16_t sem_op;
	int16_t sem_flg;
};

struct msqid64_ds {
	struct ipc64_perm msg_perm;
	int64_t msg_stime;
	int64_t msg_rtime;
	int64_t msg_ctime;
	uint64_t msg_cbytes;
	uint64_t msg_qnum;
	uint64_t msg_qbytes;
	int32_t msg_lspid;
	int32_t msg_lrpid;
	uint64_t unused4;
	uint64_t unused5;
};

_Static_assert(sizeof(struct ipc64_perm) == 48, "ipc64_perm");
_Static_assert(sizeof(struct shmid64_ds) == 112, "shmid64_ds");
_Static_assert(sizeof(struct semid64_ds) == 104, "semid64_ds");
_Static_assert(sizeof(struct msqid64_ds) == 120, "msqid64_ds");

#endif
