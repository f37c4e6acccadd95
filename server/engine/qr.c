/* A QR code as PNG: grey bytes, in deflate's stored blocks, which need no compressor. */
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "server/engine/totp.h"

#define BLOCK 65535 /* RFC 1951 section 3.2.4 */

static uint32_t crc32_of(const uint8_t *at, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t adler32_of(const uint8_t *at, size_t size)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < size; i++) {
		a = (a + at[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* Length, type and data; the checksum covers type and data. */
static void chunk_put(struct bytes_writer *w, const char *type, const uint8_t *data, size_t size)
{
	size_t start;

	bytes_put_be(w, size, 4);
	start = w->used;
	bytes_put(w, type, 4);
	bytes_put(w, data, size);
	bytes_put_be(w, crc32_of(w->at + start, w->used - start), 4);
}

static struct blob zlib_stored(struct pool *p, const uint8_t *data, size_t size)
{
	struct bytes_writer w = { .size = size + 5 * (size / BLOCK + 1) + 6 };

	w.at = pool_take(p, w.size);
	bytes_put_be(&w, 0x7801, 2);
	for (size_t at = 0, part; at < size; at += part) {
		part = size - at < BLOCK ? size - at : BLOCK;
		bytes_put_le(&w, at + part == size, 1);
		bytes_put_le(&w, part, 2);
		bytes_put_le(&w, ~part, 2);
		bytes_put(&w, data + at, part);
	}
	bytes_put_be(&w, adler32_of(data, size), 4);
	return (struct blob){ w.at, w.used };
}

static struct blob png_make(struct pool *p, const uint8_t *rows, size_t rows_size, uint32_t size)
{
	static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	struct blob data = zlib_stored(p, rows, rows_size);
	struct bytes_writer w = { .size = data.size + 64 }, head = { .size = 13 };

	head.at = pool_take(p, head.size);
	bytes_put_be(&head, size, 4);
	bytes_put_be(&head, size, 4);
	bytes_put_be(&head, 0x0800000000, 5); /* 8 bits of grey, nothing unusual */
	w.at = pool_take(p, w.size);
	bytes_put(&w, signature, sizeof(signature));
	chunk_put(&w, "IHDR", head.at, head.used);
	chunk_put(&w, "IDAT", data.at, data.size);
	chunk_put(&w, "IEND", (const uint8_t *)"", 0);
	return (struct blob){ w.at, w.used };
}

/* Each row begins with its filter: none. What is left over of the size is a margin. */
static void rows_draw(uint8_t *rows, uint32_t size, const QRcode *code)
{
	uint32_t width = (uint32_t)code->width, scale = size / width, margin = (size - scale * width) / 2;

	for (uint32_t y = 0; y < size; y++) {
		uint8_t *row = rows + (size_t)y * (size + 1);

		row[0] = 0;
		memset(row + 1, 0xff, size);
		if (y < margin || (y - margin) / scale >= width)
			continue;
		for (uint32_t x = 0; x < width * scale; x++)
			if (code->data[(y - margin) / scale * width + x / scale] & 1)
				row[1 + margin + x] = 0;
	}
}

bool qr_png(struct pool *p, const char *text, uint32_t size, struct blob *png)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	size_t rows_size = (size_t)size * (size + 1);
	bool fits = code && size >= (uint32_t)code->width;
	uint8_t *rows;

	if (fits) {
		rows = pool_take(p, rows_size);
		rows_draw(rows, size, code);
		*png = png_make(p, rows, rows_size, size);
	}
	QRcode_free(code);
	return fits;
}
