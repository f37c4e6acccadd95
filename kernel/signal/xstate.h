/*
 * The program's vector state in the layout that XSAVE writes and signal frames carry. The state is live in the
 * registers whenever kernel code runs (the kernel uses none of them), so it is saved and loaded right here.
 */
#ifndef ADYTON_KERNEL_SIGNAL_XSTATE_H
#define ADYTON_KERNEL_SIGNAL_XSTATE_H

#include "abi/linux/signal.h"

/* x87, SSE, AVX, MPX, AVX-512: the end of the last of them, on every processor (AMD packs them tighter). */
#define XSTATE_MAX 2688

struct xstate {
	struct fpstate legacy;
	struct xstate_header header;
	uint8_t extended[XSTATE_MAX - 576];
} __attribute__((aligned(64)));

uint64_t xstate_features(void); /* what is enabled and what we carry */
uint32_t xstate_size(void);     /* bytes of struct xstate that these features need */
void xstate_save(struct xstate *x);
/* Anything may stand in x: what the processor would refuse is put right first. */
void xstate_load(struct xstate *x, uint64_t features);
void xstate_reset(void); /* the state of a fresh program */
/* Put the state aside and leave a fresh one; take it back. area: XSTATE_MAX bytes, 64-byte aligned, zeroed once. */
void xstate_hide(void *area);
void xstate_show(const void *area);

#endif
