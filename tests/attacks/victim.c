/*
 * An ordinary program with secrets: `victim FILE SINK [jit]`. It says "place NAME ADDRESS" for each, then "ready", then
 * reads commands of one byte: t makes a thread and says "thread", s is busy for a second, q ends it with status 7.
 */
#include "tests/attacks/victim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint8_t seed[SECRET_SIZE];
static uint8_t in_data[SECRET_SIZE] = { 1 }, in_bss[SECRET_SIZE];

void victim_secret(uint8_t *to, enum place place)
{
	for (int i = 0; i < SECRET_SIZE; i++)
		to[i] = (uint8_t)(seed[i] ^ place);
}

void victim_say(const char *name, const void *address)
{
	printf("place %s %lx\n", name, (unsigned long)(uintptr_t)address);
}

static _Noreturn void victim_fail(const char *step)
{
	perror(step);
	exit(1);
}

static bool ready;

static void *victim_thread(void *started)
{
	volatile uint8_t on_stack[SECRET_SIZE];

	victim_secret((uint8_t *)(uintptr_t)on_stack, THREAD_STACK);
	if (!ready)
		victim_say("thread_stack", (const void *)(uintptr_t)on_stack);
	if (write(*(int *)started, "", 1) != 1)
		victim_fail("write");
	for (;;)
		pause();
	return NULL;
}

static void victim_start_thread(void)
{
	pthread_t thread;
	int ends[2];
	char byte;

	if (pipe(ends) || pthread_create(&thread, NULL, victim_thread, &ends[1]) || read(ends[0], &byte, 1) != 1)
		victim_fail("thread");
	close(ends[0]);
	close(ends[1]);
}

static void victim_read_file(const char *path)
{
	static uint8_t room[8192];
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, room, sizeof(room)) != SECRET_SIZE)
		victim_fail(path);
	close(fd);
	memcpy(seed, room, SECRET_SIZE);
	victim_say("file_buffer", room);
}

static void victim_write(const char *path)
{
	static uint8_t room[SECRET_SIZE];
	int fd = open(path, O_WRONLY);

	victim_secret(room, WRITTEN);
	if (fd < 0 || write(fd, room, sizeof(room)) != SECRET_SIZE)
		victim_fail(path);
	close(fd);
	victim_say("written", room);
}

static void victim_memory(void)
{
	const int access = PROT_READ | PROT_WRITE;
	uint8_t *heap = malloc(SECRET_SIZE), *shared = mmap(NULL, 4096, access, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!heap || shared == MAP_FAILED)
		victim_fail("memory");
	victim_secret(heap, HEAP);
	victim_secret(shared, SHARED);
	victim_secret(in_data, DATA);
	victim_secret(in_bss, BSS);
	victim_say("heap", heap);
	victim_say("shared", shared);
	victim_say("data", in_data);
	victim_say("bss", in_bss);
}

/* Kept by the kernel, which for an enclave is inside: a pipe's content and a file without a name. */
static void victim_kernel(void)
{
	uint8_t room[SECRET_SIZE];
	int ends[2], fd = memfd_create("victim", 0);

	if (pipe(ends))
		victim_fail("pipe");
	victim_secret(room, PIPE);
	if (write(ends[1], room, sizeof(room)) != SECRET_SIZE)
		victim_fail("pipe");
	victim_say("pipe", NULL);
	victim_secret(room, MEMFD);
	if (fd >= 0 && write(fd, room, sizeof(room)) == SECRET_SIZE)
		victim_say("memfd", NULL);
	explicit_bzero(room, sizeof(room));
}

/* As a just-in-time compiler: memory that is writable and executable. */
static void victim_jit(void)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		victim_fail("mmap");
	victim_secret(code, JIT);
	victim_say("jit", code);
}

/* Wait for a byte, with secrets in vector registers and in the registers of arguments that read(2) has not. */
static char victim_command(void)
{
	uint8_t vector[SECRET_SIZE], words[SECRET_SIZE];
	char byte = 'q';
	long n = SYS_read;

	victim_secret(vector, VECTOR);
	victim_secret(words, ARGUMENTS);
	__asm__ volatile("movdqu (%2), %%xmm14; movdqu 16(%2), %%xmm15; "
			 "mov (%3), %%r10; mov 8(%3), %%r8; mov 16(%3), %%r9; "
			 "mov %4, %%rsi; mov $1, %%edx; xor %%edi, %%edi; syscall"
			 : "+a"(n), "+m"(byte) : "r"(vector), "r"(words), "r"(&byte)
			 : "rcx", "r11", "r8", "r9", "r10", "rdi", "rsi", "rdx", "xmm14", "xmm15", "memory");
	return n == 1 ? byte : 'q';
}

static void victim_spin(void)
{
	clock_t end = clock() + CLOCKS_PER_SEC;

	while (clock() < end)
		for (volatile int i = 0; i < 100000; i++)
			;
}

int main(int argc, char **argv)
{
	volatile uint8_t on_stack[SECRET_SIZE];

	if (argc < 3)
		return 2;
	victim_read_file(argv[1]);
	victim_write(argv[2]);
	victim_secret((uint8_t *)(uintptr_t)on_stack, STACK);
	victim_say("stack", (const void *)(uintptr_t)on_stack);
	victim_memory();
	victim_library();
	victim_kernel();
	victim_start_thread();
	if (argc > 3)
		victim_jit();
	ready = true;
	printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		char command = victim_command();

		if (command == 's') {
			victim_spin();
			continue;
		}
		if (command != 't')
			return command == 'q' ? 7 : on_stack[0] & 0;
		victim_start_thread();
		printf("thread\n");
		(void)fflush(stdout);
	}
}
