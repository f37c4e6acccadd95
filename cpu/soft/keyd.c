/*
 * adyton-keys SECRET FD: holds the machine's secret and derives keys for one software SGX processor, which asks over
 * the socket FD (keys.h). A process of its own, so that the secret is never where programs run; no libc, so that there
 * is little to attack. Ends when the socket does. Exit status 2: usage; 1: the secret cannot be had.
 */
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "cpu/soft/keys.h"
#include "crypto/aes_cmac.h"
#include "crypto/nettle_freestanding.h"

#define SECRET_BYTES 16
#define PATH_BYTES 4096U
#define SYS_FSTAT 5
#define SYS_FSYNC 74
#define SYS_MKDIR 83
#define SYS_LINK 86
#define SYS_UNLINK 87
#define SYS_MLOCK 149
#define LINUX_ENOENT 2
#define LINUX_EEXIST 17
#define LINUX_O_WRONLY 1
#define LINUX_O_CREAT 0100
#define LINUX_O_EXCL 0200
#define LINUX_O_NOFOLLOW 0400000
#define LINUX_S_IFMT 0170000U
#define LINUX_S_IFREG 0100000U
#define LINUX_PR_SET_DUMPABLE 4
#define LINUX_ARCH_SET_FS 0x1002

struct linux_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size;
	uint8_t rest[88];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat of x86-64");

/* What fuses and registers are in silicon: each a key or a value of its own, all from the one secret. */
static struct {
	uint8_t secret[SECRET_BYTES];
	uint8_t derivation_key[16], provisioning_key[16], owner_epoch[16], seal_fuses[16];
} machine;

static bool transfer(long nr, int fd, void *buffer, size_t size)
{
	uint8_t *at = buffer;

	while (size) {
		long done = sys_raw3(nr, fd, (long)at, (long)size);

		if (done == -LINUX_EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		size -= (size_t)done;
	}
	return true;
}

static void say(const char *text)
{
	(void)sys_write(2, text, strlen(text));
}

static int fail(const char *path, const char *what, long error)
{
	char number[4] = { (char)('0' + -error / 100 % 10), (char)('0' + -error / 10 % 10), (char)('0' + -error % 10) };

	say("adyton-keys: ");
	say(path);
	say(": ");
	say(what);
	if (error) {
		say(": error ");
		say(number);
	}
	say("\n");
	return -1;
}

/* The name under which a new secret is made: SECRET.PID */
static bool temporary_name(char *name, size_t size, const char *path)
{
	size_t length = strlen(path);
	uint32_t pid = (uint32_t)sys_getpid();

	if (length + 12 > size)
		return false;
	memcpy(name, path, length);
	name[length++] = '.';
	do {
		name[length++] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid);
	name[length] = '\0';
	return true;
}

static long open_file(const char *path, long flags)
{
	return sys_raw3(SYS_OPEN, (long)path, flags | LINUX_O_CLOEXEC, 0600);
}

/* The folder of the secret, nobody else's; its own folder exists. */
static int folder_create(const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[PATH_BYTES];
	long error;

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(name))
		return 0;
	memcpy(name, path, (size_t)(slash - path));
	name[slash - path] = '\0';
	error = sys_raw3(SYS_MKDIR, (long)name, 0700, 0);
	return error && error != -LINUX_EEXIST ? fail(name, "cannot be made", error) : 0;
}

/* Made whole under another name and then linked: two processes that start at once end up with one secret. */
static int secret_create(const char *path)
{
	char name[PATH_BYTES];
	long fd, error;
	int ret = 0;

	if (folder_create(path))
		return -1;
	if (!temporary_name(name, sizeof(name), path))
		return fail(path, "the name is too long", 0);
	fd = open_file(name, LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_EXCL);
	if (fd < 0)
		return fail(name, "cannot be made", fd);
	if (sys_raw3(SYS_GETRANDOM, (long)machine.secret, SECRET_BYTES, 0) != SECRET_BYTES ||
	    !transfer(SYS_WRITE, (int)fd, machine.secret, SECRET_BYTES) || sys_raw3(SYS_FSYNC, fd, 0, 0) < 0)
		ret = fail(name, "a new secret cannot be written", 0);
	error = ret ? 0 : sys_raw3(SYS_LINK, (long)name, (long)path, 0);
	if (error < 0 && error != -LINUX_EEXIST)
		ret = fail(path, "cannot be made", error);
	(void)sys_close((int)fd);
	(void)sys_raw3(SYS_UNLINK, (long)name, 0, 0);
	return ret;
}

static int secret_check(const char *path, long fd)
{
	struct linux_stat st;

	if (sys_raw3(SYS_FSTAT, fd, (long)&st, 0) < 0 || (st.mode & LINUX_S_IFMT) != LINUX_S_IFREG || st.mode & 077)
		return fail(path, "expected a regular file that only its owner can read (mode 0600)", 0);
	if (st.size != SECRET_BYTES || !transfer(SYS_READ, (int)fd, machine.secret, SECRET_BYTES))
		return fail(path, "expected 16 bytes", 0);
	return 0;
}

static int secret_read(const char *path)
{
	long fd = open_file(path, LINUX_O_NOFOLLOW);
	int ret;

	if (fd == -LINUX_ENOENT) {
		if (secret_create(path))
			return -1;
		fd = open_file(path, LINUX_O_NOFOLLOW);
	}
	if (fd < 0)
		return fail(path, "cannot be opened", fd);
	ret = secret_check(path, fd);
	(void)sys_close((int)fd);
	return ret;
}

static void machine_init(void)
{
	static const struct {
		const char *label;
		uint8_t *to;
	} values[] = {
		{ "derivation", machine.derivation_key },
		{ "provisioning", machine.provisioning_key },
		{ "owner epoch", machine.owner_epoch },
		{ "seal fuses", machine.seal_fuses },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		aes_cmac(machine.secret, values[i].label, strlen(values[i].label), values[i].to);
}

static void derive(const struct keys_derivation *d, uint8_t key[16])
{
	struct {
		struct keys_derivation d;
		uint8_t owner_epoch[16], seal_fuses[16];
	} __attribute__((packed)) material = { .d = *d };

	if (d->use & KEYS_USE_OWNER_EPOCH)
		memcpy(material.owner_epoch, machine.owner_epoch, 16);
	if (d->use & KEYS_USE_SEAL_FUSES)
		memcpy(material.seal_fuses, machine.seal_fuses, 16);
	aes_cmac(d->key_name == SGX_KEY_PROVISION ? machine.provisioning_key : machine.derivation_key, &material,
		 sizeof(material), key);
	mem_wipe(&material, sizeof(material));
}

static void answer(const struct keys_request *request, struct keys_answer *a)
{
	uint8_t key[16];

	*a = (struct keys_answer){ .magic = KEYS_MAGIC, .status = 1 };
	if (request->magic != KEYS_MAGIC || (request->operation != KEYS_DERIVE && request->operation != KEYS_MAC))
		return;
	derive(&request->derivation, key);
	if (request->operation == KEYS_MAC)
		aes_cmac(key, request->body, sizeof(request->body), a->key);
	else
		memcpy(a->key, key, sizeof(key));
	a->status = 0;
	mem_wipe(key, sizeof(key));
}

static int parse_fd(const char *text)
{
	int fd = 0;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || fd > 0xffff)
			return -1;
		fd = fd * 10 + (*text - '0');
	}
	return sys_fcntl(fd, 1, 0) < 0 ? -1 : fd; /* F_GETFD: is it open? */
}

static int serve(int fd)
{
	struct keys_request request;
	struct keys_answer a;

	while (transfer(SYS_READ, fd, &request, sizeof(request))) {
		answer(&request, &a);
		if (!transfer(SYS_WRITE, fd, &a, sizeof(a)))
			break;
		mem_wipe(&request, sizeof(request));
		mem_wipe(&a, sizeof(a));
	}
	mem_wipe(&machine, sizeof(machine));
	return 0;
}

/* Called by _start (keyd_start.S) with what the kernel left on the stack. */
_Noreturn void keyd_main(const uint64_t *stack);

_Noreturn void keyd_main(const uint64_t *stack)
{
	static uint64_t canary_block[8]; /* libnettle.a reads fs:0x28 */
	const char *const *argv = (const char *const *)(stack + 1);
	int fd = stack[0] == 3 ? parse_fd(argv[2]) : -1;

	(void)sys_arch_prctl(LINUX_ARCH_SET_FS, (uintptr_t)canary_block);
	if (fd < 0) {
		say("usage: adyton-keys SECRET FD (an open socket to the processor)\n");
		sys_exit_group(2);
	}
	/* mlock may be refused to who has no right to it: the secret could then reach swap, as its file could. */
	(void)sys_raw3(SYS_MLOCK, (long)&machine, sizeof(machine), 0);
	if (sys_prctl(LINUX_PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || secret_read(argv[1]))
		sys_exit_group(1);
	crypto_start(NULL);
	machine_init();
	sys_exit_group(serve(fd));
}
