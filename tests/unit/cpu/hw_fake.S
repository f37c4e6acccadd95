/* Stands in for the vDSO's function: notes what it was given, answers with other values. */
	.text
	.globl fake_vdso_enter
fake_vdso_enter:
	lea	fake_seen(%rip), %rax
	mov	%rdi, 0(%rax)
	mov	%rsi, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rcx, 24(%rax)
	mov	%r8, 32(%rax)
	mov	%r9, 40(%rax)
	mov	%r10, 48(%rax)
	mov	8(%rsp), %rcx /* the run */
	mov	%rcx, 56(%rax)
	movl	$4, 8(%rcx) /* EEXIT */
	mov	$101, %edi
	mov	$102, %esi
	mov	$103, %edx
	mov	$104, %r8d
	mov	$105, %r9d
	mov	$106, %r10d
	/* the enclave scratches what the vDSO does not guard */
	mov	$-1, %r12
	mov	$-1, %r13
	mov	$-1, %r14
	mov	$-1, %r15
	xor	%eax, %eax
	ret
	.bss
	.globl fake_seen
	.balign 8
fake_seen:
	.skip	64
	.section .note.GNU-stack, "", @progbits
