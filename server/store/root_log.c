/*
 * Rows of the log: version 1 ‖ u64 version ‖ u64 first kept row ‖ digest of the row before ‖ tree ‖ u32 count ‖ changes
 * (u16 bucket ‖ u64 name ‖ u8 present ‖ tag) ‖ HMAC-SHA-256 over all before. Big endian.
 */
#include <errno.h>

#include "base/bytes.h"
#include "crypto/hmac_sha256.h"
#include "server/store/root_state.h"

#define ROW_VERSION 1
#define ROW_HEAD (1 + 8 + 8 + SHA256_SIZE + ROOT_DIGEST + 4)
#define ROW_CHANGE (2 + 8 + 1 + ROOT_TAG)

const char *row_path(uint64_t version, struct pool *pool)
{
	return pool_printf(pool, ROOT_LOG "%016llx", (unsigned long long)version);
}

struct blob row_write(const struct root *root, const struct root_row *row, const struct root_change *changes,
		      struct pool *pool)
{
	size_t clear = ROW_HEAD + (size_t)row->count * ROW_CHANGE, size = clear + HMAC_SHA256_SIZE;
	struct bytes_writer w = { .at = pool_take(pool, size), .size = size };

	bytes_put_be(&w, ROW_VERSION, 1);
	bytes_put_be(&w, row->version, 8);
	bytes_put_be(&w, row->first, 8);
	bytes_put(&w, row->before, SHA256_SIZE);
	bytes_put(&w, row->tree, ROOT_DIGEST);
	bytes_put_be(&w, row->count, 4);
	for (uint32_t i = 0; i < row->count; i++) {
		bytes_put_be(&w, changes[i].place.bucket, 2);
		bytes_put_be(&w, changes[i].place.name, 8);
		bytes_put_be(&w, changes[i].present, 1);
		bytes_put(&w, changes[i].tag, ROOT_TAG);
	}
	hmac_sha256(root->mac_key.bytes, root->mac_key.size, w.at, clear, bytes_room(&w, HMAC_SHA256_SIZE));
	return (struct blob){ w.at, size };
}

int row_read(const struct root *root, struct blob value, struct root_row *row)
{
	struct bytes_reader b = { .at = value.at, .left = value.size };
	uint8_t mac[HMAC_SHA256_SIZE];
	size_t clear;

	if (value.size < ROW_HEAD + HMAC_SHA256_SIZE)
		return -EBADMSG;
	clear = value.size - HMAC_SHA256_SIZE;
	hmac_sha256(root->mac_key.bytes, root->mac_key.size, value.at, clear, mac);
	if (!mem_equal_secret(mac, value.at + clear, sizeof(mac)) || bytes_u8(&b) != ROW_VERSION)
		return -EBADMSG;
	row->version = bytes_take_be(&b, 8);
	row->first = bytes_take_be(&b, 8);
	bytes_copy(&b, row->before, SHA256_SIZE);
	bytes_copy(&b, row->tree, ROOT_DIGEST);
	row->count = (uint32_t)bytes_take_be(&b, 4);
	row->changes = b.at;
	return clear == ROW_HEAD + (size_t)row->count * ROW_CHANGE ? 0 : -EBADMSG;
}

void row_change(const struct root_row *row, uint32_t i, struct root_change *c)
{
	struct bytes_reader b = { .at = row->changes + (size_t)i * ROW_CHANGE, .left = ROW_CHANGE };

	c->place.bucket = (uint32_t)bytes_take_be(&b, 2) % ROOT_BUCKETS;
	c->place.name = bytes_take_be(&b, 8);
	c->present = bytes_u8(&b);
	bytes_copy(&b, c->tag, ROOT_TAG);
}
