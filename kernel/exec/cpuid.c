#include "kernel/exec/cpuid.h"
#include "kernel/border/hostcall.h"

static void cpuid_answer(struct regs *r)
{
	struct host_cpuid c = { 0 };

	if (host_cpuid((uint32_t)r->rax, (uint32_t)r->rcx, &c))
		c = (struct host_cpuid){ 0 };
	r->rax = c.eax;
	r->rbx = c.ebx;
	r->rcx = c.ecx;
	r->rdx = c.edx;
	r->rip += 2;
}

void cpuid_emulate(struct regs *r)
{
	cpuid_answer(r);
}

bool cpuid_emulate_kernel(struct regs *r)
{
	const uint8_t *code = (const uint8_t *)r->rip;

	if (code[0] != 0x0f || code[1] != 0xa2)
		return false;
	cpuid_answer(r);
	return true;
}
