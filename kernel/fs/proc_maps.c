/* /proc/PID/{maps,smaps,smaps_rollup,mounts,mountinfo,fd,fdinfo}. */
#include "base/mem.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/vma.h"

/* Areas as they were at one moment: files are asked for their numbers when mm->lock is no longer held. */
struct snapshot {
	struct vma *areas;
	uint32_t count, room;
};

static int snapshot_add(void *ctx, const struct vma *v)
{
	struct snapshot *s = ctx;

	if (s->count == s->room)
		return -EAGAIN;
	s->areas[s->count] = *v;
	if (v->file)
		file_get(v->file);
	s->count++;
	return 0;
}

static void snapshot_free(struct snapshot *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		file_put(s->areas[i].file);
	heap_free(s->areas);
	s->areas = NULL;
	s->count = 0;
}

static int snapshot_take(struct snapshot *s)
{
	for (uint32_t room = 256;; room *= 2) {
		int error;

		*s = (struct snapshot){ .areas = heap_alloc(room * sizeof(struct vma)), .room = room };
		if (!s->areas)
			return -ENOMEM;
		error = mm_each_vma(snapshot_add, s);
		if (!error)
			return 0;
		snapshot_free(s);
		if (error != -EAGAIN || room > VMA_COUNT_MAX)
			return error;
	}
}

static const char *area_name(const struct vma *v)
{
	if (v->file)
		return v->file->name ? v->file->name : v->file->ops->kind;
	return v->flags & VMA_STACK    ? "[stack]"
	       : v->flags & VMA_HEAP   ? "[heap]"
	       : v->flags & VMA_KERNEL ? "[adyton]"
				       : NULL;
}

static void area_line(struct text *t, const struct vma *v)
{
	size_t start = t->length;
	struct stat st = { 0 };
	const char *name = area_name(v);

	if (v->file && file_getattr(v->file, &st))
		st = (struct stat){ 0 };
	text_add(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start, v->end, v->prot & PROT_READ ? 'r' : '-',
		 v->prot & PROT_WRITE ? 'w' : '-', v->prot & PROT_EXEC ? 'x' : '-', v->flags & VMA_SHARED ? 's' : 'p',
		 v->file ? v->offset : 0, DEV_MAJOR(st.st_dev), DEV_MINOR(st.st_dev), st.st_ino);
	while (name && !t->failed && t->length - start < 73)
		text_bytes(t, " ", 1);
	if (name)
		text_escaped(t, name);
	text_bytes(t, "\n", 1);
}

static int show_areas(struct text *t, void (*more)(struct text *t, const struct vma *v))
{
	struct snapshot s;
	int error = snapshot_take(&s);

	if (error)
		return error;
	for (uint32_t i = 0; i < s.count; i++) {
		area_line(t, &s.areas[i]);
		if (more)
			more(t, &s.areas[i]);
	}
	snapshot_free(&s);
	return 0;
}

int proc_maps(struct text *t, uint64_t tid)
{
	(void)tid;
	return show_areas(t, NULL);
}

/* What smaps says of pages, in KiB. There is one process and no swap: everything is private, and there. */
struct share {
	uint64_t resident, clean, anonymous;
};

static void share_add(struct share *s, const struct vma *v)
{
	uint64_t resident = mm_resident(v->start, v->end) * (PAGE_SIZE / KIB);

	s->resident += resident;
	if (!v->file)
		s->anonymous += resident;
	else if (!(v->prot & PROT_WRITE))
		s->clean += resident;
}

static void share_show(struct text *t, const struct share *s)
{
	static const char *const none[] = { "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
					    "Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked" };

	text_add(t, "Rss:            %8lu kB\nPss:            %8lu kB\nPss_Dirty:      %8lu kB\n", s->resident,
		 s->resident, s->resident - s->clean);
	text_add(t, "Shared_Clean:   %8u kB\nShared_Dirty:   %8u kB\nPrivate_Clean:  %8lu kB\n", 0U, 0U, s->clean);
	text_add(t, "Private_Dirty:  %8lu kB\nReferenced:     %8lu kB\nAnonymous:      %8lu kB\n",
		 s->resident - s->clean, s->resident, s->anonymous);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		text_add(t, "%s:", none[i]);
		text_bytes(t, "                ", 15 - strlen(none[i]));
		text_add(t, "%8u kB\n", 0U);
	}
}

static void area_details(struct text *t, const struct vma *v)
{
	struct share s = { 0 };

	share_add(&s, v);
	text_add(t, "Size:           %8lu kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n",
		 (v->end - v->start) / KIB, 4U, 4U);
	share_show(t, &s);
	text_add(t, "THPeligible:    %8u\nVmFlags: %s%s%s%s\n", 0U, v->prot & PROT_READ ? "rd " : "",
		 v->prot & PROT_WRITE ? "wr " : "", v->prot & PROT_EXEC ? "ex " : "",
		 v->flags & VMA_SHARED ? "sh " : "");
}

int proc_smaps(struct text *t, uint64_t tid)
{
	(void)tid;
	return show_areas(t, area_details);
}

struct rollup {
	struct share share;
	uint64_t start, end;
};

static int rollup_add(void *ctx, const struct vma *v)
{
	struct rollup *r = ctx;

	if (!r->end)
		r->start = v->start;
	r->end = v->end;
	share_add(&r->share, v);
	return 0;
}

int proc_smaps_rollup(struct text *t, uint64_t tid)
{
	struct rollup r = { 0 };
	int error = mm_each_vma(rollup_add, &r);

	(void)tid;
	text_add(t, "%08lx-%08lx ---p 00000000 00:00 0                          [rollup]\n", r.start, r.end);
	share_show(t, &r.share);
	return error;
}

int proc_mounts(struct text *t, uint64_t tid)
{
	(void)tid;
	for (uint32_t i = 0; i < mount_count; i++) {
		const struct mount *m = &mounts[i];

		text_escaped(t, m->source);
		text_bytes(t, " ", 1);
		text_escaped(t, m->name);
		text_add(t, " %s %s,relatime 0 0\n", m->type, m->read_only ? "ro" : "rw");
	}
	return 0;
}

int proc_mountinfo(struct text *t, uint64_t tid)
{
	(void)tid;
	for (uint32_t i = 0; i < mount_count; i++) {
		const struct mount *m = &mounts[i], *parent = &mounts[0];
		size_t length = strlen(m->name);

		while (length > 1 && m->name[length - 1] != '/')
			length--;
		if (i)
			parent = mount_of(m->name, length > 1 ? length - 1 : 1);
		text_add(t, "%u %u %u:%u / ", m->id, i ? parent->id : 1, DEV_MAJOR(m->dev), DEV_MINOR(m->dev));
		text_escaped(t, m->name);
		text_add(t, " %s,relatime - %s ", m->read_only ? "ro" : "rw", m->type);
		text_escaped(t, m->source);
		text_add(t, " %s\n", m->read_only ? "ro" : "rw");
	}
	return 0;
}

long proc_fd_link(char *to, size_t size, uint64_t fd)
{
	_cleanup_file_ struct file *f = fd_get((int)fd);
	char own[64];
	size_t n;

	if (!f)
		return -ENOENT;
	if (!f->name)
		format(own, sizeof(own), "anon_inode:[%s]", f->ops->kind);
	n = str_copy(to, size, f->name ? f->name : own);
	return (long)(n < size ? n : size - 1);
}

int proc_fd_follow(uint64_t fd, struct file **out)
{
	*out = fd_get((int)fd);
	return *out ? 0 : -ENOENT;
}

int proc_fd_info(struct text *t, uint64_t fd)
{
	_cleanup_file_ struct file *f = fd_get((int)fd);
	struct stat st = { 0 };
	long pos;
	int own_flags = fd_flags((int)fd);

	if (!f || own_flags < 0)
		return -ENOENT;
	pos = f->ops->positioned || !f->ops->seek ? f->pos : f->ops->seek(f, 0, SEEK_CUR);
	text_add(t, "pos:\t%ld\nflags:\t0", pos > 0 ? pos : 0);
	text_octal(t, f->flags | (own_flags ? O_CLOEXEC : 0));
	if (file_getattr(f, &st))
		st.st_ino = 0;
	text_add(t, "\nmnt_id:\t%u\nino:\t%lu\n", f->inode && f->inode->mount ? f->inode->mount->id : 15, st.st_ino);
	return 0;
}
