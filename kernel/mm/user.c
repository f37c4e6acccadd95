#include "kernel/mm/user.h"

#include "abi/linux/errno.h"

/* copy.S: 0 or -EFAULT (user_copy_string: a length) */
long user_copy_bytes(uint64_t to, uint64_t from, size_t size);
long user_copy_zero(uint64_t to, size_t size);
long user_copy_string(char *to, uint64_t from, size_t size);
long user_load32(uint32_t *value, uint64_t from);
long user_load64(uint64_t *value, uint64_t from);
long user_store32(uint64_t to, uint32_t value);
long user_store64(uint64_t to, uint64_t value);
long user_cmpxchg32(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *old);
extern const char user_copy_begin[], user_copy_end[], user_copy_fault[];

uint64_t user_fixup(uint64_t rip)
{
	if (rip >= (uint64_t)user_copy_begin && rip < (uint64_t)user_copy_end)
		return (uint64_t)user_copy_fault;
	return 0;
}

int copy_from_user(void *to, uint64_t from, size_t size)
{
	return user_range_ok(from, size) ? (int)user_copy_bytes((uint64_t)to, from, size) : -EFAULT;
}

int copy_to_user(uint64_t to, const void *from, size_t size)
{
	return user_range_ok(to, size) ? (int)user_copy_bytes(to, (uint64_t)from, size) : -EFAULT;
}

int clear_user(uint64_t to, size_t size)
{
	return user_range_ok(to, size) ? (int)user_copy_zero(to, size) : -EFAULT;
}

long copy_string_from_user(char *to, uint64_t from, size_t size)
{
	long length;

	if (!size)
		return -ENAMETOOLONG;
	to[0] = '\0';
	if (from >= USER_TOP)
		return -EFAULT;
	length = user_copy_string(to, from, size < USER_TOP - from ? size : USER_TOP - from);
	if (length >= 0 && (size_t)length < size && to[length] == '\0')
		return length;
	to[0] = '\0';
	if (length >= 0)
		return (size_t)length == size ? -ENAMETOOLONG : -EFAULT;
	return length;
}

int get_user_u32(uint32_t *value, uint64_t from)
{
	return user_range_ok(from, sizeof(*value)) ? (int)user_load32(value, from) : -EFAULT;
}

int put_user_u32(uint64_t to, uint32_t value)
{
	return user_range_ok(to, sizeof(value)) ? (int)user_store32(to, value) : -EFAULT;
}

int get_user_u64(uint64_t *value, uint64_t from)
{
	return user_range_ok(from, sizeof(*value)) ? (int)user_load64(value, from) : -EFAULT;
}

int put_user_u64(uint64_t to, uint64_t value)
{
	return user_range_ok(to, sizeof(value)) ? (int)user_store64(to, value) : -EFAULT;
}

int cmpxchg_user_u32(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *old)
{
	return user_range_ok(addr, sizeof(*old)) ? (int)user_cmpxchg32(addr, expected, desired, old) : -EFAULT;
}
