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

size_t walk_append(struct walk *w, const char *text, size_t *size)
{
	size_t length = w->length == 1 ? 0 : w->length, i = 0;

	while (i < *size && text[i]) {
		if (text[i] == '/') {
			i++;
			continue;
		}
		if (text[i] == '.' && walk_is_dots(text + i, walk_name_length(text + i))) {
			if (text[i + 1] == '.')
				break;
			i++;
			continue;
		}
		for (w->name[length++] = '/'; i < *size && text[i] && text[i] != '/'; i++) {
			if (length >= WALK_ROOM - 2)
				return 0;
			w->name[length++] = text[i];
		}
	}
	*size = i;
	if (!length)
		length = 1;
	w->name[0] = '/';
	w->name[length] = 0;
	return length;
}
