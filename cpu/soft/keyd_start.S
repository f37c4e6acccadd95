/* The first instruction of adyton-keys. */
	.text
	.globl _start
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	keyd_main
	ud2

	.section .note.GNU-stack, "", @progbits
