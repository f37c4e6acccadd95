/* Intel PCS API v4, "Get TCB Info": members that the algorithm uses must be there; others are passed over. */
#include "attest/tcb_info.h"

static bool tcb_info_components(const struct document *d, const struct json *tcb, const char *name, uint8_t to[16])
{
	const struct json *array = document_get(d, tcb, name, JSON_ARRAY), *v;
	uint64_t svn;

	if (!array)
		return false;
	if (array->count != 16)
		return document_wrong(d, name, "not 16 components");
	v = array->first;
	for (int i = 0; i < 16; i++, v = v->next) {
		if (!document_number(d, v, "svn", UINT8_MAX, &svn))
			return false;
		to[i] = (uint8_t)svn;
	}
	return true;
}

/* Version 2 names each component. */
static bool tcb_info_components_v2(const struct document *d, const struct json *tcb, uint8_t to[16])
{
	char name[] = "sgxtcbcomp00svn";
	uint64_t svn;

	for (int i = 0; i < 16; i++) {
		name[10] = (char)('0' + (i + 1) / 10);
		name[11] = (char)('0' + (i + 1) % 10);
		if (!document_number(d, tcb, name, UINT8_MAX, &svn))
			return false;
		to[i] = (uint8_t)svn;
	}
	return true;
}

static bool tcb_info_level(const struct document *d, const struct json *level, const struct tcb_info *info,
			   struct tcb_level *to)
{
	const struct json *tcb = document_get(d, level, "tcb", JSON_OBJECT);
	uint64_t pce_svn;

	if (!tcb || !document_number(d, tcb, "pcesvn", UINT16_MAX, &pce_svn))
		return false;
	to->pce_svn = (uint16_t)pce_svn;
	if (info->version == 2 ? !tcb_info_components_v2(d, tcb, to->sgx) :
				 !tcb_info_components(d, tcb, "sgxtcbcomponents", to->sgx))
		return false;
	if (info->tee == ATTEST_TDX && !tcb_info_components(d, tcb, "tdxtcbcomponents", to->tdx))
		return false;
	return document_verdict(d, level, &to->verdict);
}

bool isv_levels_read(const struct document *d, const struct json *owner, struct isv_levels *to)
{
	const struct json *array = document_get(d, owner, "tcbLevels", JSON_ARRAY);
	uint64_t svn;

	to->count = 0;
	if (!array)
		return false;
	if (array->count == 0 || array->count > ISV_LEVELS_MAX)
		return document_wrong(d, "tcbLevels", "none or more than 32");
	for (const struct json *v = array->first; v; v = v->next) {
		struct isv_level *level = &to->at[to->count++];
		const struct json *tcb = document_get(d, v, "tcb", JSON_OBJECT);

		if (!tcb || !document_number(d, tcb, "isvsvn", UINT16_MAX, &svn) ||
		    !document_verdict(d, v, &level->verdict))
			return false;
		level->isv_svn = (uint16_t)svn;
	}
	return true;
}

static bool tcb_info_module_body(const struct document *d, const struct json *v, struct tdx_module *to)
{
	return document_hex(d, v, "mrsigner", to->mrsigner, sizeof(to->mrsigner)) &&
	       document_hex(d, v, "attributes", to->attributes, sizeof(to->attributes)) &&
	       document_hex(d, v, "attributesMask", to->attributes_mask, sizeof(to->attributes_mask));
}

/* "TDX_01": the module's version in hex. */
static bool tcb_info_module_id(const struct document *d, const struct json *v, uint8_t *version)
{
	const struct json *id = document_get(d, v, "id", JSON_STRING);

	if (!id)
		return false;
	if (json_inside(id).size != 6 || memcmp(json_inside(id).at, "TDX_", 4) ||
	    !hex_decode(json_inside(id).at + 4, 2, version, 1) || *version == 0)
		return document_wrong(d, "tdxModuleIdentities", "an id other than TDX_01 to TDX_FF");
	return true;
}

static bool tcb_info_modules(const struct document *d, const struct json *root, struct tcb_info *to)
{
	const struct json *module = document_get(d, root, "tdxModule", JSON_OBJECT), *array;

	if (!module || !tcb_info_module_body(d, module, &to->modules[0]))
		return false;
	to->modules[0].version = 0;
	to->module_count = 1;
	if (!json_member(root, "tdxModuleIdentities"))
		return true;
	array = document_get(d, root, "tdxModuleIdentities", JSON_ARRAY);
	if (!array)
		return false;
	if (array->count > TDX_MODULES_MAX - 1)
		return document_wrong(d, "tdxModuleIdentities", "more than 15");
	for (const struct json *v = array->first; v; v = v->next) {
		struct tdx_module *m = &to->modules[to->module_count];

		if (!tcb_info_module_id(d, v, &m->version) || !tcb_info_module_body(d, v, m) ||
		    !isv_levels_read(d, v, &m->levels))
			return false;
		for (size_t i = 0; i < to->module_count; i++)
			if (to->modules[i].version == m->version)
				return document_wrong(d, "tdxModuleIdentities", "an id twice");
		to->module_count++;
	}
	return true;
}

static bool tcb_info_technology(const struct document *d, const struct json *root, struct tcb_info *to)
{
	const struct json *id;

	to->tee = ATTEST_SGX;
	if (to->version == 2)
		return true;
	id = document_get(d, root, "id", JSON_STRING);
	if (!id)
		return false;
	if (json_equals(id, "TDX"))
		to->tee = ATTEST_TDX;
	else if (!json_equals(id, "SGX"))
		return document_wrong(d, "id", "neither SGX nor TDX");
	return true;
}

/* How components are compared: type 0, one by one, is the only one. */
static bool tcb_info_type(const struct document *d, const struct json *root)
{
	uint64_t type;

	return document_number(d, root, "tcbType", 0, &type);
}

static bool tcb_info_platform(const struct document *d, const struct json *root, struct tcb_info *to)
{
	to->pce_id_known = to->version > 2 || json_member(root, "pceId");
	return document_hex(d, root, "fmspc", to->fmspc, sizeof(to->fmspc)) &&
	       (!to->pce_id_known || document_hex(d, root, "pceId", to->pce_id, sizeof(to->pce_id)));
}

bool tcb_info_read(const struct json *root, struct tcb_info *to, struct advisories *advisories,
		   struct attest_refusal *why)
{
	const struct document d = { why, ATTEST_R_tcb_info_malformed, advisories };
	const struct json *levels;
	uint64_t version;

	memset(to, 0, sizeof(*to));
	if (!document_number(&d, root, "version", UINT32_MAX, &version))
		return false;
	if (version != 2 && version != 3)
		return refuse(why, ATTEST_R_tcb_info_version_unknown, "2 or 3", "%u", (unsigned int)version);
	to->version = (unsigned int)version;
	if (!tcb_info_technology(&d, root, to) || !document_dates(&d, root, &to->dates) || !tcb_info_type(&d, root) ||
	    !tcb_info_platform(&d, root, to) || (to->tee == ATTEST_TDX && !tcb_info_modules(&d, root, to)))
		return false;
	levels = document_get(&d, root, "tcbLevels", JSON_ARRAY);
	if (!levels)
		return false;
	if (levels->count == 0 || levels->count > TCB_LEVELS_MAX)
		return document_wrong(&d, "tcbLevels", "none or more than 64");
	for (const struct json *v = levels->first; v; v = v->next)
		if (!tcb_info_level(&d, v, to, &to->levels[to->level_count++]))
			return false;
	return true;
}
