/* The quoting enclave as a process: `adyton run quoting.adyton`, with a socket for standard input and output. */
#include "quoting/service.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run_find(char out[PATHS_MAX], struct fail *f)
{
	if (paths_beside(out, "../../bin/", "adyton") || paths_beside(out, "../", "adyton"))
		return 0;
	return fail(f, "platform: expected the adyton command in ../ or ../../bin/ of adyton-quoting, found none");
}

/* We were started with all signals blocked; a program in an enclave needs some. */
static int run_spawn(pid_t *pid, char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	error = posix_spawn(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

int run_image(const struct service *s, const char *image, const char *argument, int in, int out, pid_t *pid,
	      struct fail *f)
{
	char command[PATHS_MAX], path[PATHS_MAX];
	char *argv[8] = { command, (char *)(uintptr_t)"run" };
	size_t n = 2;
	int error;

	if (run_find(command, f) || folder_path(path, s, image, f))
		return -1;
	if (s->ordinary_memory)
		argv[n++] = (char *)(uintptr_t)"--memory=ordinary";
	argv[n++] = path;
	if (argument) {
		argv[n++] = (char *)(uintptr_t)"--";
		argv[n++] = (char *)(uintptr_t)argument;
	}
	error = run_spawn(pid, argv, in, out);
	return error ? fail(f, "platform: cannot run %s: %s", command, strerror(error)) : 0;
}

void run_end(struct service *s)
{
	if (s->fd < 0)
		return;
	close(s->fd); /* its input ends, and so does it */
	s->fd = -1;
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* An enclave that ended is an error of the next write to it, not our end. */
static void run_block_pipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static int run_begin(struct service *s, struct fail *f)
{
	int ends[2], error;

	if (!folder_has(s, "quoting.adyton"))
		return fail(f, "platform: there is no quoting enclave in %s: run `adyton platform init`", s->dir);
	run_block_pipe();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fail(f, "platform: no socket: %s", strerror(errno));
	error = run_image(s, "quoting.adyton", NULL, ends[1], ends[1], &s->pid, f);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return -1;
	}
	s->fd = ends[0];
	return 0;
}

int run_ask(struct service *s, uint32_t operation, const void *order, uint32_t order_size,
	    uint8_t payload[QUOTING_MAX], uint32_t *size, struct fail *f)
{
	struct quoting_head head;
	int error;

	if (s->fd < 0 && run_begin(s, f))
		return -ENODEV;
	error = channel_put(s->fd, operation, 0, order, order_size);
	if (!error)
		error = channel_get(s->fd, &head, payload);
	if (error) {
		run_end(s);
		(void)fail(f, "platform: the quoting enclave ended: %s", strerror(-error));
		return -EIO;
	}
	if (head.error) {
		(void)fail(f, "platform: the quoting enclave refused: %s%s", strerror(head.error),
			   head.error == EBADMSG ? " (the report was not made for it on this machine)" : "");
		return -head.error;
	}
	*size = head.size;
	return 0;
}
