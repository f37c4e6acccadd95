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

#define EACH_BYTE (~0UL / 255)

/* The high bit of each byte that is zero; above the lowest such byte there may be false ones. */
static uint64_t zero_bytes(uint64_t word)
{
	return (word - EACH_BYTE) & ~word & (EACH_BYTE << 7);
}

static uint64_t load(const char *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/*
 * The length of a text that can be appended as it is: no slash is followed by another, by a dot, or by the end, and it
 * begins with neither. 0: it cannot. Reads up to 8 bytes behind the end, which the walk's text has.
 */
static size_t plain_length(const char *text)
{
	for (size_t i = 0;; i += 8) {
		uint64_t here = load(text + i), next = load(text + i + 1), end = zero_bytes(here);
		uint64_t bad = zero_bytes(here ^ EACH_BYTE * '/') &
			       (zero_bytes(next ^ EACH_BYTE * '/') | zero_bytes(next ^ EACH_BYTE * '.') |
				zero_bytes(next));

		if (end)
			bad &= (end & -end) - 1;
		if (bad || *text == '.' || *text == '/')
			return 0;
		if (end)
			return i + (size_t)__builtin_ctzl(end) / 8;
	}
}

size_t walk_append(struct walk *w, const char *text, size_t *size)
{
	size_t length = w->length == 1 ? 0 : w->length, i = *size == SIZE_MAX ? plain_length(text) : 0;

	if (i && length + i < WALK_ROOM - 2) {
		w->name[length] = '/';
		memcpy(w->name + length + 1, text, i + 1);
		*size = i;
		return length + 1 + i;
	}
	i = 0;
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
