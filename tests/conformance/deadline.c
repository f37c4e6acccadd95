/*
 * deadline NAME: says "ready", then waits one second by the call of that name, and prints what it answered. Whoever
 * stops and continues it many times sees whether the wait begins anew each time.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec second = { 1, 0 };
static struct timeval second_too = { 1, 0 };
static unsigned word;

static int wait_as(const char *name)
{
	struct epoll_event event;

	if (!strcmp(name, "poll"))
		return poll(NULL, 0, 1000);
	if (!strcmp(name, "ppoll"))
		return ppoll(NULL, 0, &second, NULL);
	if (!strcmp(name, "select"))
		return select(0, NULL, NULL, NULL, &second_too);
	if (!strcmp(name, "epoll_wait"))
		return epoll_wait(epoll_create1(0), &event, 1, 1000);
	if (!strcmp(name, "nanosleep"))
		return nanosleep(&second, NULL);
	if (!strcmp(name, "futex"))
		return (int)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &second, NULL, 0);
	return -2;
}

int main(int argc, char **argv)
{
	int answer;

	puts("ready");
	(void)fflush(stdout);
	answer = wait_as(argc > 1 ? argv[1] : "");
	printf("%d %s\n", answer, answer < 0 ? strerror(errno) : "");
	return 0;
}
