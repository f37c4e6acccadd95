/* Attestation: the two programs that are started when the enclave first asks for keys, or for a quote. */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/own.h"

#define ATTEST_PATH 4096
#define ATTEST_SECRET "/secret"

static uint32_t attest_lock;
static bool attest_has_keys;

static void attest_acquire(void)
{
	while (__atomic_exchange_n(&attest_lock, 1, __ATOMIC_ACQUIRE))
		(void)sys_futex(&attest_lock, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1);
}

static void attest_release(void)
{
	__atomic_store_n(&attest_lock, 0, __ATOMIC_RELEASE);
	(void)sys_futex(&attest_lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX);
}

static const char *attest_string(uint32_t offset)
{
	return offset ? (const char *)host.launch + offset : NULL;
}

static long attest_start_keys(void)
{
	static char secret[ATTEST_PATH];
	const char *path = attest_string(host.launch->keys), *folder = attest_string(host.launch->data_dir);
	const char *const argv[] = { "adyton-keys", secret, "3", NULL }, *const envp[] = { NULL };
	long fd, error;

	if (!path) {
		host_say("attestation: adyton-keys is not installed beside adyton-host");
		return -ENOENT;
	}
	if (!folder || host_format(secret, sizeof(secret), "%s" ATTEST_SECRET, folder) >= sizeof(secret))
		return -ENAMETOOLONG;
	fd = program_start(path, argv, envp);
	if (sys_is_error(fd))
		return fd;
	error = host.cpu->keys((int)fd);
	if (error)
		(void)sys_close((int)fd);
	return error;
}

/* Costs a start nothing: the process for keys exists from the first request on. */
long own_attest_keys(struct host_thread *t, const uint64_t *slots)
{
	long error = 0;

	(void)t;
	(void)slots;
	if (!host.cpu->keys)
		return 0;
	attest_acquire();
	if (!attest_has_keys)
		error = attest_start_keys();
	attest_has_keys = !error;
	attest_release();
	return error;
}

long own_quote(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	(void)slots;
	return -ENODEV;
}
