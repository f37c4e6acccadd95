/*
 * What a software platform asks its operator's CA for: a certificate for its PCK key (`adyton platform ca issue`). The
 * platform's quoting side writes it, the CA reads it; nothing in here is secret.
 *
 * A request file is exactly this text, without any white space, with an optional newline at its end:
 *
 *   {"version":1,"pck_public_key":"<x || y, 64 bytes>","ppid":"<16 bytes>","platform_instance_id":"<16 bytes>",
 *    "cpu_svn":"<16 bytes>","pce_svn":<0..65535>,"pce_id":"<2 bytes>","fmspc":"<6 bytes>","qe":{"mrenclave":
 *    "<32 bytes>","mrsigner":"<32 bytes>","isv_prod_id":<0..65535>,"isv_svn":<0..65535>,"attributes":"<16 bytes>",
 *    "misc_select":"<4 bytes>"},"signature":"<r || s, 64 bytes>"}
 *
 * Members in this order; bytes in lowercase hex in the order in which they lie in SGX's structures (so attributes are
 * flags, then XFRM, both little-endian); numbers in decimal without leading zeros; x, y, r and s big-endian.
 *
 * The signature proves possession of the PCK key: ECDSA with P-256 and SHA-256 over the text without its member
 * "signature", that is, everything before `,"signature"` and then `}`. Whoever reads a request writes it again and
 * compares, so there is one text for one request. It is longer than the 384 bytes of the only other thing that this key
 * signs, reports of the quoting enclave.
 */
#ifndef ADYTON_PLATFORM_REQUEST_H
#define ADYTON_PLATFORM_REQUEST_H

#include "abi/types.h"
#include "base/text.h"

#define REQUEST_VERSION 1
#define REQUEST_TEXT_MAX 2048 /* with the NUL */

struct request {
	uint8_t pck_public_key[64];
	uint8_t ppid[16], platform_instance_id[16], cpu_svn[16];
	uint16_t pce_svn;
	uint8_t pce_id[2], fmspc[6];
	struct {
		uint8_t mrenclave[32], mrsigner[32];
		uint16_t isv_prod_id, isv_svn;
		uint8_t attributes[16], misc_select[4];
	} qe;
	uint8_t signature[64];
};

/* The text that is signed, or the whole request: its length (a NUL follows), or -ERANGE. */
must_check long request_signed_text(const struct request *r, char *buffer, size_t size);
must_check long request_text(const struct request *r, char *buffer, size_t size);
/* 0, or -EINVAL with the error filled in. The signature is not checked here. */
must_check int request_read(struct request *r, const char *text, size_t size, struct text_error *error);

#endif
