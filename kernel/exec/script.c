#include "kernel/exec/script.h"
#include "abi/linux/errno.h"
#include "base/mem.h"

int script_line(struct file *f, char line[SCRIPT_LINE], char **interpreter, char **argument)
{
	struct iov v = IOV_KERNEL(line, SCRIPT_LINE - 1);
	int64_t pos = 0;
	long n = f->ops->read(f, &v, &pos);
	char *end, *at;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return n < 0 ? (int)n : -ENOEXEC;
	line[n] = '\0';
	end = strchr(line, '\n');
	if (!end && n == SCRIPT_LINE - 1)
		return -ENOEXEC;
	if (!end)
		end = line + n;
	while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	for (at = line + 2; *at == ' ' || *at == '\t'; at++)
		;
	if (!*at)
		return -ENOEXEC;
	*interpreter = at;
	while (*at && *at != ' ' && *at != '\t')
		at++;
	while (*at == ' ' || *at == '\t')
		*at++ = '\0';
	*argument = *at ? at : NULL;
	return 0;
}
