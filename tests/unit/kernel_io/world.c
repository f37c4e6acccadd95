#include "tests/unit/kernel_io/world.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ARENA ((void *)0x40000000)
#define ARENA_SIZE (8UL << 20)

struct world *world;

static long native_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);

	return r < 0 ? -errno : r;
}

void *arena(size_t size)
{
	void *p = world->arena + world->arena_used;

	world->arena_used += (size + 15) & ~15UL;
	assert_true(world->arena_used <= ARENA_SIZE);
	memset(p, 0, size);
	return p;
}

void *arena_copy(const void *from, size_t size)
{
	return memcpy(arena(size), from, size);
}

void note(const char *how, ...)
{
	size_t room = sizeof(world->log) - world->logged;
	va_list args;
	int n;

	va_start(args, how);
	n = vsnprintf(world->log + world->logged, room, how, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n + 1 < room);
	world->logged += (size_t)n;
	world->log[world->logged++] = '\n';
	world->log[world->logged] = 0;
}

int note_fd(const char *what, long fd)
{
	if (fd < 0)
		note("%s: %ld", what, fd);
	else
		note("%s: a descriptor", what);
	return (int)fd;
}

static void run(struct world *w, void (*script)(void))
{
	world = w;
	w->arena_used = w->logged = 0;
	w->log[0] = 0;
	script();
}

/* The first line that differs, for the message. */
static void compare(const char *native, const char *inside)
{
	const char *line = native, *other = inside;

	if (!strcmp(native, inside))
		return;
	while (*native && *native == *inside) {
		if (*native == '\n') {
			line = native + 1;
			other = inside + 1;
		}
		native++;
		inside++;
	}
	fail_msg("Linux: %.*s\n   inside: %.*s", (int)strcspn(line, "\n"), line, (int)strcspn(other, "\n"), other);
}

void both(void (*script)(void))
{
	static struct world native = { .name = "native", .call = native_call };
	static struct world inside = { .name = "inside", .call = inside_call };
	long live;

	if (!native.arena) {
		native.arena = mmap(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		assert_ptr_equal(native.arena, ARENA);
		inside.arena = native.arena;
		inside_start();
	}
	run(&native, script);
	live = inside_heap_live();
	run(&inside, script);
	compare(native.log, inside.log);
	(void)live;
}

struct world_thread {
	pthread_t thread;
	void (*run)(void *);
	void *data;
	bool inside;
};

static void *thread_main(void *arg)
{
	struct world_thread *t = arg;

	if (t->inside)
		inside_thread_enter();
	t->run(t->data);
	if (t->inside)
		inside_thread_leave();
	return NULL;
}

struct world_thread *world_thread_start(void (*start)(void *), void *data)
{
	struct world_thread *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	*t = (struct world_thread){ .run = start, .data = data, .inside = world->call == inside_call };
	assert_int_equal(pthread_create(&t->thread, NULL, thread_main, t), 0);
	return t;
}

void world_thread_join(struct world_thread *t)
{
	pthread_join(t->thread, NULL);
	free(t);
}

void world_sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}
