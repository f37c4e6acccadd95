/*
 * The host half alone, without an enclave: hardens itself and starts its guard as adyton-host does, then keeps a secret in
 * each kind of memory that it has. `hardened GUARD` reads 32 bytes of secret from descriptor 0, says "ready", and obeys
 * one byte at a time: t starts a thread, anything else is its exit status; at the end of
 * its input it exits with 0.
 */
#include "abi/linux/elf.h"
#include "abi/linux/sched.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"
#include "host/host.h"

#define SECRET_SIZE 32

_Noreturn void hardened_main(uint64_t *stack);

struct host host;
static struct launch launch = { .memory = LAUNCH_MEMORY_SECRET };
static uint8_t in_data[SECRET_SIZE] = { 1 }, in_bss[SECRET_SIZE];
static const char *guard_path;

void *secret_memory(uint64_t size, uint64_t align)
{
	long at = harden_secret(size);

	(void)align;
	return sys_is_error(at) ? NULL : (void *)at;
}

static _Noreturn void hardened_thread(void)
{
	volatile uint8_t on_stack[SECRET_SIZE];

	for (uint32_t i = 0; i < SECRET_SIZE; i++)
		on_stack[i] = in_data[i];
	for (;;)
		(void)sys_raw3(__NR_pause, 0, 0, on_stack[0] & 0);
}

static void hardened_start_thread(void)
{
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	uint64_t top = (uint64_t)secret_memory(0x4000, PAGE_SIZE) + 0x4000;
	register uint64_t none __asm__("r10") = 0;
	long tid;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tcall *%%rbx\n1:"
			 : "=a"(tid) : "a"(__NR_clone), "D"(flags), "S"(top), "d"(0), "r"(none), "b"(hardened_thread)
			 : "rcx", "r11", "r8", "memory");
	if (tid < 0)
		host_die("no thread: %ld", tid);
}

static _Noreturn void hardened_obey(void)
{
	uint8_t on_stack[SECRET_SIZE], *on_heap = secret_memory(PAGE_SIZE, PAGE_SIZE), byte = 0;

	if (sys_read(0, on_stack, SECRET_SIZE) != SECRET_SIZE)
		host_die("no secret to keep");
	memcpy(on_heap, on_stack, SECRET_SIZE);
	memcpy(in_data, on_stack, SECRET_SIZE);
	memcpy(in_bss, on_stack, SECRET_SIZE);
	(void)sys_write(1, "ready\n", 6);
	while (sys_read(0, &byte, 1) == 1) {
		if (byte == 't')
			hardened_start_thread();
		else
			sys_exit_group(byte);
		(void)sys_write(1, "ready\n", 6);
	}
	sys_exit_group(on_stack[0] & on_heap[0] & 0);
}

static void hardened_protected(void *guard)
{
	extern const char __ehdr_start[], _end[];
	struct guard kept = *(struct guard *)guard;
	struct harden_fault fault;

	if (!harden_self((uint64_t)__ehdr_start, (uint64_t)_end, &fault))
		host_die("%s (at %lx, error %ld)", fault.step, fault.address, fault.error);
	guard_link(kept);
	hardened_obey();
}

_Noreturn void hardened_main(uint64_t *stack)
{
	struct guard guard;
	long at;

	host.launch = &launch;
	if (stack[0] > 1)
		guard_path = (const char *)stack[2];
	guard = guard_start(guard_path);
	at = harden_secret(HARDEN_STACK_SIZE);
	if (sys_is_error(at))
		host_die("no secret memory: error %ld", -at);
	harden_stack((uint64_t)at + HARDEN_STACK_SIZE, hardened_protected, &guard);
}

__asm__(".globl _start\n_start:\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall hardened_main\n\thlt");
