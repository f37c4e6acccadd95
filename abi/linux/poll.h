/* poll(2), epoll(7), eventfd(2), inotify(7). */
#ifndef ADYTON_ABI_LINUX_POLL_H
#define ADYTON_ABI_LINUX_POLL_H

#include "abi/types.h"

struct pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define POLLRDNORM 0x40
#define POLLRDBAND 0x80
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200
#define POLLMSG 0x400
#define POLLREMOVE 0x1000
#define POLLRDHUP 0x2000

/* Packed on x86-64, as the 32-bit ABI has it. */
struct epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3
#define EPOLL_CLOEXEC 02000000
#define EPOLLIN 0x1U
#define EPOLLPRI 0x2U
#define EPOLLOUT 0x4U
#define EPOLLERR 0x8U
#define EPOLLHUP 0x10U
#define EPOLLNVAL 0x20U
#define EPOLLRDNORM 0x40U
#define EPOLLRDBAND 0x80U
#define EPOLLWRNORM 0x100U
#define EPOLLWRBAND 0x200U
#define EPOLLMSG 0x400U
#define EPOLLRDHUP 0x2000U
#define EPOLLEXCLUSIVE 0x10000000U
#define EPOLLWAKEUP 0x20000000U
#define EPOLLONESHOT 0x40000000U
#define EPOLLET 0x80000000U

#define EFD_SEMAPHORE 01
#define EFD_CLOEXEC 02000000
#define EFD_NONBLOCK 04000

struct inotify_event {
	int32_t wd;
	uint32_t mask;
	uint32_t cookie;
	uint32_t len;
	uint8_t name[];
};

#define IN_CLOEXEC 02000000
#define IN_NONBLOCK 04000
#define IN_ACCESS 0x1U
#define IN_MODIFY 0x2U
#define IN_ATTRIB 0x4U
#define IN_CLOSE_WRITE 0x8U
#define IN_CLOSE_NOWRITE 0x10U
#define IN_OPEN 0x20U
#define IN_MOVED_FROM 0x40U
#define IN_MOVED_TO 0x80U
#define IN_CREATE 0x100U
#define IN_DELETE 0x200U
#define IN_DELETE_SELF 0x400U
#define IN_MOVE_SELF 0x800U
#define IN_UNMOUNT 0x2000U
#define IN_Q_OVERFLOW 0x4000U
#define IN_IGNORED 0x8000U
#define IN_ONLYDIR 0x1000000U
#define IN_DONT_FOLLOW 0x2000000U
#define IN_EXCL_UNLINK 0x4000000U
#define IN_MASK_CREATE 0x10000000U
#define IN_MASK_ADD 0x20000000U
#define IN_ISDIR 0x40000000U
#define IN_ONESHOT 0x80000000U
#define IN_ALL_EVENTS 0xfffU

#define FD_SETSIZE 1024 /* select(2): bits of a set of 64-bit words */

_Static_assert(sizeof(struct pollfd) == 8, "pollfd");
_Static_assert(sizeof(struct epoll_event) == 12, "epoll_event");
_Static_assert(sizeof(struct inotify_event) == 16, "inotify_event");

#endif
