/*
 * RFC 9112 7.1, without what nobody sends and smugglers use: no chunk extensions, no trailer fields, no bare LF, sizes
 * of at most eight digits.
 */
#include "server/http/gate.h"

enum { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF, DONE };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool size_step(struct gate_chunks *c, char byte)
{
	int digit = hex_digit(byte);

	if (byte == '\r' && c->digits) {
		c->state = SIZE_LF;
		return true;
	}
	if (digit < 0 || c->digits == 8)
		return false;
	c->left = c->left << 4 | (unsigned int)digit;
	c->digits++;
	return true;
}

/* All but content. */
static bool step(struct gate_chunks *c, char byte)
{
	static const struct { char byte; int next; } expected[] = {
		[SIZE_LF] = { '\n', DATA }, [DATA_CR] = { '\r', DATA_LF }, [DATA_LF] = { '\n', SIZE },
		[LAST_CR] = { '\r', LAST_LF }, [LAST_LF] = { '\n', DONE },
	};

	if (c->state == SIZE)
		return size_step(c, byte);
	if (byte != expected[c->state].byte)
		return false;
	c->state = expected[c->state].next;
	if (c->state == DATA && !c->left)
		c->state = LAST_CR;
	if (c->state == SIZE)
		c->digits = 0;
	return true;
}

enum gate_progress gate_chunk(struct gate_chunks *c, const char *at, size_t size, size_t *used, size_t *data)
{
	*data = 0;
	for (*used = 0; *used < size; ++*used) {
		if (c->state == DATA) {
			*data = size - *used < c->left ? size - *used : (size_t)c->left;
			*used += *data;
			c->left -= *data;
			if (!c->left)
				c->state = DATA_CR;
			return CHUNK_DATA;
		}
		if (!step(c, at[*used]))
			return CHUNK_BAD;
		if (c->state == DONE) {
			++*used;
			return CHUNK_END;
		}
	}
	return CHUNK_MORE;
}
