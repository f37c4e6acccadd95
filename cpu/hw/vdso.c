#include "cpu/hw/vdso.h"

#include "base/mem.h"
#include "cpu/linux/auxv.h"

#define PT_LOAD 1U
#define PT_DYNAMIC 2U
#define DT_NULL 0L
#define DT_HASH 4L
#define DT_STRTAB 5L
#define DT_SYMTAB 6L
#define SYMBOLS_MAX 256U
#define VDSO_MAX 0x10000UL

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_dynamic {
	int64_t tag;
	uint64_t value;
};

struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

struct image {
	const uint8_t *base;
	size_t size;
	uint64_t vaddr; /* of the first byte */
};

/* A piece of the image by its address in it, if all of it is there. */
static const void *image_at(const struct image *image, uint64_t address, size_t size)
{
	uint64_t offset = address - image->vaddr;

	return offset < image->size && size <= image->size - offset ? image->base + offset : NULL;
}

static bool name_is(const struct image *image, uint64_t address, const char *name)
{
	const char *s = image_at(image, address, strlen(name) + 1);

	return s && !memcmp(s, name, strlen(name) + 1);
}

static uint64_t find_symbol(const struct image *image, uint64_t symtab, uint64_t strtab, uint64_t hash,
			    const char *name)
{
	/* DT_HASH's second word is the number of symbols; newer vDSOs have DT_GNU_HASH alone, so bound it ourselves. */
	const uint32_t *count = hash ? image_at(image, hash, 8) : NULL;
	uint32_t symbols = count && count[1] < SYMBOLS_MAX ? count[1] : SYMBOLS_MAX;

	for (uint32_t i = 0; i < symbols; i++) {
		struct elf_symbol s;
		const void *at = image_at(image, symtab + i * sizeof(s), sizeof(s));

		/* Without a count the string table, which follows, ends the search. */
		if (!at || (!count && strtab > symtab && symtab + (i + 1) * sizeof(s) > strtab))
			return 0;
		memcpy(&s, at, sizeof(s));
		if (s.section && name_is(image, strtab + s.name, name))
			return (uintptr_t)image->base + s.value - image->vaddr;
	}
	return 0;
}

static uint64_t search_dynamic(const struct image *image, uint64_t dynamic, const char *name)
{
	uint64_t symtab = 0, strtab = 0, hash = 0;

	for (uint64_t at = dynamic;; at += sizeof(struct elf_dynamic)) {
		const void *p = image_at(image, at, sizeof(struct elf_dynamic));
		struct elf_dynamic d;

		if (!p)
			return 0;
		memcpy(&d, p, sizeof(d));
		if (d.tag == DT_NULL)
			break;
		if (d.tag == DT_SYMTAB)
			symtab = d.value;
		if (d.tag == DT_STRTAB)
			strtab = d.value;
		if (d.tag == DT_HASH)
			hash = d.value;
	}
	return symtab && strtab ? find_symbol(image, symtab, strtab, hash, name) : 0;
}

uint64_t vdso_symbol(const uint8_t *base, size_t size, const char *name)
{
	static const uint8_t magic[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	struct image image = { base, size, 0 };
	const struct elf_header *h = (const struct elf_header *)base;
	uint64_t dynamic = 0;
	bool loaded = false;

	if (size < sizeof(*h) || memcmp(h->ident, magic, sizeof(magic)) || h->phentsize != sizeof(struct elf_segment))
		return 0;
	for (uint32_t i = 0; i < h->phnum; i++) {
		const struct elf_segment *s = image_at(&image, h->phoff + i * sizeof(*s), sizeof(*s));

		if (!s)
			return 0;
		if (s->type == PT_LOAD && !loaded) {
			image.vaddr = s->vaddr - s->offset;
			loaded = true;
			if (image.vaddr)
				return 0; /* every vDSO since Linux 3.x is linked at 0 */
		}
		if (s->type == PT_DYNAMIC)
			dynamic = s->vaddr;
	}
	return loaded && dynamic ? search_dynamic(&image, dynamic, name) : 0;
}

size_t vdso_size(const uint8_t *base)
{
	const struct image first = { base, PAGE_SIZE, 0 };
	const struct elf_header *h = (const struct elf_header *)base;

	for (uint32_t i = 0; i < h->phnum && h->phentsize == sizeof(struct elf_segment); i++) {
		const struct elf_segment *s = image_at(&first, h->phoff + i * sizeof(*s), sizeof(*s));

		if (s && s->type == PT_LOAD && s->offset == 0 && s->filesz <= VDSO_MAX)
			return s->filesz;
	}
	return 0;
}

uint64_t vdso_find(void)
{
	uint64_t address;

	return auxv_value(LINUX_AT_SYSINFO_EHDR, &address) ? address : 0;
}
