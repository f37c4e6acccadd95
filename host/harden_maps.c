/* /proc/self/maps, line by line. */
#include "abi/linux/errno.h"
#include "cpu/linux/sys.h"
#include "host/harden.h"

struct maps_reader {
	int fd;
	long length, at;
	char text[512];
};

/* The next character; 0 at the end. */
static char maps_next(struct maps_reader *r)
{
	if (r->at >= r->length) {
		r->at = 0;
		r->length = sys_read(r->fd, r->text, sizeof(r->text));
		if (r->length <= 0)
			return 0;
	}
	return r->text[r->at++];
}

/* A hexadecimal number and the one character that ends it. */
static uint64_t maps_number(struct maps_reader *r, char *last)
{
	uint64_t n = 0;

	for (;;) {
		char c = maps_next(r);

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else {
			*last = c;
			return n;
		}
	}
}

/* start-end rwxp offset device inode     name */
static bool maps_line(struct maps_reader *r, struct harden_map *m)
{
	uint32_t length = 0, field = 0;
	char c, before = ' ';

	*m = (struct harden_map){ 0 };
	m->start = maps_number(r, &c);
	if (c != '-')
		return false;
	m->end = maps_number(r, &c);
	(void)maps_next(r);
	m->write = maps_next(r) == 'w';
	m->exec = maps_next(r) == 'x';
	m->shared = maps_next(r) == 's';
	for (c = maps_next(r); c && c != '\n'; before = c, c = maps_next(r)) {
		if (before == ' ' && c != ' ' && field < 4)
			field++;
		if (field == 4 && length < sizeof(m->name) - 1 && (c != ' ' || length))
			m->name[length++] = c;
	}
	return c == '\n';
}

long harden_maps(struct harden_map *to, uint32_t max)
{
	struct maps_reader r = { 0 };
	struct harden_map m;
	long count = 0, fd = sys_raw3(SYS_OPEN, (long)"/proc/self/maps", LINUX_O_CLOEXEC, 0);

	if (sys_is_error(fd))
		return fd;
	r.fd = (int)fd;
	while (maps_line(&r, &m)) {
		if (count == (long)max) {
			count = -E2BIG;
			break;
		}
		to[count++] = m;
	}
	(void)sys_close(r.fd);
	return r.length < 0 ? r.length : count;
}
