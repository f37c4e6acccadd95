/* The process begins: no libc, so the stack as Linux left it goes to C. */
	.text
	.globl _start
	.type _start, @function
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	host_main
	hlt
	.size _start, . - _start

/*
 * long blocking_call(long nr, const uint64_t slots[6], const uint64_t *pending)
 * The signal handler moves RIP from [blocking_check, blocking_left) to blocking_abort, so no signal falls between the
 * check and the system call.
 */
	.globl blocking_call, blocking_check, blocking_left, blocking_abort
	.type blocking_call, @function
blocking_call:
	push	%rbx
	mov	%rdi, %rax
	mov	%rdx, %rbx
	mov	%rsi, %r11
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
blocking_check:
	cmpq	$0, (%rbx)
	jne	blocking_abort
	syscall
blocking_left:
	pop	%rbx
	ret
blocking_abort:
	mov	$-4, %rax
	pop	%rbx
	ret
	.size blocking_call, . - blocking_call

/*
 * long thread_clone(uint64_t flags, uint64_t stack, struct host_thread *t): the child runs thread_entry(t) on its
 * stack.
 */
	.globl thread_clone
	.type thread_clone, @function
thread_clone:
	sub	$16, %rsi
	mov	%rdx, (%rsi)
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$56, %eax
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	xor	%ebp, %ebp
	mov	(%rsp), %rdi
	call	thread_entry
	hlt
	.size thread_clone, . - thread_clone

	.section .note.GNU-stack, "", @progbits
