/* A kernel in shape only: it stands at the right addresses and has every kind of page. */
	.section .text, "ax"
	.globl _start
_start:
	ud2

	.section .enclu, "ax", @progbits
	.balign 4096
	.globl enclu_page
enclu_page:
	.byte	0x0f, 0x01, 0xd7
	ret
	.fill	4096 - 4, 1, 0xcc

	.section .rodata, "a", @progbits
	.asciz	"read only"

	.section .data, "aw", @progbits
	.quad	0x1122334455667788

	.section .bss, "aw", @nobits
	.space	3 * 4096

	.section .note.GNU-stack, "", @progbits
