/*
 * SQLite's files with faults: stands before the VFS that the store opens by its name, counts what would change a file,
 * and at a chosen one kills the process, or refuses. For one thread.
 */
#ifndef ADYTON_TESTS_UNIT_SERVER_STORE_VFS_H
#define ADYTON_TESTS_UNIT_SERVER_STORE_VFS_H

enum vfs_fault {
	VFS_NONE,
	VFS_KILL,      /* at the chosen step, before it */
	VFS_KILL_TORN, /* with half of a write done */
	VFS_POWER,     /* as KILL, and what was not synced is lost */
	VFS_FULL, VFS_READ_ONLY, VFS_SYNC_FAILS, /* from the chosen step on */
};

void vfs_install(void);
void vfs_fail(enum vfs_fault fault, long step); /* the next step is 1 */
long vfs_steps(void); /* since vfs_fail() */

#endif
