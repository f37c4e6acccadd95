/*
 * SGX structures and constants as the processor defines them (Intel SDM vol. 3D, chapters 38-40). Little-endian,
 * packed, every size and offset asserted at the end. Reserved bytes are part of the format: they must be zero.
 */
#ifndef ADYTON_ABI_SGX_H
#define ADYTON_ABI_SGX_H

#include "abi/types.h"

/* SDM 38.7.1 ATTRIBUTES */
#define SGX_ATTR_INIT 0x1UL
#define SGX_ATTR_DEBUG 0x2UL
#define SGX_ATTR_MODE64BIT 0x4UL
#define SGX_ATTR_PROVISIONKEY 0x10UL
#define SGX_ATTR_EINITTOKENKEY 0x20UL
#define SGX_ATTR_CET 0x40UL
#define SGX_ATTR_KSS 0x80UL
#define SGX_ATTR_AEXNOTIFY 0x400UL
#define SGX_XFRM_LEGACY 0x3UL

#define SGX_MISC_EXINFO 0x1U

struct sgx_attributes {
	uint64_t flags;
	uint64_t xfrm;
} __attribute__((packed));

/* SDM 38.7 SECS: what ECREATE takes and the processor keeps. */
struct sgx_secs {
	uint64_t size;
	uint64_t base;
	uint32_t ssa_frame_size; /* pages */
	uint32_t misc_select;
	uint8_t reserved1[24];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t config_id[64];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t reserved4[3834];
} __attribute__((packed));

/* SDM 38.8 TCS. Offsets are relative to the enclave's base. */
struct sgx_tcs {
	uint64_t state;
	uint64_t flags; /* bit 0 DBGOPTIN */
	uint64_t ossa;
	uint32_t cssa;
	uint32_t nssa;
	uint64_t oentry;
	uint64_t aep;
	uint64_t ofs_base;
	uint64_t ogs_base;
	uint32_t ofs_limit;
	uint32_t ogs_limit;
	uint8_t reserved[4024];
} __attribute__((packed));
#define SGX_TCS_DBGOPTIN 0x1UL

/* SDM 38.9.1.1 GPRSGX: the last bytes of an SSA frame. */
struct sgx_gpr {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags, rip;
	uint64_t ursp, urbp;
	uint32_t exit_info; /* struct sgx_exit_info packed by the macros below */
	uint8_t aex_notify;
	uint8_t reserved[3];
	uint64_t fs_base, gs_base;
} __attribute__((packed));
#define SGX_EXIT_VECTOR(info) ((info) & 0xff)
#define SGX_EXIT_TYPE(info) (((info) >> 8) & 7) /* 3 hardware exception, 6 software exception */
#define SGX_EXIT_VALID 0x80000000U
#define SGX_EXIT_HARDWARE 3U
#define SGX_EXIT_SOFTWARE 6U
#define SGX_EXIT(vector, type) (SGX_EXIT_VALID | ((type) << 8) | (vector))

/* SDM 38.9.1.2 EXINFO, right below GPRSGX where MISCSELECT.EXINFO is set. */
struct sgx_exinfo {
	uint64_t maddr;
	uint32_t errcd;
	uint32_t reserved;
} __attribute__((packed));

/* Vectors that EXITINFO reports (SDM table 38-9); #PF and #GP only with EXINFO. */
#define X86_DE 0
#define X86_DB 1
#define X86_BP 3
#define X86_BR 5
#define X86_UD 6
#define X86_GP 13
#define X86_PF 14
#define X86_MF 16
#define X86_AC 17
#define X86_XM 19

/* SDM 38.11 SECINFO */
struct sgx_secinfo {
	uint64_t flags;
	uint8_t reserved[56];
} __attribute__((packed, aligned(64)));
#define SGX_SECINFO_R 0x1UL
#define SGX_SECINFO_W 0x2UL
#define SGX_SECINFO_X 0x4UL
#define SGX_SECINFO_RWX 0x7UL
#define SGX_SECINFO_PENDING 0x8UL
#define SGX_SECINFO_MODIFIED 0x10UL
#define SGX_SECINFO_PR 0x20UL
#define SGX_PT_SECS 0UL
#define SGX_PT_TCS 1UL
#define SGX_PT_REG 2UL
#define SGX_PT_VA 3UL
#define SGX_PT_TRIM 4UL
#define SGX_SECINFO_PT(type) ((type) << 8)
#define SGX_SECINFO_TYPE(flags) (((flags) >> 8) & 0xff)

/* SDM 38.10 PAGEINFO, the operand of EADD and EAUG. */
struct sgx_pageinfo {
	uint64_t linaddr;
	uint64_t srcpge;
	uint64_t secinfo;
	uint64_t secs;
} __attribute__((packed, aligned(32)));

/* SDM 38.13 SIGSTRUCT */
struct sgx_sigstruct {
	uint8_t header[16];
	uint32_t vendor; /* 0 or 0x8086 */
	uint32_t date;   /* BCD yyyymmdd */
	uint8_t header2[16];
	uint32_t swdefined;
	uint8_t reserved1[84];
	uint8_t modulus[384]; /* little-endian */
	uint32_t exponent;    /* 3 */
	uint8_t signature[384];
	uint32_t misc_select;
	uint32_t misc_mask;
	uint8_t reserved2[4];
	uint8_t isv_family_id[16];
	struct sgx_attributes attributes;
	struct sgx_attributes attribute_mask;
	uint8_t enclave_hash[32];
	uint8_t reserved3[16];
	uint8_t isv_ext_prod_id[16];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint8_t reserved4[12];
	uint8_t q1[384];
	uint8_t q2[384];
} __attribute__((packed));
#define SGX_VENDOR_INTEL 0x8086U

/* SDM 38.14 EINITTOKEN */
struct sgx_einittoken {
	uint32_t valid;
	uint8_t reserved1[44];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t cpusvn_le[16];
	uint16_t isv_prod_id_le;
	uint16_t isv_svn_le;
	uint8_t reserved4[24];
	uint32_t masked_misc_select_le;
	struct sgx_attributes masked_attributes_le;
	uint8_t key_id[32];
	uint8_t mac[16];
} __attribute__((packed));

/* SDM 38.15 REPORT, 38.16 REPORT TARGETINFO */
struct sgx_report_body {
	uint8_t cpusvn[16];
	uint32_t misc_select;
	uint8_t reserved1[12];
	uint8_t isv_ext_prod_id[16];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t config_id[64];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t reserved4[42];
	uint8_t isv_family_id[16];
	uint8_t report_data[64];
} __attribute__((packed));

struct sgx_report {
	struct sgx_report_body body;
	uint8_t key_id[32];
	uint8_t mac[16];
} __attribute__((packed, aligned(512)));
#define SGX_REPORT_BYTES 432

struct sgx_targetinfo {
	uint8_t mrenclave[32];
	struct sgx_attributes attributes;
	uint8_t reserved1[2];
	uint16_t config_svn;
	uint32_t misc_select;
	uint8_t reserved2[8];
	uint8_t config_id[64];
	uint8_t reserved3[384];
} __attribute__((packed, aligned(512)));

/* SDM 38.17 KEYREQUEST */
struct sgx_keyrequest {
	uint16_t key_name;
	uint16_t key_policy;
	uint16_t isv_svn;
	uint8_t reserved1[2];
	uint8_t cpusvn[16];
	struct sgx_attributes attribute_mask;
	uint8_t key_id[32];
	uint32_t misc_mask;
	uint16_t config_svn;
	uint8_t reserved2[434];
} __attribute__((packed, aligned(512)));
#define SGX_KEY_EINITTOKEN 0
#define SGX_KEY_PROVISION 1
#define SGX_KEY_PROVISION_SEAL 2
#define SGX_KEY_REPORT 3
#define SGX_KEY_SEAL 4
#define SGX_KEYPOLICY_MRENCLAVE 0x1
#define SGX_KEYPOLICY_MRSIGNER 0x2
#define SGX_KEYPOLICY_NOISVPRODID 0x4
#define SGX_KEYPOLICY_CONFIGID 0x8
#define SGX_KEYPOLICY_ISVFAMILYID 0x10
#define SGX_KEYPOLICY_ISVEXTPRODID 0x20

/* Leaf numbers (SDM 36.2). */
#define ENCLU_EREPORT 0U
#define ENCLU_EGETKEY 1U
#define ENCLU_EENTER 2U
#define ENCLU_ERESUME 3U
#define ENCLU_EEXIT 4U
#define ENCLU_EACCEPT 5U
#define ENCLU_EMODPE 6U
#define ENCLU_EACCEPTCOPY 7U

/* Error codes in RAX (SDM table 40-3). */
#define SGX_SUCCESS 0
#define SGX_INVALID_SIG_STRUCT 1
#define SGX_INVALID_ATTRIBUTE 2
#define SGX_BLKSTATE 3
#define SGX_INVALID_MEASUREMENT 4
#define SGX_NOTBLOCKABLE 5
#define SGX_PG_INVLD 6
#define SGX_EPC_PAGE_CONFLICT 7
#define SGX_INVALID_SIGNATURE 8
#define SGX_MAC_COMPARE_FAIL 9
#define SGX_PAGE_NOT_BLOCKED 10
#define SGX_NOT_TRACKED 11
#define SGX_VA_SLOT_OCCUPIED 12
#define SGX_CHILD_PRESENT 13
#define SGX_ENCLAVE_ACT 14
#define SGX_ENTRYEPOCH_LOCKED 15
#define SGX_INVALID_EINITTOKEN 16
#define SGX_PREV_TRK_INCMPL 17
#define SGX_PG_IS_SECS 18
#define SGX_PAGE_ATTRIBUTES_MISMATCH 19
#define SGX_PAGE_NOT_MODIFIABLE 20
#define SGX_PAGE_NOT_DEBUGGABLE 21
#define SGX_INVALID_CPUSVN 32
#define SGX_INVALID_ISVSVN 64
#define SGX_UNMASKED_EVENT 128
#define SGX_INVALID_KEYNAME 256

#define SGX_ASSERT(what) _Static_assert(what, #what)
SGX_ASSERT(sizeof(struct sgx_secs) == 4096);
SGX_ASSERT(offsetof(struct sgx_secs, attributes) == 48);
SGX_ASSERT(offsetof(struct sgx_secs, mrenclave) == 64);
SGX_ASSERT(offsetof(struct sgx_secs, mrsigner) == 128);
SGX_ASSERT(offsetof(struct sgx_secs, isv_prod_id) == 256);
SGX_ASSERT(sizeof(struct sgx_tcs) == 4096);
SGX_ASSERT(offsetof(struct sgx_tcs, oentry) == 32);
SGX_ASSERT(offsetof(struct sgx_tcs, ogs_base) == 56);
SGX_ASSERT(sizeof(struct sgx_gpr) == 184);
SGX_ASSERT(offsetof(struct sgx_gpr, rip) == 136);
SGX_ASSERT(offsetof(struct sgx_gpr, exit_info) == 160);
SGX_ASSERT(sizeof(struct sgx_exinfo) == 16);
SGX_ASSERT(sizeof(struct sgx_secinfo) == 64);
SGX_ASSERT(sizeof(struct sgx_pageinfo) == 32);
SGX_ASSERT(sizeof(struct sgx_sigstruct) == 1808);
SGX_ASSERT(offsetof(struct sgx_sigstruct, modulus) == 128);
SGX_ASSERT(offsetof(struct sgx_sigstruct, misc_select) == 900);
SGX_ASSERT(offsetof(struct sgx_sigstruct, attributes) == 928);
SGX_ASSERT(offsetof(struct sgx_sigstruct, enclave_hash) == 960);
SGX_ASSERT(offsetof(struct sgx_sigstruct, isv_prod_id) == 1024);
SGX_ASSERT(offsetof(struct sgx_sigstruct, q1) == 1040);
SGX_ASSERT(sizeof(struct sgx_einittoken) == 304);
SGX_ASSERT(sizeof(struct sgx_report_body) == 384);
SGX_ASSERT(offsetof(struct sgx_report_body, report_data) == 320);
SGX_ASSERT(offsetof(struct sgx_report, mac) == 416);
SGX_ASSERT(sizeof(struct sgx_targetinfo) == 512);
SGX_ASSERT(offsetof(struct sgx_targetinfo, config_id) == 64);
SGX_ASSERT(sizeof(struct sgx_keyrequest) == 512);
SGX_ASSERT(offsetof(struct sgx_keyrequest, key_id) == 40);

#endif
