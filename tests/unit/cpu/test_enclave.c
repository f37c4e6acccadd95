/* The processor's leaf functions one by one: ECREATE, EADD, EINIT, the EDMM family, EREPORT, EGETKEY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"
#include "crypto/aes_cmac.h"
#include "tests/unit/cpu/signer.h"

#define BASE 0xfff0000000UL
#define HEAP 0x40000000UL
#define RW (SGX_SECINFO_R | SGX_SECINFO_W)
#define RX (SGX_SECINFO_R | SGX_SECINFO_X)
#define REG SGX_SECINFO_PT(SGX_PT_REG)

static struct signer *signer;
static const char *keyd_program;
static char scratch[] = "/tmp/adyton-keys-test-XXXXXX";
static _Alignas(4096) uint8_t page[4096];

static struct sgx_secs good_secs(void)
{
	return (struct sgx_secs){ .size = 1UL << 40, .ssa_frame_size = 1, .misc_select = SGX_MISC_EXINFO,
				  .attributes = { SGX_ATTR_MODE64BIT, 3 } };
}

/* A processor as after power-on. What an earlier enclave mapped is mapped over. */
static int create(const struct sgx_secs *secs, int key_fd)
{
	struct cpu_options options = { .enclu_page = BASE, .memory = CPU_MEMORY_ORDINARY, .key_fd = key_fd };

	memset(&soft, 0, sizeof(soft));
	return cpu_soft.create(&options, secs);
}

static void add_data(uint64_t address)
{
	memset(page, 0, sizeof(page));
	page[0] = 1;
	assert_int_equal(cpu_soft.add(address, page, REG | RW, true), 0);
}

static struct sgx_sigstruct good_sigstruct(void)
{
	struct sgx_sigstruct s = { .vendor = 0, .date = 0x20261121, .misc_select = SGX_MISC_EXINFO, .misc_mask = ~0U,
				   .attributes = { SGX_ATTR_MODE64BIT, 3 }, .attribute_mask = { ~0UL, ~0UL },
				   .isv_prod_id = 7, .isv_svn = 3 };
	struct sha256 measurement = soft.measurement;

	sha256_final(&measurement, s.enclave_hash);
	return s;
}

/* An enclave with one page at BASE + 0x1000 for operands, initialised. */
static void make_enclave(const struct sgx_secs *secs, int key_fd)
{
	struct sgx_sigstruct s;

	assert_int_equal(create(secs, key_fd), 0);
	add_data(BASE + 0x1000);
	s = good_sigstruct();
	s.attributes = secs->attributes;
	signer_sign(signer, &s);
	assert_int_equal(cpu_soft.init(&s), SGX_SUCCESS);
}

/* The operand page of the enclave, which the test can touch. */
static void *operand(uint64_t offset)
{
	lock_acquire(&soft.lock);
	assert_true(memory_touch(BASE + 0x1000, EPCM_R | EPCM_W));
	lock_release(&soft.lock);
	return (void *)(BASE + 0x1000 + offset);
}

/* RAX of a leaf; -vector when it faults. */
static long leaf(uint32_t number, uint64_t rbx, uint64_t rcx, uint64_t rdx)
{
	struct soft_leaf l = { .rax = number, .rbx = rbx, .rcx = rcx, .rdx = rdx };

	return soft_leaf_dispatch(&l) ? -(long)l.vector : (long)l.rax;
}

static uint64_t secinfo(uint64_t flags)
{
	struct sgx_secinfo *s = operand(0);

	memset(s, 0, sizeof(*s));
	s->flags = flags;
	return (uint64_t)s;
}

static void test_ecreate(void **state)
{
	struct sgx_secs s;

	(void)state;
#define REFUSED(change) \
	do { \
		s = good_secs(); \
		change; \
		assert_int_equal(create(&s, -1), -LINUX_EINVAL); \
	} while (0)
	REFUSED(s.size = 0);
	REFUSED(s.size = 4096);
	REFUSED(s.size = 3UL << 30);
	REFUSED(s.base = 4096);
	REFUSED(s.ssa_frame_size = 0);
	REFUSED(s.misc_select = 2);
	REFUSED(s.attributes.flags = 0);
	REFUSED(s.attributes.flags |= SGX_ATTR_INIT);
	REFUSED(s.attributes.flags |= 1UL << 40);
	REFUSED(s.attributes.xfrm = 1);
	REFUSED(s.attributes.xfrm |= 1UL << 62);
	REFUSED(s.config_svn = 1);
	REFUSED(s.config_id[5] = 1);
	REFUSED(s.reserved1[0] = 1);
	REFUSED(s.reserved2[0] = 1);
	REFUSED(s.reserved3[0] = 1);
	REFUSED(s.reserved4[3833] = 1);
	s = good_secs();
	assert_int_equal(create(&s, -1), 0);
}

static void test_eadd(void **state)
{
	struct sgx_secs s = good_secs();
	struct sgx_tcs *tcs = (struct sgx_tcs *)page;

	(void)state;
	assert_int_equal(create(&s, -1), 0);
	memset(page, 0, sizeof(page));
	assert_int_equal(cpu_soft.add(BASE + 1, page, REG | RW, true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(1UL << 40, page, REG | RW, true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(BASE + 0x1000, page, REG | SGX_SECINFO_W, true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(BASE + 0x1000, page, REG | RW | SGX_SECINFO_PENDING, true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(BASE + 0x1000, page, SGX_SECINFO_PT(SGX_PT_TRIM), true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(BASE + 0x1000, page, SGX_SECINFO_PT(SGX_PT_SECS), true), -LINUX_EINVAL);
	/* The stub page must be the stub. */
	assert_int_equal(cpu_soft.add(BASE, page, REG | RX, true), -LINUX_EINVAL);
	memset(page, 0xcc, sizeof(page));
	memcpy(page, "\x0f\x01\xd7\xc3", 4);
	assert_int_equal(cpu_soft.add(BASE, page, REG | RW, true), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.add(BASE, page, REG | RX, true), 0);
	add_data(BASE + 0x1000);
	assert_int_equal(cpu_soft.add(BASE + 0x1000, page, REG | RW, true), -LINUX_EBUSY);
	memset(page, 0, sizeof(page));
	tcs->reserved[0] = 1;
	assert_int_equal(cpu_soft.add(BASE + 0x2000, page, SGX_SECINFO_PT(SGX_PT_TCS), true), -LINUX_EINVAL);
	tcs->reserved[0] = 0;
	tcs->flags = 2;
	assert_int_equal(cpu_soft.add(BASE + 0x2000, page, SGX_SECINFO_PT(SGX_PT_TCS), true), -LINUX_EINVAL);
	tcs->flags = SGX_TCS_DBGOPTIN; /* cleared, not refused */
	assert_int_equal(cpu_soft.add(BASE + 0x2000, page, SGX_SECINFO_PT(SGX_PT_TCS), true), 0);
	assert_int_equal(tcs_find(BASE + 0x2000)->flags, 0);
	assert_int_equal(epcm_access(epcm_read(BASE + 0x2000)), 0);
}

/* Each check of EINIT fails with its code even when all later ones would fail too. */
static void test_einit_order(void **state)
{
	struct sgx_secs secs = good_secs();
	struct sgx_sigstruct s;

	(void)state;
	assert_int_equal(create(&secs, -1), 0);
	add_data(BASE + 0x1000);
	s = good_sigstruct();
	s.attributes.flags |= SGX_ATTR_DEBUG; /* 6 */
	s.enclave_hash[0] ^= 1;		      /* 4 */
	s.isv_family_id[0] = 1;		      /* 3 */
	signer_sign(signer, &s);
	s.q1[0] ^= 1;	   /* 2 */
	s.reserved2[0] = 1; /* 1 */
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_SIG_STRUCT);
	s.reserved2[0] = 0;
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_SIGNATURE);
	s.q1[0] ^= 1;
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_SIG_STRUCT);
	s.isv_family_id[0] = 0;
	signer_sign(signer, &s);
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_MEASUREMENT);
	s.enclave_hash[0] ^= 1;
	signer_sign(signer, &s);
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_ATTRIBUTE);
	s.attributes.flags &= ~SGX_ATTR_DEBUG;
	s.misc_select = 0;
	signer_sign(signer, &s);
	assert_int_equal(cpu_soft.init(&s), SGX_INVALID_ATTRIBUTE);
	s.misc_mask = 0; /* not looked at, then */
	signer_sign(signer, &s);
	assert_int_equal(cpu_soft.init(&s), SGX_SUCCESS);
	assert_int_equal(cpu_soft.init(&s), -LINUX_EINVAL);
	assert_true(soft.secs.attributes.flags & SGX_ATTR_INIT);
	assert_int_equal(soft.secs.isv_prod_id, 7);
	assert_int_equal(cpu_soft.add(BASE + 0x3000, page, REG | RW, true), -LINUX_EINVAL);
}

static void test_edmm(void **state)
{
	const uint64_t trim = SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED;
	struct sgx_secs secs = good_secs();

	(void)state;
	make_enclave(&secs, -1);
	/* Operands: alignment, range, reserved bytes, impossible combinations. */
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING) + 8, HEAP, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING), HEAP + 1, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING), 1UL << 40, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, (uint64_t)page, HEAP, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, BASE + 0x9000, HEAP, 0), -X86_PF);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW), HEAP, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED), HEAP, 0),
			 -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_VA) | SGX_SECINFO_MODIFIED), HEAP, 0),
			 -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(1UL << 20 | REG | RW | SGX_SECINFO_PENDING), HEAP, 0), -X86_GP);
	((struct sgx_secinfo *)secinfo(REG | RW | SGX_SECINFO_PENDING))->reserved[55] = 1;
	assert_int_equal(leaf(ENCLU_EACCEPT, BASE + 0x1000, HEAP, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(trim), HEAP, 0), -X86_PF);
	/* A page comes as R|W, pending. */
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | SGX_SECINFO_R | SGX_SECINFO_PENDING), HEAP, 0),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	assert_int_equal(epcm_access(epcm_read(HEAP)), 0);
	assert_int_equal(cpu_soft.restrict_permissions(HEAP, 4096, SGX_SECINFO_R), SGX_PAGE_NOT_MODIFIABLE);
	assert_int_equal(cpu_soft.modify_type(HEAP, 4096, SGX_PT_TRIM), SGX_PAGE_NOT_MODIFIABLE);
	assert_int_equal(leaf(ENCLU_EMODPE, secinfo(REG | RX), HEAP, 0), -X86_PF);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING), HEAP, 0), SGX_SUCCESS);
	assert_int_equal(epcm_access(epcm_read(HEAP)), RW);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING), HEAP, 0),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	/* EMODPR keeps what both have, never adds; the page stays usable with what is left. */
	assert_int_equal(cpu_soft.restrict_permissions(HEAP, 4096, RX), 0);
	assert_int_equal(epcm_access(epcm_read(HEAP)), SGX_SECINFO_R);
	assert_int_equal(cpu_soft.restrict_permissions(HEAP, 4096, SGX_SECINFO_W), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.restrict_permissions(HEAP + 4096, 4096, SGX_SECINFO_R), -LINUX_EFAULT);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | SGX_SECINFO_R | SGX_SECINFO_PR), HEAP, 0), SGX_SUCCESS);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | SGX_SECINFO_R | SGX_SECINFO_PR), HEAP, 0), SGX_SUCCESS);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PR), HEAP, 0),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	/* EMODT */
	assert_int_equal(cpu_soft.modify_type(HEAP, 4096, SGX_PT_REG), -LINUX_EINVAL);
	assert_int_equal(cpu_soft.modify_type(HEAP, 4096, SGX_PT_TCS), 0);
	assert_int_equal(epcm_access(epcm_read(HEAP)), 0);
	assert_int_equal(cpu_soft.modify_type(HEAP, 4096, SGX_PT_TRIM), SGX_PAGE_NOT_MODIFIABLE);
	/* A TCS of zeros has CSSA >= NSSA. */
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_TCS) | SGX_SECINFO_MODIFIED), HEAP, 0),
			 -X86_GP);
	/* EACCEPTCOPY takes pending pages only. */
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | RX), BASE + 0x1000, BASE + 0x1000),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | RX), HEAP, BASE + 0x1000),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | RX), HEAP + 0x1000, HEAP + 0x2000), -X86_PF);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(SGX_SECINFO_PT(SGX_PT_TCS)), HEAP + 0x1000, BASE + 0x1000),
			 -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | SGX_SECINFO_W), HEAP + 0x1000, BASE + 0x1000), -X86_GP);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | RX), HEAP + 0x1000, BASE + 0x1000), SGX_SUCCESS);
	assert_int_equal(leaf(ENCLU_EACCEPTCOPY, secinfo(REG | RX), HEAP + 0x1000, BASE + 0x1000),
			 SGX_PAGE_ATTRIBUTES_MISMATCH);
}

/* A reference model of some pages, across a border of extents: the content survives what it must survive. */
#define MODEL_PAGES 24U
#define MODEL_BASE (HEAP + 0x1ff000 - 8 * 4096)

static struct model {
	bool valid;
	uint32_t access;
	uint64_t value;
} model[MODEL_PAGES];

/* The same sequence every time. */
static uint32_t sequence(uint32_t below)
{
	static uint32_t at = 11;

	at = at * 1664525 + 1013904223;
	return (at >> 8) % below;
}

static uint32_t some_access(void)
{
	return (uint32_t[]){ SGX_SECINFO_R, RW, RX, SGX_SECINFO_RWX }[sequence(4)];
}

static bool touch(uint64_t at, uint32_t access)
{
	bool ok;

	lock_acquire(&soft.lock);
	ok = memory_touch(at, access);
	lock_release(&soft.lock);
	return ok;
}

static void model_make(struct model *m, uint64_t at, uint32_t round)
{
	bool copy = sequence(2);
	uint32_t access = copy ? some_access() : RW;
	long ret;

	*(uint64_t *)operand(0x800) = round;
	ret = copy ? leaf(ENCLU_EACCEPTCOPY, secinfo(REG | access), at, BASE + 0x1000)
		   : leaf(ENCLU_EACCEPT, secinfo(REG | RW | SGX_SECINFO_PENDING), at, 0);
	assert_int_equal(ret == SGX_SUCCESS, !m->valid);
	if (!m->valid)
		*m = (struct model){ true, access, copy ? round : 0 };
}

static void model_extend(struct model *m, uint64_t at)
{
	uint32_t access = some_access();

	assert_true(leaf(ENCLU_EMODPE, secinfo(REG | access), at, 0) >= 0);
	m->access |= access;
}

static void model_restrict(struct model *m, uint64_t at)
{
	uint32_t access = sequence(4) ? some_access() : 0;

	assert_int_equal(cpu_soft.restrict_permissions(at, 4096, access), 0);
	m->access &= access;
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(REG | m->access | SGX_SECINFO_PR), at, 0), SGX_SUCCESS);
}

static void model_remove(struct model *m, uint64_t at)
{
	const uint64_t flags = SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED;

	assert_int_equal(cpu_soft.modify_type(at, 4096, SGX_PT_TRIM), 0);
	assert_int_equal(leaf(ENCLU_EACCEPT, secinfo(flags), at, 0), SGX_SUCCESS);
	assert_int_equal(cpu_soft.remove(at, 4096), 0);
	m->valid = false;
}

static void model_write(struct model *m, uint64_t at)
{
	if ((m->access & RW) != RW)
		return;
	assert_true(touch(at, RW));
	*(volatile uint64_t *)(at + 0x800) = m->value = sequence(1U << 24);
}

static void model_check(void)
{
	for (uint32_t i = 0; i < MODEL_PAGES; i++) {
		uint64_t at = MODEL_BASE + i * 4096UL;
		bool readable = model[i].valid && model[i].access & SGX_SECINFO_R;

		assert_int_equal(touch(at, EPCM_R), readable);
		if (readable)
			assert_int_equal(*(volatile uint64_t *)(at + 0x800), model[i].value);
	}
}

static void test_random_pages(void **state)
{
	static void (*const steps[])(struct model *, uint64_t) = { model_extend, model_restrict, model_write,
								   model_write, model_remove };
	struct sgx_secs secs = good_secs();

	(void)state;
	make_enclave(&secs, -1);
	for (uint32_t i = 0; i < 6000; i++) {
		uint32_t n = sequence(MODEL_PAGES), step = sequence(7);

		if (step >= 5)
			model_make(&model[n], MODEL_BASE + n * 4096UL, i);
		else if (model[n].valid)
			steps[step](&model[n], MODEL_BASE + n * 4096UL);
		if (i % 16 == 0)
			model_check();
	}
}

static pid_t start_keyd(const char *secret, int *fd)
{
	int pair[2];
	char number[16];
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child = fork();
	if (!child) {
		close(pair[0]);
		snprintf(number, sizeof(number), "%d", pair[1]);
		execl(keyd_program, keyd_program, secret, number, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	*fd = pair[0];
	return child;
}

static void stop_keyd(pid_t child, int fd)
{
	int status;

	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static long get_key(const struct sgx_keyrequest *request, uint8_t key[16])
{
	uint8_t *out = operand(0x800);
	long ret;

	memcpy(operand(0x400), request, sizeof(*request));
	memset(out, 0, 16);
	ret = leaf(ENCLU_EGETKEY, BASE + 0x1400, BASE + 0x1800, 0);
	memcpy(key, out, 16);
	return ret;
}

static const uint8_t zero[16];

static void refused_keys(struct sgx_keyrequest r)
{
	uint8_t b[16];

	r.isv_svn = 4;
	assert_int_equal(get_key(&r, b), SGX_INVALID_ISVSVN);
	r.isv_svn = 3;
	r.cpusvn[15] = 1;
	assert_int_equal(get_key(&r, b), SGX_INVALID_CPUSVN);
	r.cpusvn[15] = 0;
	r.key_name = SGX_KEY_PROVISION;
	assert_int_equal(get_key(&r, b), SGX_INVALID_ATTRIBUTE);
	r.key_name = SGX_KEY_EINITTOKEN;
	assert_int_equal(get_key(&r, b), SGX_INVALID_ATTRIBUTE);
	r.key_name = 5;
	assert_int_equal(get_key(&r, b), SGX_INVALID_KEYNAME);
	r.key_name = SGX_KEY_SEAL;
	r.key_policy |= SGX_KEYPOLICY_CONFIGID; /* no KSS */
	assert_int_equal(get_key(&r, b), -X86_GP);
	r.key_policy = SGX_KEYPOLICY_MRENCLAVE;
	r.reserved2[433] = 1;
	assert_int_equal(get_key(&r, b), -X86_GP);
	r.reserved2[433] = 0;
	assert_int_equal(leaf(ENCLU_EGETKEY, BASE + 0x1408, BASE + 0x1800, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EGETKEY, BASE + 0x1400, BASE + 0x1808, 0), -X86_GP);
	assert_int_equal(leaf(ENCLU_EGETKEY, BASE + 0x1400, BASE + 0x9000, 0), -X86_PF);
}

/* The secret stays with the machine; another machine has other keys. */
static void other_machines(const struct sgx_keyrequest *r, const char *secret, const uint8_t a[16])
{
	uint8_t b[16];
	pid_t child;
	int fd;

	child = start_keyd(secret, &fd);
	soft.options.key_fd = fd;
	assert_int_equal(get_key(r, b), SGX_SUCCESS);
	assert_memory_equal(a, b, 16);
	stop_keyd(child, fd);
	unlink(secret);
	child = start_keyd(secret, &fd);
	soft.options.key_fd = fd;
	assert_int_equal(get_key(r, b), SGX_SUCCESS);
	assert_memory_not_equal(a, b, 16);
	stop_keyd(child, fd);
	unlink(secret);
}

static void test_keys(void **state)
{
	struct sgx_secs secs = good_secs();
	struct sgx_keyrequest r = { .key_name = SGX_KEY_SEAL, .key_policy = SGX_KEYPOLICY_MRENCLAVE, .isv_svn = 3,
				    .cpusvn = { 1 }, .attribute_mask = { ~0UL, ~0UL } };
	uint8_t a[16], b[16];
	char secret[4096];
	struct stat st;
	pid_t child;
	int fd;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/machine", scratch);
	child = start_keyd(secret, &fd);
	make_enclave(&secs, fd);
	assert_int_equal(get_key(&r, a), SGX_SUCCESS);
	assert_memory_not_equal(a, zero, 16);
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* The same again, and each input changes it. */
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	assert_memory_equal(a, b, 16);
#define DIFFERS(change, back) \
	do { \
		change; \
		assert_int_equal(get_key(&r, b), SGX_SUCCESS); \
		assert_memory_not_equal(a, b, 16); \
		back; \
	} while (0)
	DIFFERS(r.key_id[31] = 1, r.key_id[31] = 0);
	DIFFERS(r.isv_svn = 2, r.isv_svn = 3);
	DIFFERS(r.cpusvn[0] = 0, r.cpusvn[0] = 1);
	DIFFERS(r.key_policy = SGX_KEYPOLICY_MRSIGNER, r.key_policy = SGX_KEYPOLICY_MRENCLAVE);
	DIFFERS(r.misc_mask = 1, r.misc_mask = 0);
	DIFFERS(r.attribute_mask.flags = 0, r.attribute_mask.flags = ~0UL);
	refused_keys(r);
	/* Another enclave of the same signer: MRSIGNER keys are shared, MRENCLAVE keys are not. */
	r.key_policy = SGX_KEYPOLICY_MRSIGNER;
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	memcpy(a, b, 16);
	assert_int_equal(create(&secs, fd), 0);
	add_data(BASE + 0x1000);
	add_data(BASE + 0x2000);
	{
		struct sgx_sigstruct s = good_sigstruct();

		signer_sign(signer, &s);
		assert_int_equal(cpu_soft.init(&s), SGX_SUCCESS);
	}
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	assert_memory_equal(a, b, 16);
	stop_keyd(child, fd);
	/* The process is gone: a fault, no key of zeros and no signal. */
	assert_int_equal(get_key(&r, b), -X86_GP);
	other_machines(&r, secret, a);
}

static void test_provision(void **state)
{
	struct sgx_secs secs = good_secs();
	struct sgx_keyrequest r = { .key_name = SGX_KEY_PROVISION, .isv_svn = 3, .cpusvn = { 1 } };
	uint8_t a[16], b[16];
	char secret[4096];
	pid_t child;
	int fd;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/provision", scratch);
	child = start_keyd(secret, &fd);
	secs.attributes.flags |= SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY;
	make_enclave(&secs, fd);
	assert_int_equal(get_key(&r, a), SGX_SUCCESS);
	r.key_id[0] = 1; /* no part of it */
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	assert_memory_equal(a, b, 16);
	r.key_name = SGX_KEY_PROVISION_SEAL;
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	assert_memory_not_equal(a, b, 16);
	r.key_name = SGX_KEY_EINITTOKEN;
	assert_int_equal(get_key(&r, b), SGX_SUCCESS);
	assert_memory_not_equal(a, b, 16);
	stop_keyd(child, fd);
	unlink(secret);
}

static void test_report(void **state)
{
	struct sgx_secs secs = good_secs();
	struct sgx_report *report = (struct sgx_report *)(BASE + 0x1c00);
	struct sgx_keyrequest r = { .key_name = SGX_KEY_REPORT };
	uint8_t key[16], mac[16];
	struct sgx_targetinfo *target;
	char secret[4096];
	pid_t child;
	int fd;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/report", scratch);
	child = start_keyd(secret, &fd);
	make_enclave(&secs, fd);
	target = operand(0x600);
	memset(target, 0, sizeof(*target));
	memcpy(target->mrenclave, soft.secs.mrenclave, 32);
	target->attributes = soft.secs.attributes;
	target->misc_select = soft.secs.misc_select;
	memset(operand(0x580), 0x5a, 64);
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1580, BASE + 0x1c00), SGX_SUCCESS);
	assert_memory_equal(report->body.mrenclave, soft.secs.mrenclave, 32);
	assert_memory_equal(report->body.mrsigner, soft.secs.mrsigner, 32);
	assert_int_equal(report->body.isv_prod_id, 7);
	assert_int_equal(report->body.isv_svn, 3);
	assert_int_equal(report->body.report_data[63], 0x5a);
	/* The target checks it with its own report key. */
	memcpy(r.key_id, report->key_id, 32);
	assert_int_equal(get_key(&r, key), SGX_SUCCESS);
	aes_cmac(key, &report->body, sizeof(report->body), mac);
	assert_memory_equal(mac, report->mac, 16);
	/* A report to somebody else does not check. */
	target->mrenclave[0] ^= 1;
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1580, BASE + 0x1c00), SGX_SUCCESS);
	assert_memory_not_equal(mac, report->mac, 16);
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1608, BASE + 0x1580, BASE + 0x1c00), -X86_GP);
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1540, BASE + 0x1c00), -X86_GP);
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1580, BASE + 0x1c08), -X86_GP);
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1580, BASE + 0x9000), -X86_PF);
	soft.options.key_fd = -1;
	assert_int_equal(leaf(ENCLU_EREPORT, BASE + 0x1600, BASE + 0x1580, BASE + 0x1c00), -X86_GP);
	stop_keyd(child, fd);
	unlink(secret);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ecreate),	    cmocka_unit_test(test_eadd),  cmocka_unit_test(test_einit_order),
		cmocka_unit_test(test_edmm),	    cmocka_unit_test(test_keys),  cmocka_unit_test(test_provision),
		cmocka_unit_test(test_random_pages), cmocka_unit_test(test_report),
	};
	int failed;

	keyd_program = argc > 1 ? argv[1] : "adyton-keys";
	if (!mkdtemp(scratch))
		return 1;
	signer = signer_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	signer_free(signer);
	rmdir(scratch);
	return failed;
}
