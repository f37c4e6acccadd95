/* Where a platform's folder is looked for. Linked with image/paths.c again, for which "system" is /var/lib's folder. */
#include "image/paths.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/adyton-paths-XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 && setenv("HOME", folder, 1) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static int end(void **state)
{
	(void)state;
	return chdir("/") || nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) ? -1 : 0;
}

static void expect(const char *platform, const char *data_home, const char *wanted)
{
	char out[PATHS_MAX], whole[PATHS_MAX];
	struct fail f;

	assert_int_equal(platform ? setenv("ADYTON_PLATFORM", platform, 1) : unsetenv("ADYTON_PLATFORM"), 0);
	assert_int_equal(data_home ? setenv("XDG_DATA_HOME", data_home, 1) : unsetenv("XDG_DATA_HOME"), 0);
	assert_int_equal(paths_platform(out, &f), 0);
	(void)snprintf(whole, sizeof(whole), wanted[0] == '~' ? "%s%s" : "%.0s%s", folder, wanted + (*wanted == '~'));
	assert_string_equal(out, whole);
}

static void test_platform(void **state)
{
	char chosen[64];

	(void)state;
	(void)snprintf(chosen, sizeof(chosen), "%s/data", folder);
	expect(NULL, NULL, "~/.local/share/adyton/platform");
	assert_int_equal(mkdir("system", 0700), 0);
	expect(NULL, NULL, "system");
	expect(NULL, "", "system");
	/* whoever says where does not mean the system's */
	expect("/elsewhere", NULL, "/elsewhere");
	expect("/elsewhere", chosen, "/elsewhere");
	expect(NULL, chosen, "~/data/adyton/platform");
	expect("relative", NULL, "system");
	/* a folder of somebody else's, and what is no folder */
	assert_int_equal(rmdir("system"), 0);
	if (geteuid() == 0) {
		assert_int_equal(mkdir("system", 0755), 0);
		assert_int_equal(chown("system", 12345, 12345), 0);
		expect(NULL, NULL, "~/.local/share/adyton/platform");
		assert_int_equal(rmdir("system"), 0);
	} else {
		assert_int_equal(symlink("/", "system"), 0);
		expect(NULL, NULL, "~/.local/share/adyton/platform");
		assert_int_equal(unlink("system"), 0);
	}
	assert_int_equal(symlink("/dev/null", "system"), 0);
	expect(NULL, NULL, "~/.local/share/adyton/platform");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_platform) };

	return cmocka_run_group_tests(tests, begin, end);
}
