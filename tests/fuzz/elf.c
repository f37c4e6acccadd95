/* The ELF loader: whatever a file says, it maps only program memory, and only what it has reserved or what is fixed. */
#include "tests/fuzz/kernel.h"

#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/exec/exec.h"
#include "kernel/mm/mm.h"

#define ELF_ANYWHERE 0x7000000000UL

static bool elf_in_program(uint64_t addr, uint64_t length)
{
	return length && addr < USER_TOP && length <= USER_TOP - addr;
}

long mm_map(uint64_t addr, uint64_t length, int prot, int flags, struct file *file, uint64_t offset)
{
	fuzz_check(!(prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)), "a protection is one");
	fuzz_check(!(offset & PAGE_MASK) && (file || !offset), "an offset is a page's");
	fuzz_check(offset <= INT64_MAX && length <= INT64_MAX, "lengths and offsets are no negative numbers");
	if (!(flags & MAP_FIXED))
		return length < USER_TOP / 4 ? (long)(addr ? addr : ELF_ANYWHERE) : -ENOMEM;
	fuzz_check(!(addr & PAGE_MASK) && elf_in_program(addr, length), "a segment lies in the program's range");
	return (long)addr;
}

int mm_unmap(uint64_t addr, uint64_t length)
{
	fuzz_check(!(addr & PAGE_MASK) && elf_in_program(addr, length), "what is unmapped lies in the program's range");
	return 0;
}

int clear_user(uint64_t to, size_t size)
{
	fuzz_check(elf_in_program(to, size) && size < PAGE_SIZE, "what is cleared is the rest of a page");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image = { 0 };

	if (!setjmp(fuzz_died) && !elf_map(fuzz_file(data, size), 0x5555550000UL, &image))
		fuzz_check(!image.interpreter[sizeof(image.interpreter) - 1], "the interpreter's name ends");
	fuzz_heap_clear();
	return 0;
}
