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

/*
 * long user_copy_bytes(to %rdi, from %rsi, size %rdx): words up to 256 bytes, where rep movsb starts too slowly; the
 * last word may overlap the one before
 */
	.type user_copy_bytes, @function
user_copy_bytes:
	lea	-8(%rdx), %rcx
	cmp	$248, %rcx
	ja	2f
	add	%rcx, %rsi
	add	%rcx, %rdi
	neg	%rcx
	jz	3f
1:	mov	(%rsi,%rcx), %rax
	mov	%rax, (%rdi,%rcx)
	add	$8, %rcx
	js	1b
3:	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	xor	%eax, %eax
	ret
2:	mov	%rdx, %rcx
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

/*
 * long user_copy_string(to %rdi, from %rsi, size %rdx): length without the NUL, or size when there is none within it.
 * By words while 8 bytes of the page and of the size remain; the word with the NUL and all else by bytes.
 */
	.type user_copy_string, @function
user_copy_string:
	xor	%eax, %eax
	movabs	$0x0101010101010101, %r8
	movabs	$0x8080808080808080, %r9
1:	lea	8(%rax), %rcx
	cmp	%rdx, %rcx
	ja	3f
	lea	(%rsi,%rax), %ecx
	and	$0xfff, %ecx
	cmp	$0xff8, %ecx
	ja	3f
	mov	(%rsi,%rax), %rcx
	mov	%rcx, %r10
	mov	%rcx, %r11
	sub	%r8, %r10
	not	%r11
	and	%r11, %r10
	test	%r9, %r10
	jnz	3f
	mov	%rcx, (%rdi,%rax)
	add	$8, %rax
	jmp	1b
3:	cmp	%rdx, %rax
	je	2f
	movzbl	(%rsi,%rax), %ecx
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	jz	2f
	inc	%rax
	test	$7, %al
	jnz	3b
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
