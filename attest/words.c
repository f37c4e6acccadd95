/* What enumerations are called, from the tables that make them. */
#include "attest/attest.h"

static const struct {
	const char *token, *step, *sentence;
} reasons[] = {
	[ATTEST_OK] = { "ok", "", "" },
#define R(name, step, sentence) [ATTEST_R_##name] = { #name, step, sentence },
#include "attest/reason.def"
#undef R
};

static const char *const statuses[] = {
	[ATTEST_STATUS_NONE] = NULL,
#define S(name) #name,
#include "attest/status.def"
#undef S
};

static const char *const tees[] = { NULL, "sgx", "tdx", "snp" };
static const char *const formats[] = { NULL, "quote-v3", "quote-v4", "quote-v5", "snp-report" };
static const char *const assurances[] = { NULL, "software", "software on hardware", "hardware" };

#define WORD(table, index) ((size_t)(index) < sizeof(table) / sizeof((table)[0]) ? (table)[index] : NULL)

const char *attest_reason_token(enum attest_reason reason)
{
	return reason < ATTEST_REASONS ? reasons[reason].token : "unknown";
}

const char *attest_reason_step(enum attest_reason reason)
{
	return reason < ATTEST_REASONS ? reasons[reason].step : "";
}

const char *attest_reason_sentence(enum attest_reason reason)
{
	return reason < ATTEST_REASONS ? reasons[reason].sentence : "";
}

const char *attest_status_name(enum attest_status status)
{
	return WORD(statuses, status);
}

const char *attest_tee_name(enum attest_tee tee)
{
	return WORD(tees, tee);
}

const char *attest_format_name(enum attest_format format)
{
	return WORD(formats, format);
}

const char *attest_assurance_name(enum attest_assurance assurance)
{
	return WORD(assurances, assurance);
}
