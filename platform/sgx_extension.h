/* The extension 1.2.840.113741.1.13.1 of a PCK certificate: which platform, at which TCB. */
#ifndef ADYTON_PLATFORM_SGX_EXTENSION_H
#define ADYTON_PLATFORM_SGX_EXTENSION_H

#include "abi/types.h"

#define SGX_EXTENSION_OID "1.2.840.113741.1.13.1"
#define SGX_EXTENSION_MAX 1024

struct sgx_extension {
	uint8_t ppid[16], components[16], cpu_svn[16], pce_id[2], fmspc[6];
	uint16_t pce_svn;
	uint8_t sgx_type;  /* 0 standard, 1 scalable, 2 scalable with integrity */
	bool has_platform; /* the rest is there: certificates of the Platform CA */
	uint8_t platform_instance_id[16];
	bool dynamic_platform, cached_keys, smt_enabled;
};

/* DER of the extension's value: its length, or -ERANGE. */
must_check long sgx_extension_encode(const struct sgx_extension *e, uint8_t *der, size_t size);

#endif
