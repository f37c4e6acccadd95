#include "kernel/lib/fpu.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/thread.h"

/*
 * What the crypto library can touch: x87, SSE, AVX and AVX-512 (SDM 1, 13.1). These end at byte 2688 of the standard
 * format; asking for all would write the 8 KiB of AMX tiles too.
 */
#define XSAVE_USED 0xe7U
#define FPU_XSAVE_SIZE 2688U

/* What lies at FS while the crypto library runs: a canary that its stack protector can read (fs:0x28). */
static uint64_t fpu_fs_block[8] __attribute__((aligned(64)));

struct fpu_area {
	uint8_t xsave[FPU_XSAVE_SIZE];
	uint64_t fs_base;
};
_Static_assert(sizeof(struct fpu_area) <= PAGE_SIZE, "fpu_area");

void fpu_begin(void)
{
	struct thread *t = current;
	struct fpu_area *a = t->fpu_area;

	if (!a) {
		a = t->fpu_area = heap_pages(1);
		if (!a)
			kernel_die("no memory for a thread's vector state");
	}
	__asm__ volatile("xsave64 (%0)" : : "r"(a->xsave), "a"(XSAVE_USED), "d"(0U) : "memory");
	__asm__ volatile("rdfsbase %0" : "=r"(a->fs_base));
	__asm__ volatile("wrfsbase %0" : : "r"(fpu_fs_block) : "memory");
}

void fpu_end(void)
{
	struct fpu_area *a = current->fpu_area;

	__asm__ volatile("wrfsbase %0" : : "r"(a->fs_base) : "memory");
	__asm__ volatile("xrstor64 (%0)" : : "r"(a->xsave), "a"(XSAVE_USED), "d"(0U) : "memory");
}
