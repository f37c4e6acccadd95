#include "quoting/dcap.h"

#include <dlfcn.h>
#include <signal.h>
#include <string.h>

/* sgx_dcap_ql_wrapper.h; the errors are quote3_error_t's. */
static struct {
	void *library; /* stays: its enclave is slow to start */
	uint32_t (*target)(struct sgx_targetinfo *to);
	uint32_t (*size)(uint32_t *size);
	uint32_t (*quote)(const struct sgx_report *report, uint32_t size, uint8_t *quote);
} dcap;

/* What an operator can do something about. */
static const struct {
	uint32_t error;
	const char *means;
} dcap_errors[] = {
	{ 0xe00d, "it cannot load its enclaves: may this user open /dev/sgx_enclave and /dev/sgx_provision?" },
	{ 0xe00e, "it finds no platform library (libdcap_quoteprov.so.1)" },
	{ 0xe00f, "it has no certified attestation key" },
	{ 0xe010, "the platform's certificates are not valid" },
	{ 0xe011, "the certificate service (PCCS) knows no certificate of this platform" },
	{ 0xe012, "the processor's enclave memory is full" },
	{ 0xe014, "its enclave was lost, as after a suspend: start the program again" },
	{ 0xe015, "the report was not made for it on this machine" },
	{ 0xe016, "it cannot load its enclaves: may this user open /dev/sgx_enclave and /dev/sgx_provision?" },
	{ 0xe019, "it cannot reach the certificate service (PCCS): see /etc/sgx_default_qcnl.conf" },
};

static int dcap_failed(const char *step, uint32_t error, struct fail *f)
{
	for (size_t i = 0; i < sizeof(dcap_errors) / sizeof(dcap_errors[0]); i++)
		if (dcap_errors[i].error == error)
			return fail(f, "DCAP library: %s: error 0x%x: %s", step, error, dcap_errors[i].means);
	return fail(f, "DCAP library: %s: error 0x%x", step, error);
}

/* We were started with all signals blocked; an enclave in this process may need those that its own faults raise. */
static void dcap_unblock(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaddset(&set, faults[i]);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int dcap_load(const char *library, struct fail *f)
{
	void *loaded;

	if (dcap.library)
		return 0;
	dcap_unblock();
	loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!loaded)
		return fail(f, "DCAP library: cannot load %s: %s", library, dlerror());
	dcap.target = (__typeof__(dcap.target))dlsym(loaded, "sgx_qe_get_target_info");
	dcap.size = (__typeof__(dcap.size))dlsym(loaded, "sgx_qe_get_quote_size");
	dcap.quote = (__typeof__(dcap.quote))dlsym(loaded, "sgx_qe_get_quote");
	if (dcap.target && dcap.size && dcap.quote) {
		dcap.library = loaded;
		return 0;
	}
	(void)dlclose(loaded);
	return fail(f, "DCAP library: expected sgx_qe_get_target_info, sgx_qe_get_quote_size and sgx_qe_get_quote in "
		    "%s, found not all of them", library);
}

int dcap_target(const char *library, struct sgx_targetinfo *to, struct fail *f)
{
	uint32_t error;

	if (dcap_load(library, f))
		return -1;
	memset(to, 0, sizeof(*to));
	error = dcap.target(to);
	return error ? dcap_failed("start of quoting", error, f) : 0;
}

static int dcap_quote_size(uint32_t *size, struct fail *f)
{
	uint32_t error = dcap.size(size);

	if (error)
		return dcap_failed("size of the quote", error, f);
	if (!*size || *size > SILICON_QUOTE_MAX)
		return fail(f, "DCAP library: expected a quote of at most %u bytes, found %u", SILICON_QUOTE_MAX,
			    *size);
	return 0;
}

/* The target first: only that makes the key ready, and this process may not be the one that was asked for it before. */
int dcap_quote(const char *library, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[SILICON_QUOTE_MAX],
	       uint32_t *size, struct fail *f)
{
	static uint8_t room[SILICON_QUOTE_MAX];
	struct sgx_targetinfo target;
	struct sgx_report own = { 0 }; /* the caller's may lie where the quote goes */
	uint32_t error, expected = 0;

	memcpy(&own, report, SGX_REPORT_BYTES);
	if (dcap_target(library, &target, f) || dcap_quote_size(&expected, f))
		return -1;
	memset(room, 0, sizeof(room));
	error = dcap.quote(&own, expected, room);
	if (error)
		return dcap_failed("quote", error, f);
	return silicon_take_quote("DCAP library", room, expected, report, quote, size, f);
}
