/*
 * The only ways into and out of the enclave's kernel.
 *
 *   enclave_entry     EENTER lands here. CSSA 0: first run, or a host call returns. CSSA 1: something interrupted us.
 *   entry_syscall     a patched system call site jumps here (and an unpatched one is led here by its trap)
 *   entry_run_program leaves the kernel stack as thread_regs() says
 *   border_exit       a host call goes out; returns when EENTER brings the answer
 *
 * GS is struct thread, FS the program's. The kernel uses no vector registers, so the program's stay live all the time.
 * Two windows are known to the exception code by address: [border_check, border_left), with the stub page behind it,
 * and
 * [run_check, run_left). A signal that comes inside them moves RIP to border_abort or run_again, so none is slept over
 * or forgotten.
 */
#include "kernel/task/regs.h"
#include "kernel/task/thread.h"

#define EXIT_RESUME 2
#define ENCLU_EEXIT 4
#define FLAG_AC 0x40000
#define FLAGS_RARE 0x244500 /* TF, DF, NT, AC, ID */
#define FLAGS_CLEAN 2 /* RFLAGS with nothing set: DF, AC, TF, NT clear */

/* EEXIT. Registers carry nothing out that was not meant to: RDI is set, RBX is the target, RSP the host's. */
.macro LEAVE
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%ecx, %ecx
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	mov	$ENCLU_EEXIT, %eax
	jmp	enclu_page
.endm

/* The general registers of the struct regs at RSP; leaves RSP at its orig_rax. */
.macro RESTORE_GENERAL
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

/* Load every register from the struct regs at RSP; RIP was put aside in T_RESUME_RIP. */
.macro RESTORE
	RESTORE_GENERAL
	lea	16(%rsp), %rsp /* orig_rax, rip */
	popfq
	pop	%rsp
	jmp	*%gs:T_RESUME_RIP
.endm

	.text
	.globl enclave_entry
	.type enclave_entry, @function
enclave_entry:
	/* EENTER: RAX = CSSA, RBX = TCS, RCX = where EEXIT goes, RSP and the rest are the host's. */
	test	%rax, %rax
	jnz	exception_entry
	cmpl	$0, %gs:T_STARTED
	je	first_entry
	mov	%rsp, %gs:T_HOST_RSP
	mov	%rcx, %gs:T_HOST_RET
	mov	%gs:T_CALL_RSP, %rsp
	test	%rsp, %rsp
	jz	refuse /* entered although no host call is out */
	movq	$0, %gs:T_CALL_RSP
	/* DF would mislead us, AC would make us and the program fault where nothing is wrong. POPF is dear. */
	pushfq
	mov	%gs:T_FS, %rcx
	wrfsbase %rcx
	pop	%rax
	test	$FLAGS_RARE, %eax
	jnz	clean_flags
flags_cleaned:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	xor	%eax, %eax /* nothing that the host said */
	ret

clean_flags:
	push	$FLAGS_CLEAN
	popfq
	jmp	flags_cleaned

first_entry:
	movl	$1, %gs:T_STARTED
	mov	%rsp, %gs:T_HOST_RSP
	mov	%rcx, %gs:T_HOST_RET
	/* The first thread's struct is all zeros in the measured image: its stacks follow from the TCS address. */
	lea	0x3000(%rbx), %rax
	mov	%rax, %gs:T_SELF
	lea	0x11000(%rbx), %rax
	mov	%rax, %gs:T_KSTACK
	lea	0x8000(%rbx), %rax
	mov	%rax, %gs:T_XSTACK
	mov	%gs:T_KSTACK, %rsp
	sub	$REGS_SIZE, %rsp
	push	$FLAGS_CLEAN
	popfq
	xor	%ebp, %ebp
	mov	%r8, %rcx
	mov	%r9, %r8
	/* entry_first(why, border, border_size, launch, launch_size) */
	call	entry_first
refuse:
	ud2

	/* An exception or a signal interrupted this thread: look, redirect its saved state, resume it. */
exception_entry:
	mov	%rsp, %gs:T_X_HOST_RSP
	mov	%rcx, %gs:T_X_HOST_RET
	mov	%gs:T_XSTACK, %rsp
	test	%rsp, %rsp
	jz	refuse /* before the first entry set up the stacks */
	push	$FLAGS_CLEAN
	popfq
	xor	%ebp, %ebp
	call	exception_serve /* (signal) */
	mov	%gs:T_X_HOST_RET, %rbx
	mov	%gs:T_X_HOST_RSP, %rsp
	mov	$EXIT_RESUME, %edi
	LEAVE
	.size enclave_entry, . - enclave_entry

	/*
	 * long border_exit(uint64_t why, uint64_t interruptible): 0 when the host came back; -EINTR (-4) when it did
	 * not leave because there is work (only if interruptible).
	 */
	.globl border_exit, border_check, border_left, border_abort
	.type border_exit, @function
border_exit:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%esi, %gs:T_INTERRUPTIBLE
	rdfsbase %rax /* the program's: EENTER and EEXIT set their own */
	mov	%rax, %gs:T_FS
	mov	%rsp, %gs:T_CALL_RSP
border_check:
	test	%esi, %esi
	jz	1f
	cmpl	$0, %gs:T_WORK
	jne	border_abort
1:	mov	%gs:T_HOST_RET, %rbx
	mov	%gs:T_HOST_RSP, %rsp
	LEAVE
border_left:
border_abort:
	/* From the check, or redirected here out of the window. */
	mov	%gs:T_CALL_RSP, %rsp
	movq	$0, %gs:T_CALL_RSP
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	mov	$-4, %rax
	ret
	.size border_exit, . - border_exit

	/* A system call of the program. RCX = where it goes on, R11 free, everything else the program's. */
	.globl entry_syscall
	.type entry_syscall, @function
entry_syscall:
	mov	%rsp, %gs:T_USER_RSP
	mov	%gs:T_KSTACK, %rsp
	push	$0
	push	%gs:T_USER_RSP
	pushfq
	push	%rcx
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	80(%rsp) /* R11 = RFLAGS, as SYSCALL leaves it */
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	testl	$FLAG_AC, REGS_RFLAGS(%rsp)
	jnz	2f
1:	mov	%rsp, %rdi
	call	syscall_dispatch
	jmp	run_again
2:	push	$FLAGS_CLEAN
	popfq
	jmp	1b
	.size entry_syscall, . - entry_syscall

	/* The trap code redirects an interrupted thread here, on its kernel stack, RSP = its regs. */
	.globl entry_trap_program
entry_trap_program:
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	trap_program
	jmp	run_again

	/* ... or here, when kernel code was interrupted by a fault: RSP = struct regs pushed on its own stack. */
	.globl entry_trap_kernel
entry_trap_kernel:
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	trap_kernel
	mov	REGS_RIP(%rsp), %rax
	mov	%rax, %gs:T_RESUME_RIP
	RESTORE

	.globl entry_run_program, run_again, run_check, run_left
	.type entry_run_program, @function
entry_run_program:
run_again:
	mov	%gs:T_KSTACK, %rsp
	sub	$REGS_SIZE, %rsp
	cmpl	$0, %gs:T_WORK
	je	run_check
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	signal_exit_work
	jmp	run_again
run_check:
	cmpl	$0, %gs:T_WORK
	jne	run_again
	mov	REGS_RIP(%rsp), %rax
	mov	%rax, %gs:T_RESUME_RIP
	/*
	 * POPF costs more than all the rest. After a system call nobody looks at the arithmetic flags, so it is for
	 * traps
	 * (orig_rax -1) and for programs that set DF, TF, NT, AC or ID.
	 */
	cmpq	$-1, REGS_ORIG_RAX(%rsp)
	je	2f
	testl	$FLAGS_RARE, REGS_RFLAGS(%rsp)
	jnz	2f
	RESTORE_GENERAL
	mov	24(%rsp), %rsp
	jmp	*%gs:T_RESUME_RIP
2:	RESTORE
run_left:
	.size entry_run_program, . - entry_run_program

	.section .note.GNU-stack, "", @progbits
