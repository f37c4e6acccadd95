/*
 * A tiny enclave for the tests: one page of code, copied to where the test wants it. RDI says what to do:
 *
 *   0  echo      RSI, RDX, R8, R9, R10 come back, each plus one
 *   1  state     known values in all registers and flags, ud2 (AEX, ERESUME), compare; RSI = differences
 *   2  leaf      ENCLU: EAX = RSI, RBX = RDX, RCX = R8, RDX = R9; RSI = RAX
 *   3  read      RSI = *(u64 *)RSI
 *   4  write     *(u64 *)RSI = RDX
 *   5  spin      until *(u32 *)RSI is not 0; RSI = rounds
 *   6  call      RSI as a function; RSI = its RAX
 *   7  state     as 1, but spins on [RDX] instead of ud2
 *   8  bp        int3
 *   9  div       division by zero
 *  11  syscall   `syscall` with RAX = RSI
 *  10  leaves    RSI times EACCEPT of RDX=secinfo, R8=address: for signals to arrive during leaf functions
 *
 * At CSSA > 0: exit at once with RDI = 0xe0 and RSI = RDI of the entry; with RDI = 1, step RIP in SSA[0] by RDX first.
 * GS points to the data page: 0 host RSP, 8 host return, 16 host RSP at CSSA>0, 24 scratch, 64 SECINFO, 128 XMM
 * pattern.
 */
	.section .tiny, "a", @progbits
	.balign 4096
	.globl tiny_code, tiny_entry, tiny_ud2_site
tiny_code:
tiny_entry:
	test	%rax, %rax
	jnz	exception
	mov	%rsp, %gs:0
	mov	%rcx, %gs:8
	mov	%gs:32, %rsp
	cmp	$0, %edi
	je	echo
	cmp	$1, %edi
	je	state
	cmp	$2, %edi
	je	leaf
	cmp	$3, %edi
	je	read
	cmp	$4, %edi
	je	write
	cmp	$5, %edi
	je	spin
	cmp	$6, %edi
	je	callit
	cmp	$7, %edi
	je	state
	cmp	$8, %edi
	je	breakpoint
	cmp	$9, %edi
	je	divide
	cmp	$10, %edi
	je	leaves
	cmp	$11, %edi
	je	call_system
	ud2
out:
	mov	%gs:8, %rbx
	mov	%gs:0, %rsp
	mov	$4, %eax
	jmp	*%gs:40
echo:
	inc	%rsi
	inc	%rdx
	inc	%r8
	inc	%r9
	inc	%r10
	jmp	out
leaf:
	mov	%esi, %eax
	mov	%rdx, %rbx
	mov	%r8, %rcx
	mov	%r9, %rdx
	call	*%gs:40
	mov	%rax, %rsi
	jmp	out
read:
	mov	(%rsi), %rsi
	jmp	out
write:
	mov	%rdx, (%rsi)
	jmp	out
spin:
	xor	%ecx, %ecx
1:	inc	%rcx
	cmpl	$0, (%rsi)
	je	1b
	mov	%rcx, %rsi
	jmp	out
callit:
	call	*%rsi
	mov	%rax, %rsi
	jmp	out
breakpoint:
	int3
	mov	$77, %esi
	jmp	out
call_system:
	mov	%rsi, %rax
	syscall
	mov	%rax, %rsi
	jmp	out
divide:
	xor	%edx, %edx
	xor	%ecx, %ecx
	mov	$1, %eax
	div	%rcx
	jmp	out
leaves:
	mov	%rsi, %r12
	mov	%rdx, %r13
	mov	%r8, %r14
	xor	%r15d, %r15d
1:	mov	$5, %eax
	mov	%r13, %rbx
	mov	%r14, %rcx
	call	*%gs:40
	cmp	$19, %rax
	je	2f
	inc	%r15
2:	cmp	%r13, %rbx
	je	3f
	inc	%r15
3:	cmp	%r14, %rcx
	je	4f
	inc	%r15
4:	dec	%r12
	jnz	1b
	mov	%r15, %rsi
	jmp	out

	.macro differ reg, value
	mov	$\value, %rsi
	cmp	%rsi, \reg
	je	1f
	incq	%gs:24
1:
	.endm

state:
	movq	$0, %gs:24
	mov	%rdi, %gs:48
	mov	%rdx, %gs:56
	fninit
	fldpi
	fld1
	movups	%gs:128, %xmm0
	movups	%gs:144, %xmm7
	movups	%gs:160, %xmm15
	vinsertf128 $1, %xmm0, %ymm3, %ymm3
	mov	$0x1111111111111111, %rax
	mov	$0x2222222222222222, %rbx
	mov	$0x3333333333333333, %rcx
	mov	$0x4444444444444444, %rdx
	mov	$0x5555555555555555, %rbp
	mov	$0x6666666666666666, %rdi
	mov	$0x8888888888888888, %r8
	mov	$0x9999999999999999, %r9
	mov	$0xaaaaaaaaaaaaaaaa, %r10
	mov	$0xbbbbbbbbbbbbbbbb, %r11
	mov	$0xcccccccccccccccc, %r12
	mov	$0xdddddddddddddddd, %r13
	mov	$0xeeeeeeeeeeeeeeee, %r14
	mov	$0xffffffffffff1234, %r15
	mov	%rsp, %gs:192
	cmpq	$7, %gs:48
	je	state_spin
	/* CF PF AF ZF SF DF OF: all set */
	push	$0xcd7
	popfq
tiny_ud2_site:
	ud2
state_check:
	pushfq
	pop	%rsi
	cld
	mov	%rsi, %gs:200
	differ	%rax, 0x1111111111111111
	differ	%rbx, 0x2222222222222222
	differ	%rcx, 0x3333333333333333
	differ	%rdx, 0x4444444444444444
	differ	%rbp, 0x5555555555555555
	differ	%rdi, 0x6666666666666666
	differ	%r8, 0x8888888888888888
	differ	%r9, 0x9999999999999999
	differ	%r10, 0xaaaaaaaaaaaaaaaa
	differ	%r11, 0xbbbbbbbbbbbbbbbb
	differ	%r12, 0xcccccccccccccccc
	differ	%r13, 0xdddddddddddddddd
	differ	%r14, 0xeeeeeeeeeeeeeeee
	differ	%r15, 0xffffffffffff1234
	cmp	%rsp, %gs:192
	je	1f
	incq	%gs:24
1:	movups	%xmm0, %gs:208
	movups	%xmm7, %gs:224
	movups	%xmm15, %gs:240
	vextractf128 $1, %ymm3, %xmm3
	movups	%xmm3, %gs:256
	fstpl	%gs:272
	fstpl	%gs:280
	rdgsbase %rsi
	mov	%rsi, %gs:288
	rdfsbase %rsi
	mov	%rsi, %gs:296
	mov	%gs:24, %rsi
	mov	%gs:200, %rdx
	jmp	out
state_spin:
	mov	%gs:56, %rsi
2:	cmpl	$0, (%rsi)
	je	2b
	jmp	state_check

exception:
	mov	%rsp, %gs:16
	cmp	$1, %edi
	jne	1f
	mov	%gs:304, %rax /* SSA[0].GPRSGX.RIP */
	add	%rdx, (%rax)
1:	mov	%rdi, %rsi
	mov	$0xe0, %edi
	mov	%rcx, %rbx
	mov	$4, %eax
	jmp	*%gs:40
	.balign 4096, 0xcc
tiny_code_end:
	.section .note.GNU-stack, "", @progbits
