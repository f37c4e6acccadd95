/* The two texts of a walk, the name behind it and the rest before it: see walk_step.h. */
#include "kernel/fs/walk_step.h"
#include "base/mem.h"

int walk_prepend(struct walk *w, const char *text, size_t size)
{
	size_t rest = strlen(w->rest);

	if (size + 1 + rest >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(w->text + size + 1, w->rest, rest + 1);
	memcpy(w->text, text, size);
	w->text[size] = '/';
	w->rest = w->text;
	return 0;
}

size_t walk_append(struct walk *w, const char *text, size_t size)
{
	size_t length = w->length == 1 ? 0 : w->length;

	for (size_t i = 0, n; i < size; i += n) {
		n = walk_name_length(text + i);
		if (i + n > size)
			n = size - i;
		if (!n) {
			n = 1;
			continue;
		}
		if (n == 1 && text[i] == '.')
			continue;
		if (n == 2 && walk_is_dots(text + i, n))
			return 0;
		if (length + 1 + n >= WALK_ROOM)
			return 0;
		w->name[length++] = '/';
		memcpy(w->name + length, text + i, n);
		length += n;
	}
	if (!length)
		length = 1;
	w->name[0] = '/';
	w->name[length] = 0;
	return length;
}
