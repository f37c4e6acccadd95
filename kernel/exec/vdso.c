/* The vDSO is mapped like any file whose text nobody may write; its image is part of the measured kernel. */
#include "kernel/exec/vdso.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "base/mem.h"
#include "kernel/fs/file.h"
#include "kernel/mm/mm.h"
#include "kernel/time/vdso.h"

static int vdso_map_page(struct file *f, uint64_t page_index, void *page)
{
	uint64_t offset = page_index * PAGE_SIZE, size;

	(void)f;
	if (offset >= vdso_image_size)
		return -EIO;
	size = vdso_image_size - offset < PAGE_SIZE ? vdso_image_size - offset : PAGE_SIZE;
	memset(page, 0, PAGE_SIZE);
	memcpy(page, vdso_image + offset, size);
	return 0;
}

static int vdso_map_check(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	(void)f;
	(void)flags;
	(void)offset;
	(void)length;
	return prot & PROT_WRITE ? -EACCES : 0;
}

static int vdso_getattr(struct file *f, struct stat *st)
{
	(void)f;
	*st = (struct stat){ .st_mode = S_IFREG | 0555, .st_size = (int64_t)vdso_image_size };
	return 0;
}

static const struct file_ops vdso_ops = {
	.kind = "vdso",
	.public = true,
	.map_page = vdso_map_page,
	.map_check = vdso_map_check,
	.getattr = vdso_getattr,
};

uint64_t vdso_map(void)
{
	struct file *f = file_new(&vdso_ops, O_RDONLY, NULL);
	long at;

	if (!f)
		return 0;
	at = mm_map(0, PAGE_UP(vdso_image_size), PROT_READ | PROT_EXEC, MAP_PRIVATE, f, 0);
	file_put(f);
	return at < 0 ? 0 : (uint64_t)at;
}
