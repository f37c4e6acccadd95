#include "image/io.h"
#include "platform/ca.h"
#include "platform/member.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int init_check_name(const char *name, struct fail *f)
{
	size_t n = strlen(name);

	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\' || (unsigned char)*c >= 0x7f)
			n = 0;
	return n && n <= STATE_NAME_MAX ? 0 : fail(f, "CA: expected a name of 1 to %d printable ASCII characters",
						  STATE_NAME_MAX);
}

static int init_fill(const char *dir, struct state *s, const char *passphrase, struct fail *f)
{
	struct member_order o = { .dir = dir, .name = s->name, .passphrase = passphrase, .at = s->made };
	struct ca_signer root, signer;
	int err = -1;

	o.kind = CERTIFICATE_ROOT;
	o.file = "root";
	if (member_make(&root, &o, f))
		return -1;
	o.root = &root;
	for (int i = 0; i < 2; i++) {
		o.kind = i ? CERTIFICATE_TCB_SIGNING : CERTIFICATE_PCK_CA;
		o.file = i ? "tcb-1" : "ca-1";
		err = member_make(&signer, &o, f);
		if (err)
			break;
		EVP_PKEY_free(signer.key);
		X509_free(signer.certificate);
	}
	EVP_PKEY_free(root.key);
	X509_free(root.certificate);
	return err ? err : state_write(s, dir, f);
}

static void init_drop(const char *dir)
{
	static const char *const names[] = { "root.key", "root.pem", "ca-1.key", "ca-1.pem", "tcb-1.key", "tcb-1.pem",
					     "ca.json" };
	char path[PATHS_MAX + 32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

/* Made whole beside its place, then renamed: a CA is there with all its keys or not at all. */
static int init_under_other_name(const char *dir, struct state *s, const char *passphrase, struct fail *f)
{
	char fresh[PATHS_MAX];

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.XXXXXX", dir) >= sizeof(fresh))
		return fail(f, "cannot make the CA: the path is too long");
	if (!mkdtemp(fresh))
		return fail(f, "cannot make the CA %s: %s", dir, strerror(errno));
	if (init_fill(fresh, s, passphrase, f)) {
		init_drop(fresh);
		return -1;
	}
	if (rename(fresh, dir) == 0)
		return 0;
	(void)fail(f, "cannot make the CA %s: %s", dir,
		   errno == ENOTEMPTY || errno == EEXIST ? "expected no folder, or an empty one" : strerror(errno));
	init_drop(fresh);
	return -1;
}

int ca_init(const char *dir, const char *name, int64_t at, uint32_t days, const char *passphrase, struct fail *f)
{
	struct state *s;
	int err;

	if (init_check_name(name, f))
		return -1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail(f, "making a CA: out of memory");
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->made = s->issued = at;
	s->days = days;
	s->evaluation = s->ca = s->tcb = 1;
	err = init_under_other_name(dir, s, passphrase, f);
	free(s);
	return err;
}
