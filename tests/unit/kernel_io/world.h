/*
 * A script of system calls is run twice: by Linux, and by the kernel's own handlers in this process, whose host calls
 * are made for real. Both write what they saw into a log; the logs must be the same.
 */
#ifndef ADYTON_TESTS_UNIT_KERNEL_IO_WORLD_H
#define ADYTON_TESTS_UNIT_KERNEL_IO_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world {
	const char *name;
	long (*call)(long nr, long a, long b, long c, long d, long e, long f);
	/*
	 * The program's memory lies low, where the handlers look for it (and sanitizers leave room); both worlds use
	 * the same.
	 */
	uint8_t *arena;
	size_t arena_used;
	char log[16384];
	size_t logged;
};

extern struct world *world;

#define CALL6(nr, a, b, c, d, e, f, ...) \
	world->call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL(...) CALL6(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* Memory of the program, zeroed. */
void *arena(size_t size);
void *arena_copy(const void *from, size_t size);
void note(const char *how, ...) __attribute__((format(printf, 1, 2)));
/* A descriptor's number differs between the worlds: only whether there is one is noted. Returns it. */
int note_fd(const char *what, long fd);

/* Run the script in both worlds and compare. */
void both(void (*script)(void));

/* A thread of the program in the world that runs now. */
struct world_thread;
struct world_thread *world_thread_start(void (*run)(void *), void *data);
void world_thread_join(struct world_thread *t);
void world_sleep_ms(int ms);

long inside_call(long nr, long a, long b, long c, long d, long e, long f);
void inside_start(void);
void inside_thread_enter(void);
void inside_thread_leave(void);
/* How many host calls were made so far: what must stay inside is checked by this. */
unsigned long inside_host_calls(void);
/* No file or message may be left when all descriptors are closed. */
long inside_heap_live(void);

#endif
