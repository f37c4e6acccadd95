/*
 * The program's memory as the kernel reaches it. An address from the program is a uint64_t, never a pointer, until it
 * was copied by one of these. They fault pages in, and answer -EFAULT where the program has nothing (one instruction
 * each touches the memory; the fault handler knows them by their address). No lock may be held: a fault takes mm->lock.
 */
#ifndef ADYTON_KERNEL_MM_USER_H
#define ADYTON_KERNEL_MM_USER_H

#include "abi/layout.h"
#include "abi/types.h"

static inline bool user_range_ok(uint64_t addr, uint64_t size)
{
	return addr <= USER_TOP && size <= USER_TOP - addr;
}

/* 0 or -EFAULT. After -EFAULT a prefix may have been copied. */
int copy_from_user(void *to, uint64_t from, size_t size) must_check;
int copy_to_user(uint64_t to, const void *from, size_t size) must_check;
int clear_user(uint64_t to, size_t size) must_check;
/* Length without the NUL, or -EFAULT; -ENAMETOOLONG when there is no NUL within size bytes. Always terminates `to`. */
long copy_string_from_user(char *to, uint64_t from, size_t size) must_check;

int get_user_u32(uint32_t *value, uint64_t from) must_check;
int put_user_u32(uint64_t to, uint32_t value) must_check;
int get_user_u64(uint64_t *value, uint64_t from) must_check;
int put_user_u64(uint64_t to, uint64_t value) must_check;
/*
 * For kernel/border: between memory of the program or the kernel and whole aligned words outside the enclave. 0 or
 * -EFAULT. The last word outside is written with zeros at its end, and read whole.
 */
long user_words_out(uint64_t to, uint64_t from, size_t size) must_check;
long user_words_in(uint64_t to, uint64_t from, size_t size) must_check;
/* Atomic on the program's word; *old is what was found. 0 or -EFAULT. */
int cmpxchg_user_u32(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *old) must_check;

/*
 * For the fault handler: where the kernel goes on when program memory is missing at this instruction; 0: not one of
 * ours.
 */
uint64_t user_fixup(uint64_t rip);

/*
 * One or more pieces of memory that data moves to or from: program memory, or the kernel's own (addresses tell them
 * apart: the kernel lies above USER_TOP). `total` is the sum of the pieces' lengths.
 */
struct piece {
	uint64_t addr;
	uint64_t size;
};

struct iov {
	struct piece one;         /* used when pieces is NULL */
	const struct piece *pieces; /* kernel memory */
	uint32_t count;
	uint64_t total;
};

#define IOV_USER(address, length) ((struct iov){ .one = { (address), (length) }, .count = 1, .total = (length) })
#define IOV_KERNEL(pointer, length) IOV_USER((uint64_t)(pointer), (length))

/* Copy size bytes at `offset` of the pieces from / to kernel memory. 0 or -EFAULT. */
int iov_put(const struct iov *v, uint64_t offset, const void *from, size_t size) must_check;
int iov_get(const struct iov *v, uint64_t offset, void *to, size_t size) must_check;
/* The single piece that holds [offset, offset+size), or 0 when it is spread over several. */
uint64_t iov_span(const struct iov *v, uint64_t offset, size_t size);
/*
 * Read a struct iovec[count] of the program: checks count <= 1024 and the sum as Linux does. `space` has room for
 * count.
 */
int iov_from_user(struct iov *v, struct piece *space, uint64_t vec, uint64_t count) must_check;
/* v without its first `skip` bytes, at most `size` long, in `one`/`space` (count pieces of room). */
void iov_slice(struct iov *to, struct piece *space, const struct iov *from, uint64_t skip, uint64_t size);

#endif
