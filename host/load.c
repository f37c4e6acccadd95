/* The image file becomes an enclave: ECREATE, EADD and EEXTEND page by page, EINIT. Every number of it is checked. */
#include "abi/layout.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

static const uint8_t load_zeros[PAGE_SIZE] __attribute__((aligned(4096)));
static struct sgx_secs load_secs __attribute__((aligned(4096)));
static struct sgx_sigstruct load_sigstruct __attribute__((aligned(4096)));

static const char *load_name(void)
{
	return host.launch->image_path ? (const char *)host.launch + host.launch->image_path : "image";
}

static void load_read(void *to, uint64_t size, uint64_t offset, const char *what)
{
	long n = sys_raw6(__NR_pread64, host.image_fd, (long)to, (long)size, (long)offset, 0, 0);

	if (n < 0)
		host_die("%s: reading %s: error %ld", load_name(), what, -n);
	if ((uint64_t)n != size)
		host_die("%s: truncated: %s at %lu needs %lu bytes, the file has %ld", load_name(), what, offset, size,
			 n);
}

static uint64_t load_end(uint64_t end, uint64_t offset, uint64_t size)
{
	uint64_t own;

	if (__builtin_add_overflow(offset, size, &own))
		host_die("%s: a part at %lx of %lx bytes is not possible", load_name(), offset, size);
	return own > end ? own : end;
}

/*
 * The file is as long as its parts need: one that was cut is told now, not where the root file system first misses a
 * block. And the first entry is into a page of the image.
 */
static void load_check_places(void)
{
	const struct image_header *h = &host.header;
	uint64_t end = load_end(load_end(0, h->root_offset, h->root_size), h->hash_offset, h->hash_size);
	bool tcs = false;
	struct stat st;
	long error = sys_raw3(__NR_fstat, host.image_fd, (long)&st, 0);

	for (uint32_t i = 0; i < h->segment_count; i++) {
		const struct image_segment *s = &host.segments[i];

		if (s->pages > KERNEL_HEAP / PAGE_SIZE)
			host_die("%s: a segment of %lu pages is not possible", load_name(), s->pages);
		if (s->file_offset)
			end = load_end(end, s->file_offset, s->pages * PAGE_SIZE);
		tcs |= h->tcs >= s->address && h->tcs - s->address < s->pages * PAGE_SIZE && !(h->tcs & PAGE_MASK);
	}
	if (error || end != (uint64_t)st.st_size)
		host_die("%s: the image was %s: expected %lu bytes, found %lu", load_name(),
			 (uint64_t)st.st_size < end ? "cut off" : "made longer", end, (uint64_t)st.st_size);
	if (!tcs)
		host_die("%s: the header's TCS %lx lies in no segment", load_name(), h->tcs);
}

static void load_header(void)
{
	struct image_header *h = &host.header;

	load_read(h, sizeof(*h), 0, "the header");
	if (memcmp(h->magic, IMAGE_MAGIC, 8))
		host_die("%s: not an Adyton image (its magic is another)", load_name());
	if (h->version != IMAGE_VERSION)
		host_die("%s: version %u, this program knows %u", load_name(), h->version, IMAGE_VERSION);
	if (h->segment_count == 0 || h->segment_count > IMAGE_SEGMENTS_MAX)
		host_die("%s: %u segments, expected 1 to %u", load_name(), h->segment_count, IMAGE_SEGMENTS_MAX);
	if (h->elrange != ELRANGE_SIZE || h->ssa_frame_size != SSA_FRAME_PAGES)
		host_die("%s: ELRANGE %lx or SSA frame size %u is not what this host serves", load_name(), h->elrange,
			 h->ssa_frame_size);
	load_read(host.segments, h->segment_count * sizeof(struct image_segment), sizeof(*h), "the segments");
	load_read(&load_sigstruct, sizeof(load_sigstruct), h->sigstruct_offset, "the signature");
	load_check_places();
}

static void load_create(const struct cpu_options *options)
{
	const struct image_header *h = &host.header;
	int error;

	load_secs = (struct sgx_secs){ .size = h->elrange, .base = 0, .ssa_frame_size = h->ssa_frame_size,
				       .misc_select = h->misc_select, .attributes = h->attributes };
	error = host.cpu->create(options, &load_secs);
	if (error == -ENODEV || error == -ENOENT)
		host_die("there is no %s processor here (error %d): see `adyton platform`", host.cpu->name, -error);
	if (error)
		host_die("%s: ECREATE refused (%s processor): error %d", load_name(), host.cpu->name, error);
}

static void load_add(const struct image_segment *s, uint64_t page, const uint8_t *content)
{
	uint64_t address = s->address + page * PAGE_SIZE;
	int error = host.cpu->add(address, content, s->secinfo, s->measure);

	if (error)
		host_die("%s: EADD of %lx refused: error %d", load_name(), address, error);
}

/* The segment's part of the file. EADD copies a page before it looks at it, so it need not stay what it is. */
static long load_map(const struct image_segment *s, uint64_t size)
{
	long at = sys_mmap(0, size, LINUX_PROT_READ, LINUX_MAP_SHARED | MAP_POPULATE, host.image_fd,
			   s->file_offset);

	if (sys_is_error(at))
		host_die("%s: the segment at %lx cannot be mapped: error %ld", load_name(), s->address, -at);
	return at;
}

static void load_segment(const struct image_segment *s)
{
	uint64_t size;
	long at;

	if ((s->address & PAGE_MASK) || __builtin_mul_overflow(s->pages, PAGE_SIZE, &size) ||
	    s->address < KERNEL_BASE || s->address >= KERNEL_HEAP || size > KERNEL_HEAP - s->address)
		host_die("%s: a segment at %lx of %lu pages lies outside the kernel's range", load_name(), s->address,
			 s->pages);
	for (uint64_t i = 0; !s->file_offset && i < s->pages; i++)
		load_add(s, i, load_zeros);
	if (!s->file_offset)
		return;
	at = load_map(s, size);
	for (uint64_t i = 0; i < s->pages; i++)
		load_add(s, i, (const uint8_t *)at + i * PAGE_SIZE);
	(void)sys_munmap((uint64_t)at, size);
}

static _Noreturn void load_refused(int error)
{
	if (error == SGX_INVALID_MEASUREMENT)
		host_die("%s: EINIT refused: the image's pages do not have the measurement that its signature is for",
			 load_name());
	if (error == SGX_INVALID_SIGNATURE || error == SGX_INVALID_SIG_STRUCT)
		host_die("%s: EINIT refused: the signature is not valid (is the image signed?)", load_name());
	if (error == SGX_INVALID_ATTRIBUTE)
		host_die("%s: EINIT refused: the signature does not allow these attributes", load_name());
	host_die("%s: EINIT refused: error %d", load_name(), error);
}

void load_image(void)
{
	struct cpu_options options;
	int error;

	load_header();
	options = (struct cpu_options){ .enclu_page = host.header.enclu_page,
					.memory = host.launch->memory == LAUNCH_MEMORY_ORDINARY ? CPU_MEMORY_ORDINARY :
												  CPU_MEMORY_SECRET,
					.strict = host.launch->flags & LAUNCH_STRICT,
					.key_fd = -1,
					.host_signal = thread_signal };
	load_create(&options);
	for (uint32_t i = 0; i < host.header.segment_count; i++)
		load_segment(&host.segments[i]);
	error = host.cpu->init(&load_sigstruct);
	if (error)
		load_refused(error);
}
