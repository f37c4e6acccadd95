/*
 * The call of __vdso_sgx_enter_enclave. It takes RDI, RSI, RDX, RCX = function, R8, R9 and the run on the stack, passes
 * all registers but RAX, RBX, RCX on to the enclave, and leaves what the enclave put in them at EEXIT as it is.
 *
 *   hw_enter_window .. hw_enter_left    a signal here or in the vDSO before ENCLU turns back to hw_enter_abort
 *   hw_signal_landing                   a signal that interrupted the enclave: AEX is done, its state is in the SSA
 */
#include "cpu/hw/enter.h"

	.text
#define GLOBAL(name) .globl name; .hidden name; name:

/* long hw_asm_enter(thread %rdi, run %rsi, vdso_run %rdx, vdso_enter %rcx) */
GLOBAL(hw_asm_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	%rsi, HW_THREAD_RUN(%rdi)
	mov	%rsp, HW_THREAD_RSP(%rdi)
GLOBAL(hw_enter_window)
	cmpl	$0, HW_RUN_INTERRUPT(%rsi)
	jne	hw_enter_abort
	mov	%rcx, %rax
	mov	%rsi, %r11
	sub	$8, %rsp
	push	%rdx /* the seventh argument */
	mov	8(%r11), %ecx
	mov	HW_RUN_REGS+0(%r11), %rdi
	mov	HW_RUN_REGS+8(%r11), %rsi
	mov	HW_RUN_REGS+16(%r11), %rdx
	mov	HW_RUN_REGS+24(%r11), %r8
	mov	HW_RUN_REGS+32(%r11), %r9
	mov	HW_RUN_REGS+40(%r11), %r10
	xor	%ebx, %ebx
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	call	*%rax
GLOBAL(hw_enter_left)
	mov	$~HW_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	mov	HW_THREAD_RUN(%rcx), %rcx
	mov	%rdi, HW_RUN_REGS+0(%rcx)
	mov	%rsi, HW_RUN_REGS+8(%rcx)
	mov	%rdx, HW_RUN_REGS+16(%rcx)
	mov	%r8, HW_RUN_REGS+24(%rcx)
	mov	%r9, HW_RUN_REGS+32(%rcx)
	mov	%r10, HW_RUN_REGS+40(%rcx)
	add	$16, %rsp
	cltq
hw_return:
	cld
	pop	%rdi
	movq	$0, HW_THREAD_RSP(%rdi)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/* Both are reached with RSP anywhere on the host's stack. */
GLOBAL(hw_enter_abort)
	mov	$-4, %rax /* -EINTR */
	jmp	1f
GLOBAL(hw_signal_landing)
	mov	$1, %eax
1:	mov	$~HW_BLOCK_MASK, %rcx
	and	%rsp, %rcx
	mov	HW_THREAD_RSP(%rcx), %rsp
	jmp	hw_return

GLOBAL(hw_restorer)
	mov	$15, %eax
	syscall
	ud2

	.section .note.GNU-stack, "", @progbits
