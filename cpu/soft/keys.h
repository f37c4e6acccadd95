/*
 * Between the processor and the process that derives keys (keyd.c): one fixed-size request, one fixed-size answer, over
 * a stream socket that belongs to one processor. The processor makes all checks and fills in the derivation's fields by
 * the table of EGETKEY (SDM 40.4); the other side adds the machine's secret. A report key never comes back: its MAC
 * does.
 */
#ifndef ADYTON_CPU_SOFT_KEYS_H
#define ADYTON_CPU_SOFT_KEYS_H

#include "abi/sgx.h"

#define KEYS_MAGIC 0x3153594bU
#define KEYS_PROBE 0U  /* answer: status 1, as for everything unknown; but the secret is there */
#define KEYS_DERIVE 1U /* answer: the key */
#define KEYS_MAC 2U    /* answer: AES-CMAC of body under the key */
#define KEYS_USE_OWNER_EPOCH 1U
#define KEYS_USE_SEAL_FUSES 2U

/* What goes into a key, zero where the table has zero. */
struct keys_derivation {
	uint16_t key_name, key_policy, isv_prod_id, isv_svn, config_svn, reserved;
	uint32_t misc_select, misc_mask, use; /* KEYS_USE_... */
	struct sgx_attributes attributes, attribute_mask;
	uint8_t cpusvn[16], isv_ext_prod_id[16], isv_family_id[16];
	uint8_t mrenclave[32], mrsigner[32], key_id[32], config_id[64];
	uint8_t padding[352];
} __attribute__((packed));

struct keys_request {
	uint32_t magic, operation;
	struct keys_derivation derivation;
	uint8_t body[384];
} __attribute__((packed));

struct keys_answer {
	uint32_t magic, status; /* 0, or the request was malformed */
	uint8_t key[16];
} __attribute__((packed));

SGX_ASSERT(sizeof(struct keys_derivation) == 616);
SGX_ASSERT(sizeof(struct keys_request) == 1008);

#endif
