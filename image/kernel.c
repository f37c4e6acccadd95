#include "image/kernel.h"
#include "abi/layout.h"
#include "abi/sgx.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <elf.h>
#include <string.h>

#define KERNEL_SIZE_MAX (64 * MIB)

struct elf {
	const char *name;
	const uint8_t *at;
	size_t size;
	Elf64_Ehdr head;
};

static bool elf_has(const struct elf *e, uint64_t offset, uint64_t size)
{
	return offset <= e->size && size <= e->size - offset;
}

static int elf_head(struct elf *e, struct fail *f)
{
	if (e->size < sizeof(e->head) || memcmp(e->at, ELFMAG, SELFMAG))
		return fail(f, "kernel %s: expected an ELF file", e->name);
	memcpy(&e->head, e->at, sizeof(e->head));
	if (e->head.e_ident[EI_CLASS] != ELFCLASS64 || e->head.e_machine != EM_X86_64 || e->head.e_type != ET_EXEC)
		return fail(f, "kernel %s: expected an x86-64 ELF of type EXEC, found class %d, machine %d, type %d",
			    e->name, e->head.e_ident[EI_CLASS], e->head.e_machine, e->head.e_type);
	if (e->head.e_phentsize != sizeof(Elf64_Phdr) || e->head.e_shentsize != sizeof(Elf64_Shdr) ||
	    !elf_has(e, e->head.e_phoff, (uint64_t)e->head.e_phnum * sizeof(Elf64_Phdr)) ||
	    !elf_has(e, e->head.e_shoff, (uint64_t)e->head.e_shnum * sizeof(Elf64_Shdr)))
		return fail(f, "kernel %s: the tables of segments and sections do not lie inside the file", e->name);
	return 0;
}

static int kernel_load(struct kernel *k, const struct elf *e, const Elf64_Phdr *p, struct fail *f)
{
	struct kernel_load *l = &k->loads[k->load_count];
	uint64_t previous_end = KERNEL_BASE;

	if (k->load_count == KERNEL_LOADS_MAX)
		return fail(f, "kernel %s: expected at most %d segments", e->name, KERNEL_LOADS_MAX);
	if (k->load_count)
		previous_end = l[-1].address + (l[-1].file_pages + l[-1].zero_pages) * PAGE_SIZE;
	if (p->p_vaddr & PAGE_MASK || p->p_vaddr < previous_end || p->p_memsz > KERNEL_DEFINITION - p->p_vaddr ||
	    p->p_vaddr >= KERNEL_DEFINITION)
		return fail(f, "kernel %s: segment at %#lx: expected a page-aligned place after %#lx and before %#lx",
			    e->name, p->p_vaddr, previous_end, KERNEL_DEFINITION);
	if (p->p_filesz > p->p_memsz || !elf_has(e, p->p_offset, p->p_filesz))
		return fail(f, "kernel %s: segment at %#lx does not lie inside the file", e->name, p->p_vaddr);
	if (!(p->p_flags & PF_R) || (p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
		return fail(f, "kernel %s: segment at %#lx: expected R, RX or RW, found flags %u", e->name, p->p_vaddr,
			    p->p_flags);
	l->address = p->p_vaddr;
	l->file_pages = PAGE_UP(p->p_filesz) / PAGE_SIZE;
	l->zero_pages = PAGE_UP(p->p_memsz) / PAGE_SIZE - l->file_pages;
	l->rwx = SGX_SECINFO_R | (p->p_flags & PF_W ? SGX_SECINFO_W : 0) | (p->p_flags & PF_X ? SGX_SECINFO_X : 0);
	if (l->file_pages) {
		l->content = calloc(l->file_pages, PAGE_SIZE);
		if (!l->content)
			return fail(f, "kernel %s: out of memory", e->name);
		memcpy(l->content, e->at + p->p_offset, p->p_filesz);
	}
	k->load_count++;
	return 0;
}

static const struct kernel_load *kernel_executable(const struct kernel *k, uint64_t address)
{
	for (size_t i = 0; i < k->load_count; i++) {
		const struct kernel_load *l = &k->loads[i];

		if (l->rwx & SGX_SECINFO_X && address >= l->address && address < l->address + l->file_pages * PAGE_SIZE)
			return l;
	}
	return NULL;
}

/* Section .enclu: the one page with the kernel's ENCLU instruction (cpu/enclu.h). */
static int kernel_find_enclu(struct kernel *k, const struct elf *e, struct fail *f)
{
	Elf64_Shdr names, s;

	if (e->head.e_shstrndx >= e->head.e_shnum)
		return fail(f, "kernel %s: expected a table of section names", e->name);
	memcpy(&names, e->at + e->head.e_shoff + e->head.e_shstrndx * sizeof(s), sizeof(names));
	if (!elf_has(e, names.sh_offset, names.sh_size))
		return fail(f, "kernel %s: the section names do not lie inside the file", e->name);
	for (size_t i = 0; i < e->head.e_shnum; i++) {
		memcpy(&s, e->at + e->head.e_shoff + i * sizeof(s), sizeof(s));
		if (s.sh_name < names.sh_size && names.sh_size - s.sh_name >= sizeof(".enclu") &&
		    memcmp(e->at + names.sh_offset + s.sh_name, ".enclu", sizeof(".enclu")) == 0) {
			k->enclu_page = s.sh_addr;
			break;
		}
	}
	if (!k->enclu_page)
		return fail(f, "kernel %s: expected a section .enclu", e->name);
	if (k->enclu_page & PAGE_MASK || !kernel_executable(k, k->enclu_page))
		return fail(f,
			    "kernel %s: expected section .enclu on a page of an executable segment, found it at %#lx",
			    e->name, k->enclu_page);
	return 0;
}

int kernel_parse(struct kernel *k, const char *name, const uint8_t *elf, size_t size, struct fail *f)
{
	struct elf e = { .name = name, .at = elf, .size = size };
	Elf64_Phdr p;

	memset(k, 0, sizeof(*k));
	if (elf_head(&e, f))
		return -1;
	k->entry = e.head.e_entry;
	for (size_t i = 0; i < e.head.e_phnum; i++) {
		memcpy(&p, elf + e.head.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_INTERP || p.p_type == PT_DYNAMIC) {
			kernel_free(k);
			return fail(f, "kernel %s: expected a static program, found a dynamic one", name);
		}
		if (p.p_type == PT_LOAD && p.p_memsz && kernel_load(k, &e, &p, f)) {
			kernel_free(k);
			return -1;
		}
	}
	if (kernel_find_enclu(k, &e, f)) {
		kernel_free(k);
		return -1;
	}
	if (!kernel_executable(k, k->entry)) {
		kernel_free(k);
		return fail(f, "kernel %s: expected the entry in an executable segment, found it at %#lx", name,
			    e.head.e_entry);
	}
	return 0;
}

int kernel_read_file(struct kernel *k, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *elf = NULL;
	size_t size;

	if (io_read_file(path, KERNEL_SIZE_MAX, &elf, &size, f))
		return -1;
	return kernel_parse(k, path, elf, size, f);
}

void kernel_free(struct kernel *k)
{
	for (size_t i = 0; i < k->load_count; i++)
		free(k->loads[i].content);
	k->load_count = 0;
}
