#include "base/json_write.h"
#include "platform/tcb.h"

#include <stdio.h>

static void tcb_put_moment(struct json_writer *w, const char *name, int64_t moment)
{
	char text[STAMP_SIZE];

	stamp_text(moment, text);
	json_put_string(w, name, text);
}

/* Some verifiers compare these strings: upper case, as Intel writes them. */
static void tcb_put_upper(struct json_writer *w, const char *name, const uint8_t *bytes, size_t size)
{
	char text[2 * 64 + 1];

	for (size_t i = 0; i < size && i < 64; i++)
		(void)snprintf(text + 2 * i, 3, "%02X", bytes[i]);
	json_put_bytes(w, name, text, 2 * size);
}

static void tcb_put_components(struct json_writer *w, const char *name, const uint8_t svns[16])
{
	json_array(w, name);
	for (size_t i = 0; i < 16; i++) {
		json_object(w, NULL);
		json_put_u64(w, "svn", svns[i]);
		json_close(w);
	}
	json_close(w);
}

static void tcb_put_components_v2(struct json_writer *w, const uint8_t svns[16])
{
	char name[24];

	for (unsigned int i = 0; i < 16; i++) {
		(void)snprintf(name, sizeof(name), "sgxtcbcomp%02usvn", i + 1);
		json_put_u64(w, name, svns[i]);
	}
}

static void tcb_put_fate(struct json_writer *w, const struct tcb_level *l)
{
	tcb_put_moment(w, "tcbDate", l->date);
	json_put_string(w, "tcbStatus", l->status);
	if (l->advisory_count) {
		json_array(w, "advisoryIDs");
		for (uint32_t i = 0; i < l->advisory_count; i++)
			json_put_string(w, NULL, l->advisories[i]);
		json_close(w);
	}
}

static void tcb_put_level(struct json_writer *w, const struct tcb_info *t, const struct tcb_level *l)
{
	json_object(w, NULL);
	json_object(w, "tcb");
	if (t->version >= 3)
		tcb_put_components(w, "sgxtcbcomponents", l->components);
	else
		tcb_put_components_v2(w, l->components);
	json_put_u64(w, "pcesvn", l->svn);
	if (t->tdx)
		tcb_put_components(w, "tdxtcbcomponents", l->tdx_components);
	json_close(w);
	tcb_put_fate(w, l);
	json_close(w);
}

static void tcb_put_isv_levels(struct json_writer *w, const struct tcb_levels *levels)
{
	json_array(w, "tcbLevels");
	for (uint32_t i = 0; i < levels->count; i++) {
		json_object(w, NULL);
		json_object(w, "tcb");
		json_put_u64(w, "isvsvn", levels->at[i].svn);
		json_close(w);
		tcb_put_fate(w, &levels->at[i]);
		json_close(w);
	}
	json_close(w);
}

static void tcb_put_module(struct json_writer *w, const char *name, const struct tcb_module *m, bool identity)
{
	json_object(w, name);
	if (identity)
		json_put_string(w, "id", m->id);
	tcb_put_upper(w, "mrsigner", m->mrsigner, sizeof(m->mrsigner));
	tcb_put_upper(w, "attributes", m->attributes, sizeof(m->attributes));
	tcb_put_upper(w, "attributesMask", m->attributes_mask, sizeof(m->attributes_mask));
	if (identity)
		tcb_put_isv_levels(w, &m->levels);
	json_close(w);
}

static void tcb_put_modules(struct json_writer *w, const struct tcb_info *t)
{
	if (t->module)
		tcb_put_module(w, "tdxModule", t->module, false);
	if (!t->module_count)
		return;
	json_array(w, "tdxModuleIdentities");
	for (uint32_t i = 0; i < t->module_count; i++)
		tcb_put_module(w, NULL, &t->modules[i], true);
	json_close(w);
}

long tcb_info_text(const struct tcb_info *t, char *buffer, size_t size)
{
	struct json_writer w;

	json_write_init(&w, buffer, size, false);
	json_object(&w, NULL);
	if (t->version >= 3)
		json_put_string(&w, "id", t->tdx ? "TDX" : "SGX");
	json_put_u64(&w, "version", t->version);
	tcb_put_moment(&w, "issueDate", t->issued);
	tcb_put_moment(&w, "nextUpdate", t->next);
	json_put_hex(&w, "fmspc", t->fmspc, sizeof(t->fmspc));
	json_put_hex(&w, "pceId", t->pce_id, sizeof(t->pce_id));
	json_put_u64(&w, "tcbType", t->type);
	json_put_u64(&w, "tcbEvaluationDataNumber", t->evaluation);
	if (t->tdx)
		tcb_put_modules(&w, t);
	json_array(&w, "tcbLevels");
	for (uint32_t i = 0; i < t->levels->count; i++)
		tcb_put_level(&w, t, &t->levels->at[i]);
	json_close(&w);
	json_close(&w);
	return json_write_end(&w);
}

long tcb_qe_identity_text(const struct tcb_qe_identity *q, char *buffer, size_t size)
{
	const struct tcb_qe *qe = q->qe;
	struct json_writer w;

	json_write_init(&w, buffer, size, false);
	json_object(&w, NULL);
	json_put_string(&w, "id", q->id);
	json_put_u64(&w, "version", q->version);
	tcb_put_moment(&w, "issueDate", q->issued);
	tcb_put_moment(&w, "nextUpdate", q->next);
	json_put_u64(&w, "tcbEvaluationDataNumber", q->evaluation);
	tcb_put_upper(&w, "miscselect", qe->misc_select, sizeof(qe->misc_select));
	tcb_put_upper(&w, "miscselectMask", qe->misc_select_mask, sizeof(qe->misc_select_mask));
	tcb_put_upper(&w, "attributes", qe->attributes, sizeof(qe->attributes));
	tcb_put_upper(&w, "attributesMask", qe->attributes_mask, sizeof(qe->attributes_mask));
	tcb_put_upper(&w, "mrsigner", qe->mrsigner, sizeof(qe->mrsigner));
	json_put_u64(&w, "isvprodid", qe->isv_prod_id);
	tcb_put_isv_levels(&w, &qe->levels);
	json_close(&w);
	return json_write_end(&w);
}
