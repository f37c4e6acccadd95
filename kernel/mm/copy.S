/*
 * Every instruction of the kernel that touches program memory. None of these routines has anything on the stack, so one
 * fix-up serves all: where program memory is missing, the fault handler continues at user_copy_fault, and the routine
 * returns -EFAULT. The direction flag is clear in the kernel.
 */
#define EFAULT 14

	.text
	.globl user_copy_begin, user_copy_end, user_copy_fault
	.globl user_copy_bytes, user_copy_zero, user_copy_string, user_words_out, user_words_in
	.globl user_load32, user_load64, user_store32, user_store64, user_cmpxchg32
	.hidden user_copy_begin, user_copy_end, user_copy_fault
	.hidden user_copy_bytes, user_copy_zero, user_copy_string, user_words_out, user_words_in
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

/*
 * Copy %rdx / 8 words; %rdx becomes what is left over. A string instruction takes some nanoseconds to begin, so few
 * words go one by one.
 */
.macro COPY_WORDS
	mov	%rdx, %rcx
	and	$7, %edx
	shr	$3, %rcx
	cmp	$24, %rcx
	jbe	2f
	rep movsq
	jmp	3f
1:	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	dec	%rcx
2:	test	%rcx, %rcx
	jnz	1b
3:
.endm

/* long user_words_out(to %rdi, from %rsi, size %rdx): the last word is put together here and filled up with zeros */
	.type user_words_out, @function
user_words_out:
	COPY_WORDS
	xor	%eax, %eax
	test	%edx, %edx
	jz	2f
1:	movzbl	-1(%rsi,%rdx), %ecx
	shl	$8, %rax
	or	%rcx, %rax
	dec	%edx
	jnz	1b
	mov	%rax, (%rdi)
	xor	%eax, %eax
2:	ret
	.size user_words_out, . - user_words_out

/* long user_words_in(to %rdi, from %rsi, size %rdx): the last word is read whole, once */
	.type user_words_in, @function
user_words_in:
	COPY_WORDS
	test	%edx, %edx
	jz	2f
	mov	(%rsi), %rax
1:	mov	%al, (%rdi)
	shr	$8, %rax
	inc	%rdi
	dec	%edx
	jnz	1b
2:	xor	%eax, %eax
	ret
	.size user_words_in, . - user_words_in

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
