/* Apart from the fakes, because it uses the C library's own headers. */
#include <ftw.h>
#include <stdio.h>

int fake_remove_tree(const char *path);

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

int fake_remove_tree(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
