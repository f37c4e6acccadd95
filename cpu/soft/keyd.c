/*
 * adyton-keys SECRET FD: holds the machine's secret and derives keys for one software SGX processor, which asks over the
 * socket FD (keys.h). A process of its own, so that the secret is never where programs run. Ends when the socket does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cpu/soft/keys.h"
#include "crypto/aes_cmac.h"

#define SECRET_BYTES 16

/* What fuses and registers are in silicon: each a key or a value of its own, all from the one secret. */
static struct {
	uint8_t secret[SECRET_BYTES];
	uint8_t derivation_key[16], provisioning_key[16], owner_epoch[16], seal_fuses[16];
} machine;

static bool transfer(bool writing, int fd, void *buffer, size_t size)
{
	uint8_t *at = buffer;

	while (size) {
		ssize_t done = writing ? write(fd, at, size) : read(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		size -= (size_t)done;
	}
	return true;
}

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "adyton-keys: %s: %s\n", path, what);
	return -1;
}

/* Made whole under another name and then linked: two processes that start at once end up with one secret. */
static int secret_create(const char *path)
{
	char name[4096];
	int fd, ret = 0;

	if (snprintf(name, sizeof(name), "%s.%ld", path, (long)getpid()) >= (int)sizeof(name))
		return fail(path, "the name is too long");
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(name, strerror(errno));
	if (getrandom(machine.secret, SECRET_BYTES, 0) != SECRET_BYTES ||
	    !transfer(true, fd, machine.secret, SECRET_BYTES) || fsync(fd))
		ret = fail(name, "cannot write a new secret");
	else if (link(name, path) && errno != EEXIST)
		ret = fail(path, strerror(errno));
	close(fd);
	unlink(name);
	return ret;
}

static int secret_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (secret_create(path))
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return fail(path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_mode & 077) {
		close(fd);
		return fail(path, "expected a regular file that only its owner can read (mode 0600)");
	}
	if (st.st_size != SECRET_BYTES || !transfer(false, fd, machine.secret, SECRET_BYTES)) {
		close(fd);
		return fail(path, "expected 16 bytes");
	}
	close(fd);
	return 0;
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

int main(int argc, char **argv)
{
	struct keys_request request;
	struct keys_answer a;
	char *end;
	long fd;

	fd = argc == 3 ? strtol(argv[2], &end, 10) : -1;
	if (argc != 3 || fd < 0 || fd > 0xffff || *end || fcntl((int)fd, F_GETFD) < 0) {
		fputs("usage: adyton-keys SECRET FD (an open socket to the processor)\n", stderr);
		return 2;
	}
	if (prctl(PR_SET_DUMPABLE, 0) || (mlock(&machine, sizeof(machine)) && errno != EPERM && errno != ENOMEM)) {
		perror("adyton-keys");
		return 1;
	}
	if (secret_read(argv[1]))
		return 1;
	machine_init();
	while (transfer(false, (int)fd, &request, sizeof(request))) {
		answer(&request, &a);
		if (!transfer(true, (int)fd, &a, sizeof(a)))
			break;
		mem_wipe(&request, sizeof(request));
		mem_wipe(&a, sizeof(a));
	}
	mem_wipe(&machine, sizeof(machine));
	return 0;
}
