#include "client/client.h"

#include <string.h>

char *path_clean(const char *path)
{
	size_t n;

	path += strspn(path, "/ ");
	for (n = strlen(path); n && strchr("/ ", path[n - 1]); n--)
		;
	return keep_bytes(path, n);
}

char *path_closed(const char *path)
{
	return keep_format("%s/", path_clean(path));
}

char *path_join(const char *a, const char *b, const char *c)
{
	const char *const parts[] = { path_clean(a), path_clean(b), path_clean(c) };
	char *whole = keep(strlen(a) + strlen(b) + strlen(c) + 3);
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (!*parts[i])
			continue;
		if (n)
			whole[n++] = '/';
		memcpy(whole + n, parts[i], strlen(parts[i]));
		n += strlen(parts[i]);
	}
	return whole;
}
