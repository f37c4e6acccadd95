#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/server_store/vfs.h"

/* A write that was not synced yet: what stood there before. */
struct undo {
	struct undo *next;
	sqlite3_file *real;
	sqlite3_int64 at, size_before;
	int size;
	char before[];
};

struct file {
	sqlite3_file base;
	sqlite3_io_methods methods;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs, own_vfs;
static enum vfs_fault fault;
static long left, steps;
static struct undo *undos; /* newest first */

void vfs_fail(enum vfs_fault wanted, long step)
{
	fault = wanted;
	left = step;
	steps = 0;
}

long vfs_steps(void)
{
	return steps;
}

static void lose_unsynced(void)
{
	for (struct undo *u = undos; u; u = u->next) {
		if (u->size)
			u->real->pMethods->xWrite(u->real, u->before, u->size, u->at);
		u->real->pMethods->xTruncate(u->real, u->size_before);
	}
}

static int step(void)
{
	steps++;
	if (fault == VFS_NONE || --left > 0)
		return SQLITE_OK;
	switch (fault) {
	case VFS_FULL:
		return SQLITE_FULL;
	case VFS_READ_ONLY:
		return SQLITE_READONLY;
	case VFS_POWER:
		lose_unsynced();
		break;
	case VFS_KILL:
	case VFS_KILL_TORN:
		break;
	default:
		return SQLITE_OK;
	}
	if (fault != VFS_KILL_TORN)
		kill(getpid(), SIGKILL);
	return -1;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static void remember(sqlite3_file *real, sqlite3_int64 at, int size)
{
	sqlite3_int64 length = 0;
	struct undo *u;

	real->pMethods->xFileSize(real, &length);
	if (at >= length)
		size = 0;
	else if (at + size > length)
		size = (int)(length - at);
	u = malloc(sizeof(*u) + (size_t)size);
	if (!u)
		abort();
	*u = (struct undo){ undos, real, at, length, size };
	if (size)
		real->pMethods->xRead(real, u->before, size, at);
	undos = u;
}

static int shim_write(sqlite3_file *f, const void *data, int size, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(f);
	int code = step();

	if (code == -1) {
		real->pMethods->xWrite(real, data, size / 2, at);
		kill(getpid(), SIGKILL);
	}
	if (code != SQLITE_OK)
		return code;
	if (fault == VFS_POWER)
		remember(real, at, size);
	return real->pMethods->xWrite(real, data, size, at);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	sqlite3_file *real = real_of(f);
	sqlite3_int64 length = 0;
	int code = step();

	if (code == -1)
		kill(getpid(), SIGKILL);
	if (code != SQLITE_OK)
		return code;
	real->pMethods->xFileSize(real, &length);
	if (fault == VFS_POWER && length > size)
		remember(real, size, (int)(length - size));
	return real->pMethods->xTruncate(real, size);
}

static int shim_sync(sqlite3_file *f, int flags)
{
	sqlite3_file *real = real_of(f);
	int code = step();

	if (code == -1)
		kill(getpid(), SIGKILL);
	if (fault == VFS_SYNC_FAILS && left <= 0)
		return SQLITE_IOERR_FSYNC;
	for (struct undo **u = &undos; *u;) {
		struct undo *one = *u;

		if (one->real != real) {
			u = &one->next;
			continue;
		}
		*u = one->next;
		free(one);
	}
	return code == SQLITE_OK ? real->pMethods->xSync(real, flags) : code;
}

static int shim_close(sqlite3_file *f)
{
	sqlite3_file *real = real_of(f);
	int code = real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;

	for (struct undo **u = &undos; *u;) {
		struct undo *one = *u;

		if (one->real != real) {
			u = &one->next;
			continue;
		}
		*u = one->next;
		free(one);
	}
	free(real);
	return code;
}

/* All others go straight on. */
#define PASS(name, parameters, ...) \
	static int shim_##name parameters { return real_of(f)->pMethods->x##name(real_of(f), ##__VA_ARGS__); }
PASS(Read, (sqlite3_file *f, void *to, int size, sqlite3_int64 at), to, size, at)
PASS(FileSize, (sqlite3_file *f, sqlite3_int64 *size), size)
PASS(Lock, (sqlite3_file *f, int kind), kind)
PASS(Unlock, (sqlite3_file *f, int kind), kind)
PASS(CheckReservedLock, (sqlite3_file *f, int *out), out)
PASS(FileControl, (sqlite3_file *f, int op, void *argument), op, argument)
PASS(SectorSize, (sqlite3_file *f))
PASS(DeviceCharacteristics, (sqlite3_file *f))
PASS(ShmMap, (sqlite3_file *f, int region, int size, int extend, void volatile **at), region, size, extend, at)
PASS(ShmLock, (sqlite3_file *f, int at, int count, int flags), at, count, flags)
PASS(ShmUnmap, (sqlite3_file *f, int drop), drop)

static void shim_ShmBarrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *file = (struct file *)f;
	int code;

	(void)vfs;
	file->base.pMethods = NULL;
	file->real = calloc(1, (size_t)real_vfs->szOsFile);
	if (!file->real)
		abort();
	code = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
	if (code != SQLITE_OK && !file->real->pMethods) {
		free(file->real);
		return code;
	}
	file->methods = (sqlite3_io_methods){
		.iVersion = 2,
		.xClose = shim_close,
		.xRead = shim_Read,
		.xWrite = shim_write,
		.xTruncate = shim_truncate,
		.xSync = shim_sync,
		.xFileSize = shim_FileSize,
		.xLock = shim_Lock,
		.xUnlock = shim_Unlock,
		.xCheckReservedLock = shim_CheckReservedLock,
		.xFileControl = shim_FileControl,
		.xSectorSize = shim_SectorSize,
		.xDeviceCharacteristics = shim_DeviceCharacteristics,
		.xShmMap = shim_ShmMap,
		.xShmLock = shim_ShmLock,
		.xShmBarrier = shim_ShmBarrier,
		.xShmUnmap = shim_ShmUnmap,
	};
	file->base.pMethods = &file->methods;
	return code;
}

void vfs_install(void)
{
	if (real_vfs)
		return;
	sqlite3_initialize();
	real_vfs = sqlite3_vfs_find("unix-excl");
	own_vfs = *real_vfs;
	own_vfs.szOsFile = sizeof(struct file);
	own_vfs.xOpen = shim_open;
	sqlite3_vfs_register(&own_vfs, 1); /* found first by its name */
}
