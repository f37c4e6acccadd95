#include "client/client.h"

#include <string.h>

#define GAP "    "

/* Characters, not bytes: what is counted is every byte that does not continue one. */
static size_t cell_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* As it stands in the table: without blanks around it, and never empty. */
static const char *cell_of(const char *s)
{
	size_t n;

	s += strspn(s, " \t\n");
	for (n = strlen(s); n && strchr(" \t\n", s[n - 1]); n--)
		;
	return n ? keep_bytes(s, n) : "n/a";
}

void table_row(struct table *t, size_t columns, const char *const *cells)
{
	const char **grown = keep((t->rows + 1) * columns * sizeof(*grown));

	if (t->rows)
		memcpy(grown, t->cells, t->rows * columns * sizeof(*grown));
	for (size_t i = 0; i < columns; i++)
		grown[t->rows * columns + i] = cell_of(cells[i] ? cells[i] : "");
	t->cells = grown;
	t->columns = columns;
	t->rows++;
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t widest = 0;

	for (size_t row = 0; row < t->rows; row++) {
		size_t n = cell_width(t->cells[row * t->columns + column]);

		widest = n > widest ? n : widest;
	}
	return widest;
}

static void line_print(const struct table *t, size_t row, bool rule)
{
	for (size_t i = 0; i < t->columns; i++) {
		const char *cell = t->cells[row * t->columns + i];
		size_t width = cell_width(cell), wide = i + 1 < t->columns ? column_width(t, i) : 0;

		for (size_t n = 0; rule && n < strlen(cell); n++)
			(void)putchar('-');
		(void)fputs(rule ? "" : cell, stdout);
		for (; width < wide; width++)
			(void)putchar(' ');
		(void)fputs(i + 1 < t->columns ? GAP : "\n", stdout);
	}
}

void table_print(const struct table *t, bool headed)
{
	for (size_t row = 0; row < t->rows; row++) {
		line_print(t, row, false);
		if (!row && headed)
			line_print(t, row, true);
	}
}
