/*
 * A program that asks for as much as it can in a few milliseconds and believes little: whatever the calls answer, it goes
 * on. Under the evil host only the kernel stands between it and the lies.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static char victim_buffer[65536];

static void victim_ignore(long result)
{
	(void)result;
}

static void victim_files(void)
{
	struct stat st;
	struct statfs fs;
	struct iovec iov[3] = { { victim_buffer, 10 }, { victim_buffer + 100, 1000 }, { victim_buffer + 5000, 30000 } };
	int fd = open("/etc/passwd", O_RDONLY), dir = open("/etc", O_RDONLY | O_DIRECTORY);

	victim_ignore(read(fd, victim_buffer, sizeof(victim_buffer)));
	victim_ignore(pread(fd, victim_buffer, 4096, 10));
	victim_ignore(readv(fd, iov, 3));
	victim_ignore(preadv(fd, iov, 3, 1));
	victim_ignore(lseek(fd, 0, SEEK_END));
	victim_ignore(fstat(fd, &st));
	victim_ignore(stat("/usr/lib", &st));
	victim_ignore(lstat("/lib", &st));
	victim_ignore(fstatfs(fd, &fs));
	victim_ignore(readlink("/lib", victim_buffer, 100));
	victim_ignore(access("/etc/nothing", R_OK));
	victim_ignore(syscall(SYS_getdents64, dir, victim_buffer, sizeof(victim_buffer)));
	victim_ignore(fcntl(fd, F_GETFL));
	victim_ignore(ioctl(0, TIOCGWINSZ, victim_buffer));
	victim_ignore(close(fd));
	victim_ignore(close(dir));
}

static void victim_mappings(void)
{
	int fd = open("/etc/passwd", O_RDONLY);
	char *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0), *anonymous;

	if (at != MAP_FAILED)
		victim_buffer[0] = at[0];
	anonymous = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (anonymous != MAP_FAILED) {
		memset(anonymous, 1, 200000);
		victim_ignore(mprotect(anonymous, 65536, PROT_READ));
		victim_ignore(madvise(anonymous, 65536, MADV_DONTNEED));
		victim_ignore(munmap(anonymous, 1 << 19));
	}
	victim_ignore(close(fd));
}

static void victim_sockets(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sin);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), value = 1, epoll = epoll_create1(0);
	struct pollfd p = { .fd = s, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	struct msghdr m = { 0 };

	victim_ignore(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
	victim_ignore(bind(s, (struct sockaddr *)&sin, sizeof(sin)));
	victim_ignore(listen(s, 5));
	victim_ignore(getsockname(s, (struct sockaddr *)&sin, &size));
	victim_ignore(getsockopt(s, SOL_SOCKET, SO_ERROR, &value, &size));
	victim_ignore(accept(s, NULL, NULL));
	victim_ignore(recv(s, victim_buffer, 5000, MSG_DONTWAIT));
	victim_ignore(send(s, victim_buffer, 50, MSG_DONTWAIT | MSG_NOSIGNAL));
	victim_ignore(recvmsg(s, &m, MSG_DONTWAIT));
	victim_ignore(poll(&p, 1, 0));
	victim_ignore(epoll_ctl(epoll, EPOLL_CTL_ADD, s, &event));
	victim_ignore(epoll_wait(epoll, &event, 1, 0));
	victim_ignore(close(s));
	victim_ignore(close(epoll));
}

static void victim_rest(void)
{
	struct timespec ts;
	struct sysinfo si;
	struct rusage ru;

	victim_ignore(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	victim_ignore(clock_gettime(CLOCK_MONOTONIC, &ts));
	victim_ignore(sysinfo(&si));
	victim_ignore(getrusage(RUSAGE_SELF, &ru));
	victim_ignore(write(1, "victim\n", 7));
}

int main(void)
{
	for (int i = 1; i < 32; i++)
		if (i != SIGSEGV && i != SIGBUS && i != SIGILL && i != SIGFPE && i != SIGTRAP)
			signal(i, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		victim_files();
		victim_mappings();
		victim_sockets();
		victim_rest();
	}
	return 0;
}
