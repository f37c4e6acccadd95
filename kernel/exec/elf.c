/*
 * ELF files, as fs/binfmt_elf.c of Linux understands them. The file may be hostile: every number is checked before use.
 */
#include "abi/linux/elf.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "base/mem.h"
#include "kernel/exec/exec.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"

#define ELF_PHNUM_MAX 64

struct elf_file {
	struct file *f;
	Elf64_Ehdr eh;
	Elf64_Phdr ph[ELF_PHNUM_MAX];
};

static int elf_read(struct file *f, void *to, size_t size, uint64_t offset)
{
	int64_t pos = (int64_t)offset;
	struct iov v = IOV_KERNEL(to, size);
	long n = f->ops->read ? f->ops->read(f, &v, &pos) : -EINVAL;

	return n < 0 ? (int)n : (size_t)n == size ? 0 : -ENOEXEC;
}

static int elf_check_header(const Elf64_Ehdr *eh)
{
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (eh->e_machine != EM_X86_64 || (eh->e_type != ET_EXEC && eh->e_type != ET_DYN))
		return -ENOEXEC;
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum == 0 || eh->e_phnum > ELF_PHNUM_MAX)
		return -ENOEXEC;
	return 0;
}

static int elf_check_load(const Elf64_Phdr *ph)
{
	uint64_t end;

	if (ph->p_filesz > ph->p_memsz || ((ph->p_vaddr ^ ph->p_offset) & PAGE_MASK))
		return -ENOEXEC;
	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) || end > USER_TOP - PAGE_SIZE)
		return -ENOMEM;
	if (ph->p_offset > INT64_MAX - ph->p_filesz)
		return -ENOEXEC;
	return 0;
}

static int elf_headers(struct elf_file *e)
{
	int error = elf_read(e->f, &e->eh, sizeof(e->eh), 0);

	if (!error)
		error = elf_check_header(&e->eh);
	if (!error)
		error = elf_read(e->f, e->ph, e->eh.e_phnum * sizeof(Elf64_Phdr), e->eh.e_phoff);
	for (uint16_t i = 0; i < e->eh.e_phnum && !error; i++)
		if (e->ph[i].p_type == PT_LOAD)
			error = elf_check_load(&e->ph[i]);
	return error;
}

static int elf_interpreter(struct elf_file *e, const Elf64_Phdr *ph, struct elf_image *image)
{
	int error;

	if (ph->p_filesz < 2 || ph->p_filesz > sizeof(image->interpreter))
		return -ENOEXEC;
	error = elf_read(e->f, image->interpreter, ph->p_filesz, ph->p_offset);
	if (error)
		return error;
	return image->interpreter[ph->p_filesz - 1] ? -ENOEXEC : 0;
}

static int elf_protection(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* What lies behind the file's bytes: the rest of the last page is cleared, further pages are anonymous. */
static int elf_map_bss(const Elf64_Phdr *ph, uint64_t base, int prot)
{
	uint64_t file_end = base + ph->p_vaddr + ph->p_filesz, end = base + ph->p_vaddr + ph->p_memsz;
	uint64_t anonymous = PAGE_UP(file_end);
	long at = 0;

	if (end > anonymous) {
		at = mm_map(anonymous, PAGE_UP(end) - anonymous, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL,
			    0);
		if (at < 0)
			return (int)at;
	}
	if (end > file_end && anonymous > file_end && (prot & PROT_WRITE))
		return clear_user(file_end, anonymous - file_end);
	return 0;
}

static int elf_map_segment(struct elf_file *e, const Elf64_Phdr *ph, uint64_t base)
{
	uint64_t start = PAGE_DOWN(base + ph->p_vaddr), end = PAGE_UP(base + ph->p_vaddr + ph->p_filesz);
	int prot = elf_protection(ph);
	long at;

	if (!ph->p_memsz)
		return 0;
	if (end > start) {
		at = mm_map(start, end - start, prot, MAP_PRIVATE | MAP_FIXED, e->f, PAGE_DOWN(ph->p_offset));
		if (at < 0)
			return (int)at;
	}
	return elf_map_bss(ph, base, prot);
}

/* Choose the load address: as linked for ET_EXEC; for ET_DYN one range large enough for all segments. */
static int elf_place(const struct elf_file *e, uint64_t dynamic_at, struct elf_image *image)
{
	uint64_t low = UINT64_MAX, high = 0, align = PAGE_SIZE;
	long at;

	for (uint16_t i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &e->ph[i];

		if (ph->p_type != PT_LOAD)
			continue;
		low = PAGE_DOWN(ph->p_vaddr) < low ? PAGE_DOWN(ph->p_vaddr) : low;
		high = ph->p_vaddr + ph->p_memsz > high ? ph->p_vaddr + ph->p_memsz : high;
		if (ph->p_align > align && ph->p_align <= GIB && !(ph->p_align & (ph->p_align - 1)))
			align = ph->p_align;
	}
	if (low >= high)
		return -ENOEXEC;
	image->end = high;
	if (e->eh.e_type == ET_EXEC)
		return low < USER_BOTTOM ? -EPERM : 0;
	at = mm_map(dynamic_at & ~(align - 1), PAGE_UP(high - low) + align, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0);
	if (at < 0)
		return (int)at;
	image->base = (((uint64_t)at + align - 1) & ~(align - 1)) - low;
	image->end += image->base;
	/*
	 * The reservation found a free range; the segments go there one by one, and what is between them stays a hole.
	 */
	return mm_unmap((uint64_t)at, PAGE_UP(high - low) + align);
}

static void elf_find_phdr(const struct elf_file *e, struct elf_image *image)
{
	uint64_t size = e->eh.e_phnum * sizeof(Elf64_Phdr);

	for (uint16_t i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &e->ph[i];

		if (ph->p_type == PT_LOAD && ph->p_offset <= e->eh.e_phoff && ph->p_filesz >= size &&
		    e->eh.e_phoff - ph->p_offset <= ph->p_filesz - size)
			image->phdr = image->base + ph->p_vaddr + (e->eh.e_phoff - ph->p_offset);
	}
}

static int elf_read_all(struct elf_file *e, struct elf_image *image)
{
	int error = elf_headers(e);

	for (uint16_t i = 0; i < e->eh.e_phnum && !error; i++)
		if (e->ph[i].p_type == PT_INTERP && !image->interpreter[0])
			error = elf_interpreter(e, &e->ph[i], image);
	return error;
}

static int elf_map_all(struct elf_file *e, uint64_t dynamic_at, struct elf_image *image)
{
	int error = elf_read_all(e, image);

	if (!error)
		error = elf_place(e, dynamic_at, image);
	for (uint16_t i = 0; i < e->eh.e_phnum && !error; i++) {
		if (e->ph[i].p_type == PT_LOAD)
			error = elf_map_segment(e, &e->ph[i], image->base);
		if (e->ph[i].p_type == PT_GNU_STACK)
			image->executable_stack = e->ph[i].p_flags & PF_X;
	}
	if (error)
		return error;
	image->entry = image->base + e->eh.e_entry;
	image->phnum = e->eh.e_phnum;
	elf_find_phdr(e, image);
	return 0;
}

int elf_map(struct file *f, uint64_t dynamic_at, struct elf_image *image)
{
	struct elf_file *e = heap_alloc(sizeof(*e));
	int error;

	if (!e)
		return -ENOMEM;
	e->f = f;
	error = elf_map_all(e, dynamic_at, image);
	heap_free(e);
	return error;
}

int elf_probe(struct file *f, struct elf_image *image)
{
	struct elf_file *e = heap_alloc(sizeof(*e));
	int error;

	if (!e)
		return -ENOMEM;
	e->f = f;
	error = elf_read_all(e, image);
	heap_free(e);
	return error;
}
