/*
 * A program that asks for as much as it can in a few milliseconds and believes little: whatever the calls answer, it
 * goes on. Under the evil host only the kernel stands between it and the lies.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define VICTIM_POISON ((unsigned char *)0x300000000) /* as in evil.h */
#define VICTIM_POISON_SIZE 65536
#define VICTIM_CHANGED 98 /* exit status: memory or a file is not what it must be */

static char victim_buffer[65536];
static sigjmp_buf victim_back;

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

/* Bytes that the host moves by itself: however many it says, never more than were asked for. */
static void victim_copies(void)
{
	int from = open("/etc/passwd", O_RDONLY), to = open("/dev/shm/copy", O_RDWR | O_CREAT, 0600);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	off64_t at = 10, there = 5;
	long n = sendfile64(s, from, &at, 1000);

	if (n > 1000 || (n > 0 && at != 10 + n))
		_exit(VICTIM_CHANGED);
	victim_ignore(sendfile(to, from, NULL, 1000));
	at = 10;
	n = copy_file_range(from, &at, from, &there, 1000, 0);
	if (n > 1000 || (n > 0 && (at != 10 + n || there != 5 + n)))
		_exit(VICTIM_CHANGED);
	victim_ignore(close(from));
	victim_ignore(close(to));
	victim_ignore(close(s));
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

static void victim_fault(int signal)
{
	siglongjmp(victim_back, signal);
}

/* Exceptions of the program's own, each of which is an entry at CSSA 1. */
static void victim_faults(void)
{
	struct sigaction action = { .sa_handler = victim_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	if (!sigsetjmp(victim_back, 1))
		__asm__ volatile("movl $1, 16");
	if (!sigsetjmp(victim_back, 1))
		__asm__ volatile("ud2");
	if (!sigsetjmp(victim_back, 1))
		__asm__ volatile("xor %%eax, %%eax\n\tcltd\n\tdivl %%eax" : : : "eax", "edx");
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGFPE, SIG_DFL);
}

static void *victim_thread(void *lock)
{
	for (int i = 0; i < 5; i++) {
		pthread_mutex_lock(lock);
		victim_ignore(getppid());
		victim_ignore(write(1, "", 0));
		pthread_mutex_unlock(lock);
	}
	return NULL;
}

static void victim_threads(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[2];
	int made = 0;

	for (int i = 0; i < 2; i++)
		made += !pthread_create(&threads[made], NULL, victim_thread, &lock);
	victim_thread(&lock);
	while (made)
		pthread_join(threads[--made], NULL);
}

static void victim_poison(void)
{
	void *at = mmap(VICTIM_POISON, VICTIM_POISON_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (at != VICTIM_POISON)
		_exit(1);
	memset(at, 0x5a, VICTIM_POISON_SIZE);
}

static void victim_look_at_poison(void)
{
	for (int i = 0; i < VICTIM_POISON_SIZE; i++)
		if (VICTIM_POISON[i] != 0x5a)
			_exit(VICTIM_CHANGED);
}

/* A file of a measured root, as run.py made it: its own bytes or an error, never others. */
static void victim_measured(const char *path)
{
	int fd = open(path, O_RDONLY);

	for (long n, at = 0; (n = read(fd, victim_buffer, 20000)) > 0; at += n)
		for (long i = 0; i < n; i++)
			if ((unsigned char)victim_buffer[i] != (unsigned char)((at + i) * 7 + ((at + i) >> 9)))
				_exit(VICTIM_CHANGED);
	victim_ignore(close(fd));
}

/* Reports and keys, which the host gives or not; quotes, in whose place it gives what it likes. */
static void victim_attestation(void)
{
	static const char *const names[] = { "report", "quote", "my_target_info", "keys/_sgx_mrenclave",
					     "attestation_type" };
	char path[64];

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd;

		victim_ignore(snprintf(path, sizeof(path), "/dev/attestation/%s", names[i]));
		fd = open(path, O_RDONLY);
		victim_ignore(read(fd, victim_buffer, sizeof(victim_buffer)));
		victim_ignore(close(fd));
	}
}

int main(int argc, char **argv)
{
	victim_poison();
	for (int i = 1; i < 32; i++)
		if (i != SIGSEGV && i != SIGBUS && i != SIGILL && i != SIGFPE && i != SIGTRAP)
			signal(i, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		victim_files();
		victim_copies();
		victim_mappings();
		victim_sockets();
		victim_rest();
		victim_faults();
		victim_threads();
		victim_attestation();
		if (argc > 1)
			victim_measured(argv[1]);
	}
	victim_look_at_poison();
	return 0;
}
