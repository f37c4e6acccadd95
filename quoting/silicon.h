/*
 * Quotes of SGX hardware, made by Intel's quoting enclave: either aesmd runs that, and is asked over its socket
 * (aesm.c), or Intel's library runs it in this process (dcap.c). Which of them: QUOTING_ON_SILICON of abi/quoting.h.
 */
#ifndef ADYTON_QUOTING_SILICON_H
#define ADYTON_QUOTING_SILICON_H

#include "abi/sgx.h"
#include "image/fail.h"

#define SILICON_QUOTE_MAX 8192U

/*
 * silicon_quote.c. A quote is only taken when it is one, and about our report. Both give as many bytes as they have
 * room for: how long the quote is, it says itself. 0, or -1 with the sentence, which begins with `who`.
 */
int silicon_take_quote(const char *who, const uint8_t *from, size_t room, const uint8_t report[SGX_REPORT_BYTES],
		       uint8_t to[SILICON_QUOTE_MAX], uint32_t *size, struct fail *f) must_check;

#endif
