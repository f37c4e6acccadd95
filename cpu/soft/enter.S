/*
 * The instructions around enclave code: EENTER, ERESUME, EEXIT, ENCLU leaf entry and return, the landing of AEX.
 *
 * A signal can arrive at any instruction. The labels say to aex.c where it did:
 *   soft_enter_window .. soft_enter_committed, soft_resume_window .. soft_resume_committed
 *       nothing has happened yet; it continues at soft_enter_abort and the caller gets -EINTR.
 *   soft_enter_committed .. soft_enter_end     inside, at OENTRY, whatever the registers hold by now.
 *   soft_resume_committed .. soft_resume_end   inside, with exactly the state of the SSA frame.
 *   soft_eexit .. soft_eexit_committed         EEXIT is done; the flag must still be cleared.
 *   soft_leaf_entry .. soft_leaf_started       ENCLU not begun: only RSP has changed, and that after the first one.
 *   soft_leaf_finished .. soft_leaf_return     ENCLU done: only RSP is to be restored (not any more at _return).
 */
#include "cpu/soft/asm.h"

	.text

#define GLOBAL(name) .globl name; .hidden name; name:

/* long soft_asm_eenter(thread %rdi, run %rsi, tcs %rdx, cssa %rcx, gpr of SSA[CSSA] %r8) */
GLOBAL(soft_asm_eenter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, THREAD_RSP(%rdi)
GLOBAL(soft_enter_window)
	cmpl	$0, RUN_INTERRUPT(%rsi)
	jne	soft_enter_abort
	mov	%rsp, GPR_URSP(%r8)
	mov	%rbp, GPR_URBP(%r8)
	mov	TCS_OENTRY(%rdx), %rax
	mov	%rax, -16(%rsp)
	mov	TCS_OFS(%rdx), %rax
	mov	TCS_OGS(%rdx), %rbx
	wrfsbase %rax
	wrgsbase %rbx
	movl	$1, THREAD_INSIDE(%rdi)
GLOBAL(soft_enter_committed)
	mov	%rcx, %rax
	mov	(%rdx), %rbx
	lea	soft_eexit_landing(%rip), %rcx
	mov	RUN_REGS+0(%rsi), %rdi
	mov	RUN_REGS+16(%rsi), %rdx
	mov	RUN_REGS+24(%rsi), %r8
	mov	RUN_REGS+32(%rsi), %r9
	mov	RUN_REGS+40(%rsi), %r10
	mov	RUN_REGS+8(%rsi), %rsi
	xor	%ebp, %ebp
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*-16(%rsp)
GLOBAL(soft_enter_end)

/* Through the stub page with EAX = 4: RSP is the host's again, RBX is where to go. RCX becomes the AEP. */
GLOBAL(soft_eexit)
	mov	$~THREAD_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	movl	$0, THREAD_INSIDE(%rcx)
GLOBAL(soft_eexit_committed)
	/*
	 * Where the exit is served at once, the TCS is kept for the entry that follows, and so are FS and GS, which
	 * run->served() does not use: the end of all this is put off until it turns out that no entry follows.
	 */
	mov	THREAD_RUN(%rcx), %rax
	cmpq	$0, RUN_SERVED(%rax)
	jne	1f
	mov	THREAD_TCS(%rcx), %rax
	movl	$0, TCS_BUSY(%rax)
	mov	THREAD_FS(%rcx), %rax
	mov	THREAD_GS(%rcx), %rcx
	wrfsbase %rax
	wrgsbase %rcx
1:	lea	soft_eexit_landing(%rip), %rcx
	mov	$4, %eax
	jmp	*%rbx

/* The instruction behind EENTER: the address that the enclave was given in RCX. */
GLOBAL(soft_eexit_landing)
	mov	$~THREAD_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	mov	THREAD_RUN(%rcx), %rax
	mov	%rdi, RUN_REGS+0(%rax)
	mov	%rsi, RUN_REGS+8(%rax)
	mov	%rdx, RUN_REGS+16(%rax)
	mov	%r8, RUN_REGS+24(%rax)
	mov	%r9, RUN_REGS+32(%rax)
	mov	%r10, RUN_REGS+40(%rax)
	mov	THREAD_RSP(%rcx), %rsp
	movl	$EXIT_EEXIT, RUN_EXIT(%rax)
	cmpq	$0, RUN_SERVED(%rax)
	je	1f
	/* Serve and enter again from here: every call below returns, so the return stack still fits the enclave's. */
	mov	%rcx, %rbx
	mov	%rax, %rbp
	mov	%rax, %rdi
	movl	$1, THREAD_EXITED(%rcx)
	sub	$8, %rsp
	call	*RUN_SERVED(%rbp)
	add	$8, %rsp
	mov	%rbx, %rdi
	mov	%rbp, %rsi
	mov	THREAD_TCS(%rdi), %rdx
	test	%al, %al
	jz	2f
	/* EENTER's checks: the TCS was kept, so only the page of the SSA frame can have changed since the last one. */
	movl	$EXIT_SERVED, RUN_EXIT(%rsi)
	mov	THREAD_FRAME(%rdi), %rax
	test	%rax, %rax
	jz	2f
	mov	(%rax), %eax
	and	$FRAME_MASK, %eax
	cmp	$FRAME_READY, %eax
	jne	2f
	cmpl	$0, memory_pending(%rip)
	jne	2f
	mov	THREAD_GPR(%rdi), %r8
	mov	TCS_CSSA(%rdx), %ecx
	jmp	soft_enter_window
2:	mov	THREAD_FS(%rdi), %rax
	wrfsbase %rax
	mov	THREAD_GS(%rdi), %rax
	wrgsbase %rax
	movl	$0, TCS_BUSY(%rdx)
1:	mov	$~THREAD_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	mov	THREAD_RSP(%rcx), %rsp
	xor	%eax, %eax
	jmp	soft_enter_return

/* After an asynchronous exit: sigreturn lands here with the host's RSP. */
GLOBAL(soft_aex_landing)
	mov	$1, %eax
	jmp	soft_enter_return

/* RSP is as it was in the window; registers are anything. */
GLOBAL(soft_enter_abort)
	mov	$~THREAD_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	mov	THREAD_FS(%rcx), %rax
	wrfsbase %rax
	mov	THREAD_GS(%rcx), %rax
	wrgsbase %rax
	mov	THREAD_RSP(%rcx), %rsp
	mov	$-4, %eax /* -EINTR */
	cltq
soft_enter_return:
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/* long soft_asm_eresume(thread %rdi, run %rsi, xsave %rdx, gpr %rcx, xsave_mask %r8) */
GLOBAL(soft_asm_eresume)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, THREAD_RSP(%rdi)
GLOBAL(soft_resume_window)
	cmpl	$0, RUN_INTERRUPT(%rsi)
	jne	soft_enter_abort
	mov	%rdx, %rbx
	mov	%r8, %rax
	mov	%r8, %rdx
	shr	$32, %rdx
	xrstor64 (%rbx)
	mov	GPR_FS(%rcx), %rax
	mov	GPR_GS(%rcx), %rdx
	wrfsbase %rax
	wrgsbase %rdx
	mov	%ss, %eax
	push	%rax
	push	GPR_RSP(%rcx)
	push	GPR_RFLAGS(%rcx)
	/* TF, RF, AC, ID and the like are the program's; NT would make IRET fault, IOPL and VM cannot change here. */
	btrl	$14, (%rsp)
	mov	%cs, %eax
	push	%rax
	push	GPR_RIP(%rcx)
	movl	$1, THREAD_INSIDE(%rdi)
GLOBAL(soft_resume_committed)
	mov	GPR_RAX(%rcx), %rax
	mov	GPR_RDX(%rcx), %rdx
	mov	GPR_RBX(%rcx), %rbx
	mov	GPR_RBP(%rcx), %rbp
	mov	GPR_RSI(%rcx), %rsi
	mov	GPR_RDI(%rcx), %rdi
	mov	GPR_R8+0(%rcx), %r8
	mov	GPR_R8+8(%rcx), %r9
	mov	GPR_R8+16(%rcx), %r10
	mov	GPR_R8+24(%rcx), %r11
	mov	GPR_R8+32(%rcx), %r12
	mov	GPR_R8+40(%rcx), %r13
	mov	GPR_R8+48(%rcx), %r14
	mov	GPR_R8+56(%rcx), %r15
	mov	GPR_RCX(%rcx), %rcx
	iretq
GLOBAL(soft_resume_end)

/* Through the stub page with another EAX. RSP points to the return address, on the enclave's stack. */
GLOBAL(soft_leaf_entry)
	lea	-LEAF_SIZE(%rsp), %rsp
GLOBAL(soft_leaf_saving)
	movq	$0, LEAF_PENDING(%rsp)
	mov	%rax, LEAF_RAX+0(%rsp)
	mov	%rbx, LEAF_RAX+8(%rsp)
	mov	%rcx, LEAF_RAX+16(%rsp)
	mov	%rdx, LEAF_RAX+24(%rsp)
	mov	%rsi, LEAF_RAX+32(%rsp)
	mov	%rdi, LEAF_RAX+40(%rsp)
	mov	%rbp, LEAF_RAX+48(%rsp)
	mov	%r8, LEAF_RAX+56(%rsp)
	mov	%r9, LEAF_RAX+64(%rsp)
	mov	%r10, LEAF_RAX+72(%rsp)
	mov	%r11, LEAF_RAX+80(%rsp)
	mov	%r12, LEAF_RAX+88(%rsp)
	mov	%r13, LEAF_RAX+96(%rsp)
	mov	%r14, LEAF_RAX+104(%rsp)
	mov	%r15, LEAF_RAX+112(%rsp)
	/* The leaf may use 2 KiB of this stack: what is not mapped yet faults here, where no lock is held. */
	movq	$0, -2048(%rsp)
	movl	$LEAF_MAGIC_LOW, LEAF_MAGIC(%rsp)
	movl	$LEAF_MAGIC_HIGH, LEAF_MAGIC+4(%rsp)
GLOBAL(soft_leaf_started)
	pushfq
	pop	LEAF_RFLAGS(%rsp)
	cld
	mov	%rsp, %rbx
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	soft_leaf_dispatch
	mov	%rbx, %rsp
	test	%eax, %eax
	jne	soft_leaf_trap
	mov	LEAF_RAX+0(%rsp), %rax
	mov	LEAF_RAX+8(%rsp), %rbx
	mov	LEAF_RAX+16(%rsp), %rcx
	mov	LEAF_RAX+24(%rsp), %rdx
	mov	LEAF_RAX+32(%rsp), %rsi
	mov	LEAF_RAX+40(%rsp), %rdi
	mov	LEAF_RAX+56(%rsp), %r8
	mov	LEAF_RAX+64(%rsp), %r9
	mov	LEAF_RAX+72(%rsp), %r10
	mov	LEAF_RAX+80(%rsp), %r11
	/* Nothing may come between this check and soft_leaf_finished. */
	cmpq	$0, LEAF_PENDING(%rsp)
	jne	soft_leaf_trap
GLOBAL(soft_leaf_finished)
	movq	$0, LEAF_MAGIC(%rsp)
	lea	LEAF_SIZE(%rsp), %rsp
GLOBAL(soft_leaf_return)
	ret
/* A fault of the leaf, or a signal that waited for its end: the handler of SIGTRAP makes an AEX of it. */
GLOBAL(soft_leaf_trap)
	int3
GLOBAL(soft_leaf_trapped)
	ud2

/* rt_sigreturn, in the host's own text so that Syscall User Dispatch lets it pass. */
GLOBAL(soft_restorer)
	mov	$15, %eax
	syscall
	ud2

	.section .note.GNU-stack, "", @progbits
