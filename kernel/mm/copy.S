/*
 * Every instruction of the kernel that touches program memory. None of these routines has anything on the stack, so one
 * fix-up serves all: where program memory is missing, the fault handler continues at user_copy_fault, and the routine
 * returns -EFAULT. The direction flag is clear in the kernel.
 */
#define EFAULT 14

	.text
	.globl user_copy_begin, user_copy_end, user_copy_fault
	.globl user_copy_bytes, user_copy_zero, user_copy_string
	.globl user_load32, user_load64, user_store32, user_store64, user_cmpxchg32
	.hidden user_copy_begin, user_copy_end, user_copy_fault
	.hidden user_copy_bytes, user_copy_zero, user_copy_string
	.hidden user_load32, user_load64, user_store32, user_store64, user_cmpxchg32

	.p2align 6
user_copy_begin:

/* long user_copy_bytes(to %rdi, from %rsi, size %rdx) */
	.type user_copy_bytes, @function
user_copy_bytes:
	mov	%rdx, %rcx
	rep movsb
	xor	%eax, %eax
	ret
	.size user_copy_bytes, . - user_copy_bytes

/* long user_copy_zero(to %rdi, size %rsi) */
	.type user_copy_zero, @function
user_copy_zero:
	mov	%rsi, %rcx
	xor	%eax, %eax
	rep stosb
	ret
	.size user_copy_zero, . - user_copy_zero

/* long user_copy_string(to %rdi, from %rsi, size %rdx): length without the NUL, or size when there is none within it */
	.type user_copy_string, @function
user_copy_string:
	xor	%eax, %eax
1:	cmp	%rdx, %rax
	je	2f
	movzbl	(%rsi,%rax), %ecx
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	jz	2f
	inc	%rax
	jmp	1b
2:	ret
	.size user_copy_string, . - user_copy_string

/* long user_load32(uint32_t *value %rdi, from %rsi) */
	.type user_load32, @function
user_load32:
	mov	(%rsi), %ecx
	mov	%ecx, (%rdi)
	xor	%eax, %eax
	ret
	.size user_load32, . - user_load32

	.type user_load64, @function
user_load64:
	mov	(%rsi), %rcx
	mov	%rcx, (%rdi)
	xor	%eax, %eax
	ret
	.size user_load64, . - user_load64

/* long user_store32(to %rdi, value %esi) */
	.type user_store32, @function
user_store32:
	mov	%esi, (%rdi)
	xor	%eax, %eax
	ret
	.size user_store32, . - user_store32

	.type user_store64, @function
user_store64:
	mov	%rsi, (%rdi)
	xor	%eax, %eax
	ret
	.size user_store64, . - user_store64

/* long user_cmpxchg32(addr %rdi, expected %esi, desired %edx, uint32_t *old %rcx) */
	.type user_cmpxchg32, @function
user_cmpxchg32:
	mov	%esi, %eax
	lock cmpxchg %edx, (%rdi)
	mov	%eax, (%rcx)
	xor	%eax, %eax
	ret
	.size user_cmpxchg32, . - user_cmpxchg32

user_copy_end:
user_copy_fault:
	mov	$-EFAULT, %rax
	ret

	.section .note.GNU-stack, "", @progbits
