/* memfd_create(2), its seals, memfd_secret(2). */
#ifndef ADYTON_ABI_LINUX_MEMFD_H
#define ADYTON_ABI_LINUX_MEMFD_H

#define MFD_CLOEXEC 0x1
#define MFD_ALLOW_SEALING 0x2
#define MFD_HUGETLB 0x4
#define MFD_NOEXEC_SEAL 0x8U
#define MFD_EXEC 0x10U
#define F_SEAL_SEAL 0x1
#define F_SEAL_SHRINK 0x2
#define F_SEAL_GROW 0x4
#define F_SEAL_WRITE 0x8
#define F_SEAL_FUTURE_WRITE 0x10
#define F_SEAL_EXEC 0x20

#endif
