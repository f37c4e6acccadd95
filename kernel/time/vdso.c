/* Putting the vDSO into the program's address space: one private copy, readable and executable. */
#include "kernel/time/vdso.h"
#include "abi/linux/mman.h"
#include "kernel/exec/vdso.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user.h"

uint64_t vdso_map(void)
{
	uint64_t size = vdso_image_size;
	long at = mm_map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);

	if (at < 0)
		return 0;
	if (!copy_to_user((uint64_t)at, vdso_image, size) &&
	    !mm_protect((uint64_t)at, size, PROT_READ | PROT_EXEC))
		return (uint64_t)at;
	/* A program does without. */
	(void)!mm_unmap((uint64_t)at, size);
	return 0;
}
