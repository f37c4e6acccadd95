/* The only page that holds ENCLU; cpu/enclu.h says why and fixes its bytes. */
	.section .enclu, "ax", @progbits
	.balign 4096
	.globl enclu_page
enclu_page:
	.byte	0x0f, 0x01, 0xd7 /* enclu */
	ret
	.fill	4096 - 4, 1, 0xcc

	.section .note.GNU-stack, "", @progbits
