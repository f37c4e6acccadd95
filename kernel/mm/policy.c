/* What concerns processors and memory nodes: membarrier, which the host does, and NUMA policies over our one node. */
#include "abi/linux/membarrier.h"
#include "abi/linux/mempolicy.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/space.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"

/* Restartable sequences are refused, so their barrier is too. */
#define MEMBARRIER_KNOWN \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* Each thread of the program is a thread of the host process, so the host's barrier reaches all of them. */
SYSCALL3(membarrier, int, command, uint32_t, flags, int, cpu)
{
	long answer;

	(void)cpu;
	if (flags || command < 0 || command & ~MEMBARRIER_KNOWN || command & (command - 1))
		return -EINVAL;
	answer = host_membarrier(command, 0, 0);
	if (answer >= 0 && command == MEMBARRIER_CMD_QUERY)
		answer &= (long)MEMBARRIER_KNOWN;
	return answer;
}

/* The nodes of a program's mask: 0 or -errno; *nodes gets the first 64, and more is refused. */
static int policy_nodes(uint64_t mask, uint64_t max, uint64_t *nodes)
{
	*nodes = 0;
	if (!mask || max <= 1)
		return 0;
	if (max > 8 * PAGE_SIZE)
		return -EINVAL;
	for (uint64_t bit = 0; bit < max - 1; bit += 64) {
		uint64_t word;
		int error = get_user_u64(&word, mask + bit / 8);

		if (error)
			return error;
		if (max - 1 - bit < 64)
			word &= (1UL << (max - 1 - bit)) - 1;
		if (bit && word)
			return -EINVAL;
		if (!bit)
			*nodes = word;
	}
	return 0;
}

static int policy_check(int mode, uint64_t mask, uint64_t max)
{
	const int mode_flags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;
	uint64_t nodes;
	int error, policy = mode & ~mode_flags;

	if (policy < 0 || policy >= MPOL_MAX ||
	    (mode & MPOL_F_STATIC_NODES && mode & MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	error = policy_nodes(mask, max, &nodes);
	if (error)
		return error;
	if (nodes & ~1UL) /* there is node 0 */
		return -EINVAL;
	if (policy == MPOL_DEFAULT || policy == MPOL_LOCAL)
		return nodes ? -EINVAL : 0;
	return nodes || policy == MPOL_PREFERRED ? 0 : -EINVAL;
}

SYSCALL3(set_mempolicy, int, mode, uint64_t, mask, uint64_t, max)
{
	return policy_check(mode, mask, max);
}

SYSCALL6(mbind, uint64_t, addr, uint64_t, length, uint64_t, mode, uint64_t, mask, uint64_t, max, uint32_t, flags)
{
	uint64_t end = addr + PAGE_UP(length);

	if (addr & PAGE_MASK || flags & ~(uint32_t)(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL) || end < addr ||
	    mode > INT32_MAX)
		return -EINVAL;
	if (addr == end)
		return 0;
	if (!space_mapped(addr, end))
		return -EFAULT;
	return policy_check((int)mode, mask, max);
}

SYSCALL5(get_mempolicy, uint64_t, policy, uint64_t, mask, uint64_t, max, uint64_t, addr, uint32_t, flags)
{
	uint64_t nodes = flags & MPOL_F_MEMS_ALLOWED ? 1 : 0;
	int error = 0;

	if (flags & ~(uint32_t)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED) || (mask && max < 1) ||
	    (flags & MPOL_F_MEMS_ALLOWED && flags & (MPOL_F_NODE | MPOL_F_ADDR)) || (!(flags & MPOL_F_ADDR) && addr))
		return -EINVAL;
	if (flags & MPOL_F_ADDR && !space_mapped(PAGE_DOWN(addr), PAGE_DOWN(addr) + PAGE_SIZE))
		return -EFAULT;
	/* MPOL_DEFAULT and node 0 are both 0. */
	if (policy)
		error = put_user_u32(policy, MPOL_DEFAULT);
	if (!error && mask)
		error = clear_user(mask, (max + 63) / 64 * 8);
	if (!error && mask && nodes)
		error = put_user_u64(mask, nodes);
	return error;
}
