#include "cpu/soft/soft.h"

/* Without a process that derives keys both fault: the enclave must not go on with a key that is none. */
int ereport(struct soft_leaf *leaf)
{
	return leaf_gp(leaf);
}

int egetkey(struct soft_leaf *leaf)
{
	return leaf_gp(leaf);
}
