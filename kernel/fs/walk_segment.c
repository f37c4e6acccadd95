/* Many names at once, for file systems that walk by themselves: see walk_step.h. */
#include "kernel/fs/walk_step.h"
#include "base/mem.h"

/* How much of the rest may be taken at once: up to the first "..", for WALK_PARENT up to the last name. */
static size_t segment_length(const struct walk *w)
{
	size_t last = 0;

	for (size_t i = 0, n; w->rest[i]; i += n) {
		n = walk_name_length(w->rest + i);
		if (!n) {
			n = 1;
			continue;
		}
		if (n == 2 && walk_is_dots(w->rest + i, n))
			return i;
		last = i;
	}
	return w->goal == WALK_PARENT ? last : strlen(w->rest);
}

int walk_segment(struct walk *w)
{
	size_t segment = w->ahead && w->goal != WALK_PARENT ? w->ahead : segment_length(w), length;
	char behind = w->rest[segment];
	struct inode *i = NULL;
	bool whole = !behind;
	int error;

	if (!segment)
		return 1;
	w->rest[segment] = 0;
	if (whole && w->goal == WALK_OPEN && !(w->open_flags & O_PATH))
		error = w->at->ops->open_path(w->at, w->rest, w->open_flags, w->mode, &w->file);
	else if (whole && w->goal == WALK_STAT)
		error = w->at->ops->stat_path(w->at, w->rest, w->how & WALK_FOLLOW, w->st);
	else
		error = w->at->ops->walk(w->at, w->rest, &i);
	if (i && S_ISLNK(i->mode) && (!whole || walk_link_wanted(w))) {
		inode_put(i);
		i = NULL;
		error = -ELOOP;
	}
	if (error == -ELOOP)
		return walk_link_segment(w, segment, behind);
	w->rest[segment] = behind;
	if (error)
		return error;
	if (segment == w->ahead) {
		w->name[w->length] = w->ahead_char; /* the rest of the name is there since step_into_mount() looked */
		length = w->ahead_length;
	} else {
		length = walk_append(w, w->rest, &segment);
	}
	w->rest += segment;
	if (i)
		return walk_stand_at(w, i, w->name, length);
	w->done = true;
	w->length = length;
	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}
