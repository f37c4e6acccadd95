#include "image/paths.h"
#include "image/io.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PATHS_SYSTEM /* a test has its own */
#define PATHS_SYSTEM "/var/lib/adyton/platform"
#endif

/* The caller's buffers are PATHS_MAX; a longer path is as good as none. */
static bool paths_join(char out[PATHS_MAX], const char *a, const char *b, const char *c)
{
	return (size_t)snprintf(out, PATHS_MAX, "%s/%s%s", a, b, c) < PATHS_MAX;
}

bool paths_beside(char out[PATHS_MAX], const char *folder, const char *name)
{
	char self[PATHS_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return (paths_join(out, self, folder, name) && access(out, F_OK) == 0) ||
	       (paths_join(out, self, "../libexec/adyton/", name) && access(out, F_OK) == 0) ||
	       (paths_join(out, self, "../lib/adyton/", name) && access(out, F_OK) == 0);
}

int paths_kernel(char out[PATHS_MAX], struct fail *f)
{
	const char *chosen = getenv("ADYTON_KERNEL");

	if (chosen && *chosen) {
		if ((size_t)snprintf(out, PATHS_MAX, "%s", chosen) >= PATHS_MAX)
			return fail(f, "kernel: the path in ADYTON_KERNEL is too long");
		return 0;
	}
	/* Beside the command, or beside a program that is itself beside it. */
	if (!paths_beside(out, "kernel/", "adyton-kernel") && !paths_beside(out, "../kernel/", "adyton-kernel") &&
	    !paths_beside(out, "", "adyton-kernel"))
		return fail(
			f,
			"kernel: expected adyton-kernel beside this command (kernel/ or ../lib/adyton/), found none");
	return 0;
}

/* Of the user's account, read from the file itself: this program is static and loads no name service. */
static const char *paths_account_home(void)
{
	static char home[PATHS_MAX];
	FILE *accounts = fopen("/etc/passwd", "re");
	struct passwd *p;

	home[0] = '\0';
	while (accounts && (p = fgetpwent(accounts)))
		if (p->pw_uid == geteuid() && snprintf(home, sizeof(home), "%s", p->pw_dir) < (int)sizeof(home))
			break;
	if (accounts)
		(void)fclose(accounts);
	return home;
}

static bool paths_usable(const char *folder, struct fail *f)
{
	return io_make_dirs(folder, f) == 0 && access(folder, W_OK | X_OK) == 0;
}

/* Of an account without a home, as services have it: below a folder of /tmp that is this user's alone. */
static bool paths_homeless(char out[PATHS_MAX], const char *below_home)
{
	char own[64];
	struct stat st;
	struct fail ignored;

	(void)snprintf(own, sizeof(own), "/tmp/adyton-%u", (unsigned int)geteuid());
	if ((mkdir(own, 0700) && errno != EEXIST) || lstat(own, &st))
		return false;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) &&
	       paths_join(out, own, below_home, "/adyton") && paths_usable(out, &ignored);
}

static int paths_user(char out[PATHS_MAX], const char *variable, const char *below_home, struct fail *f)
{
	const char *folder = getenv(variable), *home = getenv("HOME");
	bool good;

	if (!home || home[0] != '/')
		home = paths_account_home();
	if (folder && folder[0] == '/') {
		good = paths_join(out, folder, "adyton", "");
		return good ? io_make_dirs(out, f) : fail(f, "user's files: the path is too long");
	}
	if (home[0] == '/' && !paths_join(out, home, below_home, "/adyton"))
		return fail(f, "user's files: the path is too long");
	if ((home[0] == '/' && paths_usable(out, f)) || paths_homeless(out, below_home))
		return 0;
	return fail(f, "user's files: neither the home %s nor /tmp/adyton-%u can be written; %s may name a folder",
		    home[0] ? home : "(none)", (unsigned int)geteuid(), variable);
}

int paths_cache(char out[PATHS_MAX], struct fail *f)
{
	return paths_user(out, "XDG_CACHE_HOME", ".cache", f);
}

int paths_data(char out[PATHS_MAX], struct fail *f)
{
	return paths_user(out, "XDG_DATA_HOME", ".local/share", f);
}

int paths_config(char out[PATHS_MAX], struct fail *f)
{
	return paths_user(out, "XDG_CONFIG_HOME", ".config", f);
}

/* root's, or an account's that a service has: who else could use what is in it? */
static bool paths_owns_system(void)
{
	struct stat st;

	return stat(PATHS_SYSTEM, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int paths_platform(char out[PATHS_MAX], struct fail *f)
{
	const char *chosen = getenv("ADYTON_PLATFORM"), *user = getenv("XDG_DATA_HOME");
	char data[PATHS_MAX];

	if (chosen && chosen[0] != '/')
		chosen = NULL;
	if (!chosen && !(user && user[0] == '/') && paths_owns_system())
		chosen = PATHS_SYSTEM;
	if (chosen)
		return (size_t)snprintf(out, PATHS_MAX, "%s", chosen) < PATHS_MAX ?
			       0 :
			       fail(f, "platform: the path in ADYTON_PLATFORM is too long");
	if (paths_data(data, f))
		return -1;
	return paths_join(out, data, "platform", "") ? 0 : fail(f, "user's files: the path is too long");
}
