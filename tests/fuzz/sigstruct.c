/* A SIGSTRUCT: judging it reads nothing else, and a signature is not made by chance. */
#include "tests/fuzz/kernel.h"

#include <string.h>

#include "cpu/soft/sigstruct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sgx_sigstruct s = { 0 };
	uint8_t padding[SIGSTRUCT_PADDING], signer[32];
	int result;

	memcpy(&s, data, size < sizeof(s) ? size : sizeof(s));
	result = sigstruct_check(&s);
	if (result != SGX_SUCCESS && result != SGX_INVALID_SIG_STRUCT && result != SGX_INVALID_SIGNATURE)
		__builtin_trap();
	if (sigstruct_verify(&s, padding) != result)
		__builtin_trap();
	sigstruct_signer(&s, signer);
	return 0;
}
