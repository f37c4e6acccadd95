/* Statuses that no real collateral at hand shows, each through every path that leads to it. */
#include "tests/unit/attest_forged/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const kind_names[] = { "sgx v3", "sgx v4", "sgx v5", "tdx v4", "tdx v5", "tdx v5 1.5" };

static void test_every_kind_is_accepted(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_KINDS; k++) {
		forge_order(&o, k);
		judge(&o, &v);
		expect_reason(&v, ATTEST_OK, kind_names[k]);
		expect_status(&v, ATTEST_UpToDate, kind_names[k]);
		assert_int_equal(v.assurance, ATTEST_SOFTWARE);
		assert_int_equal(v.tee, k < FORGE_TDX_V4 ? ATTEST_SGX : ATTEST_TDX);
		assert_int_equal(v.format, ATTEST_QUOTE_V3 + (o.version - 3));
		assert_string_equal(v.root, "Adyton Forge SGX Root CA");
		assert_int_equal(v.tcb_evaluation_number, 17);
		assert_int_equal(v.qe_evaluation_number, 17);
		assert_int_equal(v.tcb_date, o.levels.at[0].date);
		assert_int_equal(v.fix_date, -1);
		assert_int_equal(v.collateral_until, o.tcb.next);
		assert_int_equal(v.advisory_count, 0);
		assert_true(v.claims.platform.known);
		assert_memory_equal(v.claims.platform.fmspc, o.tcb.fmspc, 6);
		assert_memory_equal(v.claims.platform.ppid, o.pck.ppid, 16);
		assert_memory_equal(v.claims.platform.platform_instance_id, o.pck.platform_instance_id, 16);
		if (k < FORGE_TDX_V4)
			assert_memory_equal(v.claims.sgx.mrenclave, o.sgx.mrenclave, 32);
		else
			assert_memory_equal(v.claims.tdx.mrtd, o.td.body.mrtd, 48);
	}
}

/* What the platform's level says, what the quoting enclave's (or the module's) adds, and what comes out. */
static const struct convergence {
	const char *platform;
	enum attest_status alone, with_old_qe;
} convergences[] = {
	{ "UpToDate", ATTEST_UpToDate, ATTEST_OutOfDate },
	{ "SWHardeningNeeded", ATTEST_SWHardeningNeeded, ATTEST_OutOfDate },
	{ "ConfigurationNeeded", ATTEST_ConfigurationNeeded, ATTEST_OutOfDateConfigurationNeeded },
	{ "ConfigurationAndSWHardeningNeeded", ATTEST_ConfigurationAndSWHardeningNeeded,
	  ATTEST_OutOfDateConfigurationNeeded },
	{ "OutOfDate", ATTEST_OutOfDate, ATTEST_OutOfDate },
	{ "OutOfDateConfigurationNeeded", ATTEST_OutOfDateConfigurationNeeded, ATTEST_OutOfDateConfigurationNeeded },
	{ "Revoked", ATTEST_Revoked, ATTEST_Revoked },
};
#define CONVERGENCES (sizeof(convergences) / sizeof(convergences[0]))

static void set_status(struct tcb_level *l, const char *status)
{
	l->status = tcb_status(status, strlen(status));
	assert_non_null(l->status);
	(void)tcb_advisory_add(l, "ADYTON-SA-00002");
}

static void test_platform_level(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_KINDS; k++)
		for (size_t i = 0; i < CONVERGENCES; i++) {
			if (k == FORGE_TDX_V5_1_5 && i >= 4)
				continue; /* relaunch: below */
			forge_order(&o, k);
			set_status(&o.levels.at[0], convergences[i].platform);
			judge(&o, &v);
			expect_status(&v, convergences[i].alone, kind_names[k]);
			assert_int_equal(v.accepted, convergences[i].alone != ATTEST_Revoked);
			assert_int_equal(v.advisory_count, 1);
			assert_string_equal(v.advisories[0], "ADYTON-SA-00002");
		}
}

static void test_old_quoting_enclave(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_TDX_V5_1_5; k++)
		for (size_t i = 0; i < CONVERGENCES; i++) {
			forge_order(&o, k);
			set_status(&o.levels.at[0], convergences[i].platform);
			o.qe.isv_svn = 7; /* between the two levels: the older one counts */
			judge(&o, &v);
			expect_status(&v, convergences[i].with_old_qe, kind_names[k]);
			assert_int_equal(v.qe_status, ATTEST_OutOfDate);
			assert_int_equal(v.advisory_count, 2);
		}
}

static void test_old_module(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (size_t i = 0; i < CONVERGENCES; i++) {
		forge_order(&o, FORGE_TDX_V4);
		set_status(&o.levels.at[0], convergences[i].platform);
		o.td.body.tee_tcb_svn[0] = 4;
		judge(&o, &v);
		expect_status(&v, convergences[i].with_old_qe, convergences[i].platform);
		assert_int_equal(v.module_status, ATTEST_OutOfDate);
	}
}

static void test_revoked_quoting_enclave_and_module(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_KINDS; k++) {
		forge_order(&o, k);
		set_status(&o.qe_identity.levels.at[0], "Revoked");
		judge(&o, &v);
		expect_status(&v, ATTEST_Revoked, kind_names[k]);
		expect_reason(&v, ATTEST_R_policy_status, kind_names[k]);
	}
	forge_order(&o, FORGE_TDX_V4);
	set_status(&o.modules[1].levels.at[0], "Revoked");
	judge(&o, &v);
	expect_status(&v, ATTEST_Revoked, "module");
}

static void test_older_levels(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_TDX_V5_1_5; k++) {
		forge_order(&o, k);
		o.pck.components[15] = 4; /* one component of sixteen is enough */
		judge(&o, &v);
		expect_status(&v, ATTEST_OutOfDate, kind_names[k]);
		assert_int_equal(v.tcb_date, o.levels.at[1].date);
		assert_int_equal(v.fix_date, o.levels.at[0].date);
		assert_string_equal(v.advisories[0], "ADYTON-SA-00001");
		forge_order(&o, k);
		o.pck.pce_svn = 9;
		judge(&o, &v);
		expect_status(&v, ATTEST_OutOfDate, kind_names[k]);
		forge_order(&o, k);
		o.pck.pce_svn = 7;
		judge(&o, &v);
		expect_reason(&v, ATTEST_R_tcb_level_not_found, kind_names[k]);
		assert_int_equal(v.status, ATTEST_NotSupported);
	}
}

/* With a module of its own version the first two components are the module's business, else the level's. */
static void test_tdx_components(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	forge_order(&o, FORGE_TDX_V4);
	o.td.body.tee_tcb_svn[2] = 4;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "third component");
	assert_int_equal(v.module_status, ATTEST_UpToDate);

	forge_order(&o, FORGE_TDX_V4);
	o.levels.at[0].tdx_components[0] = 200;
	judge(&o, &v);
	expect_status(&v, ATTEST_UpToDate, "first component with a module of its own version");

	forge_order(&o, FORGE_TDX_V4);
	o.td.body.tee_tcb_svn[1] = 0;
	judge(&o, &v);
	expect_status(&v, ATTEST_UpToDate, "module of the first version");
	o.td.body.tee_tcb_svn[0] = 4;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "first component");

	forge_order(&o, FORGE_TDX_V4);
	o.td.body.tee_tcb_svn[1] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_UpToDate, "another module");
}

/* The module was updated under a running TD: it is new, but what the TD was started under is not. */
static void test_relaunch(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.body.tee_tcb_svn[0] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_TDRelaunchAdvised, "old module at the start");

	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.body.tee_tcb_svn[0] = o.td.body.tee_tcb_svn[2] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_TDRelaunchAdvised, "old module and component at the start");

	set_status(&o.levels.at[0], "ConfigurationNeeded");
	set_status(&o.levels.at[1], "OutOfDateConfigurationNeeded");
	judge(&o, &v);
	expect_status(&v, ATTEST_TDRelaunchAdvisedConfigurationNeeded, "configuration needed, too");

	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.body.tee_tcb_svn[0] = o.td.tee_tcb_svn_2[0] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "old module all along");

	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.body.tee_tcb_svn[0] = 3;
	o.pck.components[0] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "a relaunch would not help: the processor is old, too");

	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.body.tee_tcb_svn[0] = 3;
	o.qe.isv_svn = 6;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "a relaunch would not help: the quoting enclave is old, too");

	forge_order(&o, FORGE_TDX_V5_1_5);
	o.td.tee_tcb_svn_2[0] = 3;
	judge(&o, &v);
	expect_status(&v, ATTEST_UpToDate, "nothing to relaunch for");
}

static void test_tcb_info_v2(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	forge_order(&o, FORGE_SGX_V3);
	o.tcb.version = 2;
	judge(&o, &v);
	expect_status(&v, ATTEST_UpToDate, "v2");
	o.pck.components[9] = 4;
	judge(&o, &v);
	expect_status(&v, ATTEST_OutOfDate, "v2, older");
}

static void test_another_root(void **state)
{
	struct attest_verdict v;
	struct forge_order o;
	struct forged f;

	(void)state;
	for (enum forge_kind k = 0; k < FORGE_KINDS; k++) {
		forge_order(&o, k);
		forge(&o, &f);
		judge_forged(&o, &f, NULL, &v);
		assert_false(v.genuine);
		judge_forged(&o, &f, f.other_root, &v);
		assert_false(v.genuine);
		judge_forged(&o, &f, f.root, &v);
		assert_true(v.accepted);
		forged_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_accepted),
		cmocka_unit_test(test_platform_level),
		cmocka_unit_test(test_old_quoting_enclave),
		cmocka_unit_test(test_old_module),
		cmocka_unit_test(test_revoked_quoting_enclave_and_module),
		cmocka_unit_test(test_older_levels),
		cmocka_unit_test(test_tdx_components),
		cmocka_unit_test(test_relaunch),
		cmocka_unit_test(test_tcb_info_v2),
		cmocka_unit_test(test_another_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
