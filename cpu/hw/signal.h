/* Signals of a host thread that may be inside an enclave on silicon. */
#ifndef ADYTON_CPU_HW_SIGNAL_H
#define ADYTON_CPU_HW_SIGNAL_H

#include "cpu/hw/enter.h"
#include "cpu/linux/signal.h"

/* Where the vDSO's function is and its one ENCLU, which is also the AEP. */
struct hw_vdso {
	uint64_t enter, enclu;
};
extern struct hw_vdso hw_vdso;

/* Find them in a vDSO image. -ENODEV when Linux has no SGX. */
int must_check hw_vdso_init(const uint8_t *image, size_t size);
int must_check hw_thread_init(void *thread_stack_base);
/* The handler's decision, apart for tests: edits the context. True when the signal is the host's to see too. */
bool hw_signal_redirect(struct hw_thread *thread, int signal, const struct linux_siginfo *info,
			struct linux_mcontext *m);

#endif
