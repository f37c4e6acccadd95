#include "platform/sgx_extension.h"
#include "base/errno.h"

#include <string.h>

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_SEQUENCE 0x30

/* Written from the end to the beginning, so that a length is known when it is written. */
struct der {
	uint8_t *start, *at;
	bool failed;
};

static void der_put(struct der *d, const void *bytes, size_t size)
{
	if (d->failed || (size_t)(d->at - d->start) < size) {
		d->failed = true;
		return;
	}
	d->at -= size;
	memcpy(d->at, bytes, size);
}

/* Tag and length before what was written since `end`. */
static void der_header(struct der *d, uint8_t tag, const uint8_t *end)
{
	size_t size = (size_t)(end - d->at);

	if (size < 0x80)
		der_put(d, (uint8_t[]){ tag, (uint8_t)size }, 2);
	else if (size < 0x100)
		der_put(d, (uint8_t[]){ tag, 0x81, (uint8_t)size }, 3);
	else
		der_put(d, (uint8_t[]){ tag, 0x82, (uint8_t)(size >> 8), (uint8_t)size }, 4);
}

static void der_value(struct der *d, uint8_t tag, const void *bytes, size_t size)
{
	const uint8_t *end = d->at;

	der_put(d, bytes, size);
	der_header(d, tag, end);
}

static void der_number(struct der *d, uint8_t tag, uint32_t value)
{
	const uint8_t *end = d->at;

	do
		der_put(d, (uint8_t[]){ (uint8_t)value }, 1);
	while (value >>= 8);
	if (!d->failed && *d->at & 0x80)
		der_put(d, (uint8_t[]){ 0 }, 1);
	der_header(d, tag, end);
}

/* SEQUENCE { 1.2.840.113741.1.13.1.<major>[.<minor>], value }, the value being what was written since `end` */
static void der_item(struct der *d, uint8_t major, uint8_t minor, const uint8_t *end)
{
	const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, major, minor };

	der_value(d, DER_OID, oid, minor ? sizeof(oid) : sizeof(oid) - 1);
	der_header(d, DER_SEQUENCE, end);
}

static void der_item_value(struct der *d, uint8_t major, uint8_t minor, uint8_t tag, const void *bytes, size_t size)
{
	const uint8_t *end = d->at;

	der_value(d, tag, bytes, size);
	der_item(d, major, minor, end);
}

static void der_item_number(struct der *d, uint8_t major, uint8_t minor, uint8_t tag, uint32_t value)
{
	const uint8_t *end = d->at;

	der_number(d, tag, value);
	der_item(d, major, minor, end);
}

static void sgx_extension_configuration(struct der *d, const struct sgx_extension *e)
{
	const bool values[] = { e->dynamic_platform, e->cached_keys, e->smt_enabled };
	const uint8_t *end = d->at;

	for (uint8_t i = 3; i; i--)
		der_item_value(d, 7, i, DER_BOOLEAN, (uint8_t[]){ values[i - 1] ? 0xff : 0 }, 1);
	der_header(d, DER_SEQUENCE, end);
	der_item(d, 7, 0, end);
}

static void sgx_extension_tcb(struct der *d, const struct sgx_extension *e)
{
	const uint8_t *end = d->at;

	der_item_value(d, 2, 18, DER_OCTETS, e->cpu_svn, sizeof(e->cpu_svn));
	der_item_number(d, 2, 17, DER_INTEGER, e->pce_svn);
	for (uint8_t i = 16; i; i--)
		der_item_number(d, 2, i, DER_INTEGER, e->components[i - 1]);
	der_header(d, DER_SEQUENCE, end);
	der_item(d, 2, 0, end);
}

long sgx_extension_encode(const struct sgx_extension *e, uint8_t *der, size_t size)
{
	uint8_t buffer[SGX_EXTENSION_MAX];
	struct der d = { .start = buffer, .at = buffer + sizeof(buffer) };
	const uint8_t *end = d.at;
	size_t used;

	if (e->has_platform) {
		sgx_extension_configuration(&d, e);
		der_item_value(&d, 6, 0, DER_OCTETS, e->platform_instance_id, sizeof(e->platform_instance_id));
	}
	der_item_number(&d, 5, 0, DER_ENUMERATED, e->sgx_type);
	der_item_value(&d, 4, 0, DER_OCTETS, e->fmspc, sizeof(e->fmspc));
	der_item_value(&d, 3, 0, DER_OCTETS, e->pce_id, sizeof(e->pce_id));
	sgx_extension_tcb(&d, e);
	der_item_value(&d, 1, 0, DER_OCTETS, e->ppid, sizeof(e->ppid));
	der_header(&d, DER_SEQUENCE, end);
	used = (size_t)(end - d.at);
	if (d.failed || used > size)
		return -ERANGE;
	memcpy(der, d.at, used);
	return (long)used;
}
