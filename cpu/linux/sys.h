/*
 * Linux system calls for the process around the enclave, which has no libc. Each returns what the kernel returns: a
 * value or a negative errno. Inline, so that with Syscall User Dispatch armed every call lies in the host's own text.
 */
#ifndef ADYTON_CPU_LINUX_SYS_H
#define ADYTON_CPU_LINUX_SYS_H

#include "abi/types.h"

#define SYS_READ 0
#define SYS_WRITE 1
#define SYS_OPEN 2
#define SYS_CLOSE 3
#define SYS_MMAP 9
#define SYS_MPROTECT 10
#define SYS_MUNMAP 11
#define SYS_RT_SIGACTION 13
#define SYS_RT_SIGPROCMASK 14
#define SYS_IOCTL 16
#define SYS_PREAD64 17
#define SYS_PWRITE64 18
#define SYS_SCHED_YIELD 24
#define SYS_MREMAP 25
#define SYS_MADVISE 28
#define SYS_GETPID 39
#define SYS_SENDTO 44
#define SYS_RECVFROM 45
#define SYS_FCNTL 72
#define SYS_FTRUNCATE 77
#define SYS_SIGALTSTACK 131
#define SYS_PRCTL 157
#define SYS_ARCH_PRCTL 158
#define SYS_GETTID 186
#define SYS_FUTEX 202
#define SYS_EXIT_GROUP 231
#define SYS_TGKILL 234
#define SYS_GETRANDOM 318
#define SYS_MEMFD_CREATE 319
#define SYS_MEMFD_SECRET 447

#define LINUX_EPERM 1
#define LINUX_EINTR 4
#define LINUX_EIO 5
#define LINUX_EAGAIN 11
#define LINUX_ENOMEM 12
#define LINUX_EFAULT 14
#define LINUX_EBUSY 16
#define LINUX_ENODEV 19
#define LINUX_EINVAL 22
#define LINUX_ENOSYS 38

#define LINUX_PROT_READ 1
#define LINUX_PROT_WRITE 2
#define LINUX_PROT_EXEC 4
#define LINUX_MAP_SHARED 0x01
#define LINUX_MAP_PRIVATE 0x02
#define LINUX_MAP_FIXED 0x10
#define LINUX_MAP_ANONYMOUS 0x20
#define LINUX_MAP_NORESERVE 0x4000
#define LINUX_MREMAP_MAYMOVE 1
#define LINUX_MREMAP_FIXED 2
#define LINUX_MADV_DONTNEED 4
#define LINUX_MFD_CLOEXEC 1U
#define LINUX_MFD_ALLOW_SEALING 2U
#define LINUX_MFD_EXEC 0x10U
#define LINUX_F_ADD_SEALS 1033
#define LINUX_F_SEAL_SEAL 1
#define LINUX_F_SEAL_SHRINK 2
#define LINUX_F_SEAL_GROW 4
#define LINUX_F_SEAL_WRITE 8
#define LINUX_O_CLOEXEC 02000000
#define LINUX_MSG_NOSIGNAL 0x4000
#define LINUX_FUTEX_WAIT_PRIVATE 128
#define LINUX_FUTEX_WAKE_PRIVATE 129

static inline long sys_raw6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys_raw3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

static inline bool sys_is_error(long ret)
{
	return ret < 0 && ret >= -4095;
}

static inline long sys_mmap(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset)
{
	return sys_raw6(SYS_MMAP, (long)address, (long)length, prot, flags, fd, (long)offset);
}

static inline long sys_munmap(uint64_t address, uint64_t length)
{
	return sys_raw3(SYS_MUNMAP, (long)address, (long)length, 0);
}

static inline long sys_mprotect(uint64_t address, uint64_t length, int prot)
{
	return sys_raw3(SYS_MPROTECT, (long)address, (long)length, prot);
}

static inline long sys_mremap(uint64_t from, uint64_t length, uint64_t new_length, int flags, uint64_t to)
{
	return sys_raw6(SYS_MREMAP, (long)from, (long)length, (long)new_length, flags, (long)to, 0);
}

static inline long sys_madvise(uint64_t address, uint64_t length, int advice)
{
	return sys_raw3(SYS_MADVISE, (long)address, (long)length, advice);
}

static inline long sys_close(int fd)
{
	return sys_raw3(SYS_CLOSE, fd, 0, 0);
}

static inline long sys_read(int fd, void *to, size_t size)
{
	return sys_raw3(SYS_READ, fd, (long)to, (long)size);
}

static inline long sys_write(int fd, const void *from, size_t size)
{
	return sys_raw3(SYS_WRITE, fd, (long)from, (long)size);
}

static inline long sys_ioctl(int fd, unsigned long request, void *argument)
{
	return sys_raw3(SYS_IOCTL, fd, (long)request, (long)argument);
}

static inline long sys_ftruncate(int fd, uint64_t size)
{
	return sys_raw3(SYS_FTRUNCATE, fd, (long)size, 0);
}

static inline long sys_fcntl(int fd, int command, long argument)
{
	return sys_raw3(SYS_FCNTL, fd, command, argument);
}

static inline long sys_memfd_create(const char *name, unsigned int flags)
{
	return sys_raw3(SYS_MEMFD_CREATE, (long)name, (long)flags, 0);
}

static inline long sys_memfd_secret(unsigned int flags)
{
	return sys_raw3(SYS_MEMFD_SECRET, (long)flags, 0, 0);
}

static inline long sys_futex(uint32_t *word, int op, uint32_t value)
{
	return sys_raw6(SYS_FUTEX, (long)word, op, (long)value, 0, 0, 0);
}

static inline long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return sys_raw6(SYS_PRCTL, option, (long)a, (long)b, (long)c, (long)d, 0);
}

static inline long sys_arch_prctl(int option, uint64_t argument)
{
	return sys_raw3(SYS_ARCH_PRCTL, option, (long)argument, 0);
}

static inline long sys_gettid(void)
{
	return sys_raw3(SYS_GETTID, 0, 0, 0);
}

static inline long sys_getpid(void)
{
	return sys_raw3(SYS_GETPID, 0, 0, 0);
}

static inline long sys_tgkill(int pid, int tid, int signal)
{
	return sys_raw3(SYS_TGKILL, pid, tid, signal);
}

static inline _Noreturn void sys_exit_group(int status)
{
	for (;;)
		(void)sys_raw3(SYS_EXIT_GROUP, status, 0, 0);
}

#endif
