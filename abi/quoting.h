/*
 * How quotes are asked for: the host half asks adyton-quoting over a stream socket, and that asks the quoting enclave
 * over its standard input and output. One request, one answer, each a head and its payload; little-endian.
 */
#ifndef ADYTON_ABI_QUOTING_H
#define ADYTON_ABI_QUOTING_H

#include "abi/sgx.h"

#define QUOTING_MAGIC 0x51594441U /* "ADYQ" */
#define QUOTING_MAX (96 * KIB)    /* of a payload */
#define QUOTING_QUOTE_MAX (64 * KIB) /* of a quote: HOST_QUOTE_MAX */

/*
 * Who makes quotes on silicon: the first of these that is there. X(how, folder, name); a folder of NULL is the
 * platform's, so that a link there is the operator's choice. The service comes first: it alone needs the devices.
 */
#define QUOTING_ON_SILICON(X) \
	X(AESM, NULL, "aesm.socket") \
	X(LIBRARY, NULL, "libsgx_dcap_ql.so.1") \
	X(AESM, "/var/run/aesmd", "aesm.socket") \
	X(LIBRARY, "/usr/lib/x86_64-linux-gnu", "libsgx_dcap_ql.so.1") \
	X(LIBRARY, "/usr/lib64", "libsgx_dcap_ql.so.1") \
	X(LIBRARY, "/usr/local/lib", "libsgx_dcap_ql.so.1")

enum quoting_operation {
	QUOTING_TARGET = 1, /* nothing -> struct sgx_targetinfo */
	/*
	 * From the host half: a report -> the quote. To the enclave: struct quoting_order, sealed key, chain, QE
	 * authentication data -> u32 size of the sealed key, sealed key, quote.
	 */
	QUOTING_QUOTE = 2,
	QUOTING_REQUEST = 3, /* to the enclave only: nothing -> the request for a certificate (platform/request.h) */
	/* To the enclave only: sealed key or nothing -> size and sealed key as above, attestation key (x, y). */
	QUOTING_KEY = 4,
};

struct quoting_head {
	uint32_t magic, operation;
	int32_t error; /* answers: 0 or an error of Linux, positive, and no payload */
	uint32_t size; /* of the payload */
} __attribute__((packed));

struct quoting_order {
	uint8_t report[SGX_REPORT_BYTES];
	uint32_t sealed_size; /* 0: there is none yet */
	uint32_t chain_size;  /* PEM: PCK certificate, its CA, root */
	uint32_t machine_size; /* struct machine_head (abi/evidence.h) and what follows it; 0: random bytes instead */
} __attribute__((packed));

#endif
