/* SIGSTRUCT: who signed what (SDM 38.13). */
#ifndef ADYTON_IMAGE_SIGSTRUCT_H
#define ADYTON_IMAGE_SIGSTRUCT_H

#include "abi/image.h"
#include "image/fail.h"
#include "image/keys.h"

/* SWDEFINED of an image that a development key signed: the mark is signed, but not part of MRENCLAVE, so that who
 * rebuilds an image without its owner's key finds the same MRENCLAVE. */
#define SIGSTRUCT_DEVELOPMENT 0x44455645U /* "EVED" in memory */

struct sigstruct_identity {
	uint8_t mrenclave[32];
	uint16_t product_id, security_version;
	bool development;
};

/* Fill in and sign for an image with this header. */
must_check int sigstruct_sign(struct sgx_sigstruct *s, const struct image_header *h,
			      const struct sigstruct_identity *id, EVP_PKEY *key, struct fail *f);
/* The checks of EINIT that need no enclave: constants, reserved bytes, signature, Q1 and Q2.
 * 0, or the error code that EINIT gives. */
must_check int sigstruct_verify(const struct sgx_sigstruct *s, struct fail *f);
void sigstruct_mrsigner(const struct sgx_sigstruct *s, uint8_t mrsigner[32]);

#endif
