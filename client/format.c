/* policy fmt: lines indented by how deep they stand, one blank around '='. Comments and strings stay as they are. */
#include "base/arena.h"
#include "base/hcl.h"
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line's brackets, opened less closed, outside strings and comments. */
static int format_depth(const char *line, size_t n)
{
	bool string = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (line[i] == '\\' && string)
			i++;
		else if (line[i] == '"')
			string = !string;
		else if (!string && (line[i] == '#' || (line[i] == '/' && i + 1 < n && line[i + 1] == '/')))
			break;
		else if (!string && strchr("{[", line[i]))
			depth++;
		else if (!string && strchr("}]", line[i]))
			depth--;
	}
	return depth;
}

/* name=value as name = value; only the first '=' of a line can stand between the two. */
static void format_line(struct text *t, const char *line, size_t n)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	size_t sign = name < n ? name + strspn(line + name, " \t") : n;

	if (!name || sign >= n || line[sign] != '=') {
		text_put_bytes(t, line, n);
		return;
	}
	text_put_bytes(t, line, name);
	text_put(t, " = ");
	sign++;
	while (sign < n && strchr(" \t", line[sign]))
		sign++;
	text_put_bytes(t, line + sign, n - sign);
}

static char *format_policy(const char *s)
{
	struct text t = { .grow = keep_grow };
	bool empty = true;
	int depth = 0;

	keep_grow(&t, 0);
	while (*s) {
		size_t n = strcspn(s, "\n"), all = n + (s[n] == '\n');
		const char *line = s + strspn(s, " \t\r");
		size_t rest = line < s + n ? (size_t)(s + n - line) : 0;

		while (rest && strchr(" \t\r", line[rest - 1]))
			rest--;
		s += all;
		if (!rest) {
			text_put(&t, empty ? "" : "\n");
			empty = true;
			continue;
		}
		int more = format_depth(line, rest);

		for (int i = 0; i < depth - (strchr("}]", *line) != NULL); i++)
			text_put(&t, "  ");
		format_line(&t, line, rest);
		text_put(&t, "\n");
		depth += more;
		empty = false;
	}
	while (t.used > 1 && t.at[t.used - 2] == '\n')
		t.at[--t.used] = '\0';
	return t.at;
}

static int format_check(const char *path, const char *text, size_t size)
{
	struct arena arena = { .size = HCL_ARENA(size) };
	struct text_error error = { 0 };
	const struct hcl_node *body;

	arena.at = keep(arena.size);
	if (hcl_parse(text, size, &arena, &body, &error))
		return complain(1, "Failed to parse policy: %s:%u:%u: %s", path, error.line, error.column,
				error.message);
	return 0;
}

static int format_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	size_t size = strlen(text);
	ssize_t n;

	if (fd < 0)
		return complain(1, "Error writing result: %s: %s", path, strerror(errno));
	n = write(fd, text, size);
	if (close(fd) || n != (ssize_t)size)
		return complain(1, "Error writing result: %s: %s", path, strerror(errno));
	return 0;
}

int policy_fmt_run(struct client *c)
{
	const char *path = c->operands[0];
	const char *formatted;
	size_t size;
	char *text = file_read(path, &size);
	int status;

	if (!text)
		return complain(1, "Error reading source file: %s: %s", path, strerror(errno));
	status = format_check(path, text, size);
	/* Lines of a heredoc are its contents. */
	if (!status && strstr(text, "<<"))
		return complain(1, "%s has a heredoc, whose lines must stay as they are", path);
	formatted = status ? NULL : format_policy(text);
	if (!status)
		status = format_check(path, formatted, strlen(formatted));
	if (!status)
		status = format_write(path, formatted);
	return status ? status : output_success(c, "Formatted policy: %s", path);
}
