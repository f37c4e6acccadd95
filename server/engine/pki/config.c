/* config/…: defaults, URLs, revocation lists, the cluster's address. */
#include <string.h>

#include "server/engine/pki/crl.h"

/* What an IA5String holds and a URL may. */
static bool url_ascii(const char *url)
{
	for (; *url; url++)
		if ((unsigned char)*url <= 0x20 || (unsigned char)*url > 0x7e)
			return false;
	return true;
}

/* Absolute, with a host. */
static bool url_good(const char *url)
{
	const char *at = url;

	while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
	       (at > url && *at && strchr("+-.", *at)))
		at++;
	return at > url && !strncmp(at, "://", 3) && at[3] && at[3] != '/' && url_ascii(at);
}

int pki_asked_urls(struct request *r, struct pki_urls *urls)
{
	const struct {
		const char *name;
		struct names *list;
	} rows[] = {
		{ "issuing_certificates", &urls->issuing_certificates },
		{ "crl_distribution_points", &urls->crl_distribution_points },
		{ "delta_crl_distribution_points", &urls->delta_crl_distribution_points },
		{ "ocsp_servers", &urls->ocsp_servers },
	};

	for (size_t i = 0; i < 4; i++) {
		if (asked(r, rows[i].name))
			*rows[i].list = ask_list(r, rows[i].name);
		for (size_t j = 0; j < rows[i].list->count; j++) {
			const char *url = rows[i].list->at[j];

			if (urls->templating ? !url_ascii(url) : !url_good(url))
				return refuse(r, 400,
					      "invalid URL found in Authority Information Access (AIA) parameter %s: "
					      "%s",
					      rows[i].name, url);
		}
	}
	return 0;
}

static int urls_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	pki_put_urls(reply_data(r), &set->urls, "enable_templating");
	return 200;
}

static int urls_set(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct pki_urls urls = set->urls;
	struct json_writer *w;
	const char *why;
	int status;

	urls.templating = ask_bool(r, "enable_templating", urls.templating);
	status = pki_asked_urls(r, &urls);
	if (status)
		return status;
	if (set->issuer_count && !pki_urls_fill(r, set, &urls, set->issuers[0].id, &why))
		reply_warning(
			r,
			"issuance may fail: %s\n\nConsider setting the cluster-local address if it is not already "
			"set.",
			why);
	w = entry_write(r);
	pki_put_urls(w, &urls, "enable_templating");
	entry_written(r, &r->mount->view, "config/urls", w);
	pki_put_urls(reply_data(r), &urls, "enable_templating");
	return pki_changed(r) ? 200 : 500;
}

/* -- revocation lists -- */

static void put_crl(struct json_writer *w, const struct pki_crl_config *c, bool allow_expired)
{
	json_put_bool(w, "allow_expired_cert_revocation", allow_expired);
	json_put_bool(w, "auto_rebuild", c->auto_rebuild);
	json_put_string(w, "auto_rebuild_grace_period", c->auto_rebuild_grace_period);
	json_put_string(w, "delta_rebuild_interval", c->delta_rebuild_interval);
	json_put_bool(w, "disable", c->disable);
	json_put_bool(w, "enable_delta", c->enable_delta);
	json_put_string(w, "expiry", c->expiry);
	json_put_bool(w, "ocsp_disable", c->ocsp_disable);
	json_put_string(w, "ocsp_expiry", c->ocsp_expiry);
}

/* Enterprise has more members: clients that show all expect them. */
static void put_crl_answer(struct json_writer *w, const struct pki_crl_config *c, bool allow_expired)
{
	put_crl(w, c, allow_expired);
	json_put_bool(w, "cross_cluster_revocation", false);
	json_put_bool(w, "unified_crl", false);
	json_put_bool(w, "unified_crl_on_existing_paths", false);
}

static int crl_config_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	put_crl_answer(reply_data(r), &set->crl, set->allow_expired);
	return 200;
}

static int duration_ask(struct request *r, const char *name, const char **text, int64_t *seconds)
{
	int64_t nanoseconds;

	if (!asked(r, name))
		return 0;
	*text = ask_text_or(r, name, "");
	if (!duration_read(*text, &nanoseconds))
		return refuse(r, 400, "given %s could not be decoded: time: invalid duration \"%s\"", name, *text);
	if (nanoseconds < 0)
		return refuse(r, 400, "%s must be greater than or equal to 0 got: %s", name, *text);
	*seconds = nanoseconds / 1000000000;
	return 0;
}

static int crl_config_check(struct request *r, const struct pki_crl_config *c)
{
	if (c->expiry_seconds < 1)
		return refuse(r, 400, "given expiry must be at least one second, got: %s", c->expiry);
	if (c->auto_rebuild && c->grace_seconds >= c->expiry_seconds)
		return refuse(r, 400,
			      "CRL auto-rebuilding grace period (%s) must be strictly shorter than CRL expiry (%s) "
			      "value when auto-rebuilding of CRLs is enabled",
			      c->auto_rebuild_grace_period, c->expiry);
	if (c->enable_delta && c->delta_seconds >= c->expiry_seconds)
		return refuse(r, 400,
			      "CRL delta rebuild window (%s) must be strictly shorter than CRL expiry (%s) value when "
			      "delta CRLs are enabled",
			      c->delta_rebuild_interval, c->expiry);
	if (c->enable_delta && !c->auto_rebuild)
		return refuse(r, 400,
			      "Delta CRLs cannot be enabled when auto rebuilding is disabled as the complete CRL is "
			      "always regenerated!");
	if (ask_bool(r, "cross_cluster_revocation", false) || ask_bool(r, "unified_crl", false) ||
	    ask_bool(r, "unified_crl_on_existing_paths", false))
		return refuse(r, 400,
			      "unified_crl, unified_crl_on_existing_paths and cross_cluster_revocation are Enterprise "
			      "only features");
	return 0;
}

static int crl_config_set(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct pki_crl_config c = set->crl;
	bool allow_expired = ask_bool(r, "allow_expired_cert_revocation", set->allow_expired);
	struct json_writer *w;
	int status = duration_ask(r, "expiry", &c.expiry, &c.expiry_seconds);

	status = status ? status : duration_ask(r, "ocsp_expiry", &c.ocsp_expiry, &c.ocsp_seconds);
	status = status ? status : duration_ask(r, "auto_rebuild_grace_period", &c.auto_rebuild_grace_period,
						&c.grace_seconds);
	status = status ? status : duration_ask(r, "delta_rebuild_interval", &c.delta_rebuild_interval,
						&c.delta_seconds);
	c.disable = ask_bool(r, "disable", c.disable);
	c.ocsp_disable = ask_bool(r, "ocsp_disable", c.ocsp_disable);
	c.auto_rebuild = ask_bool(r, "auto_rebuild", c.auto_rebuild);
	c.enable_delta = ask_bool(r, "enable_delta", c.enable_delta);
	status = status ? status : crl_config_check(r, &c);
	if (status)
		return status;
	w = entry_write(r);
	put_crl(w, &c, allow_expired);
	entry_written(r, &r->mount->view, "config/crl", w);
	put_crl_answer(reply_data(r), &c, allow_expired);
	return pki_changed(r) ? 200 : 500;
}

/* -- defaults -- */

static void put_issuers(struct json_writer *w, const char *id, bool follows)
{
	json_put_string(w, "default", id);
	json_put_bool(w, "default_follows_latest_issuer", follows);
}

static int issuers_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	put_issuers(reply_data(r), set->default_issuer, set->follows_latest);
	return 200;
}

/* Also root/replace, whose default is the issuer named "next". */
static int issuers_set(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *ref = ask_text_or(r, "default", !strcmp(r->rest, "root/replace") ? "next" : ""), *error;
	const struct pki_issuer *issuer;
	bool follows = ask_bool(r, "default_follows_latest_issuer", set->follows_latest);

	if (!*ref || !strcmp(ref, "default"))
		return refuse(r, 400, "Invalid issuer specification; must be non-empty and can't be 'default'.");
	issuer = pki_issuer_find(r, set, ref, &error);
	if (!issuer)
		return refuse(r, 400, "Error resolving issuer reference: %s", error);
	if (!issuer->key)
		reply_warning(
			r,
			"This selected default issuer has no key associated with it. Some operations like issuing "
			"certificates and signing CRLs will be unavailable with the requested default issuer until a "
			"key is imported or the default issuer is changed.");
	pki_write_config_issuers(r, issuer->id, follows);
	put_issuers(reply_data(r), issuer->id, follows);
	return pki_changed(r) ? 200 : 500;
}

static int keys_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	json_put_string(reply_data(r), "default", set->default_key);
	return 200;
}

static int keys_set(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *ref = ask_text_or(r, "default", ""), *error;
	const struct pki_key *key;

	if (!*ref || !strcmp(ref, "default"))
		return refuse(r, 400, "Invalid key specification; must be non-empty and can't be 'default'.");
	key = pki_key_find(r, set, ref, &error);
	if (!key)
		return refuse(r, 400, "Error resolving issuer reference: %s", error);
	pki_write_config_keys(r, key->id);
	json_put_string(reply_data(r), "default", key->id);
	return pki_changed(r) ? 200 : 500;
}

/* -- cluster -- */

static void put_cluster(struct json_writer *w, const char *path, const char *aia_path)
{
	json_put_string(w, "aia_path", aia_path);
	json_put_string(w, "path", path);
}

static int cluster_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	put_cluster(reply_data(r), set->cluster_path, set->cluster_aia_path);
	return 200;
}

static int cluster_set(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *path = ask_text_or(r, "path", set->cluster_path);
	const char *aia_path = ask_text_or(r, "aia_path", set->cluster_aia_path);
	struct json_writer *w;

	if (asked(r, "path") && !url_good(path))
		return pki_fail(r, "invalid, non-URL path given to cluster: %s", path);
	if (asked(r, "aia_path") && !url_good(aia_path))
		return pki_fail(r, "invalid, non-URL aia_path given to cluster: %s", aia_path);
	w = entry_write(r);
	put_cluster(w, path, aia_path);
	entry_written(r, &r->mount->view, "config/cluster", w);
	put_cluster(reply_data(r), path, aia_path);
	return pki_changed(r) ? 200 : 500;
}

static const struct field url_fields[] = {
	{ "issuing_certificates", FIELD_LIST, "URLs of the issuer's certificate" },
	{ "crl_distribution_points", FIELD_LIST, "URLs of the revocation list" },
	{ "delta_crl_distribution_points", FIELD_LIST, "URLs of the delta revocation list" },
	{ "ocsp_servers", FIELD_LIST, "URLs of OCSP" },
	{ "enable_templating", FIELD_BOOL, "Whether these URLs are templates" },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field crl_fields[] = {
	{ "expiry", FIELD_STRING, "How long a list is valid" },
	{ "disable", FIELD_BOOL, "Whether lists are empty" },
	{ "ocsp_disable", FIELD_BOOL, "Whether OCSP does not answer" },
	{ "ocsp_expiry", FIELD_STRING, "How long an answer of OCSP is valid" },
	{ "auto_rebuild", FIELD_BOOL, "Whether complete lists are only signed before they expire" },
	{ "auto_rebuild_grace_period", FIELD_STRING, "How long before" },
	{ "enable_delta", FIELD_BOOL, "Whether there are delta lists" },
	{ "delta_rebuild_interval", FIELD_STRING, "How often delta lists are signed" },
	{ "allow_expired_cert_revocation", FIELD_BOOL, "Whether expired certificates may be revoked" },
	{ "cross_cluster_revocation", FIELD_BOOL, "Refused: an enterprise feature" },
	{ "unified_crl", FIELD_BOOL, "Refused: an enterprise feature" },
	{ "unified_crl_on_existing_paths", FIELD_BOOL, "Refused: an enterprise feature" },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field default_fields[] = {
	{ "default", FIELD_STRING, "Id or name" },
	{ "default_follows_latest_issuer", FIELD_BOOL, "Whether a new issuer becomes the default" },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field cluster_fields[] = {
	{ "path", FIELD_STRING, "URL of this mount: {{cluster_path}}" },
	{ "aia_path", FIELD_STRING, "URL of this mount's distribution point: {{cluster_aia_path}}" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "config/urls", .read = urls_get, .update = urls_set, .fields = url_fields,
	  .text = "URLs in certificates" },
	{ .pattern = "config/crl", .read = crl_config_get, .update = crl_config_set, .fields = crl_fields,
	  .text = "Revocation lists and OCSP" },
	{ .pattern = "config/issuers", .read = issuers_get, .update = issuers_set, .fields = default_fields,
	  .text = "The default issuer" },
	{ .pattern = "root/replace", .update = issuers_set, .fields = default_fields,
	  .text = "Make the issuer named next the default" },
	{ .pattern = "config/keys", .read = keys_get, .update = keys_set, .fields = default_fields,
	  .text = "The default key" },
	{ .pattern = "config/cluster", .read = cluster_get, .update = cluster_set, .fields = cluster_fields,
	  .text = "This mount's address" },
};
const struct route_table pki_config_routes[] = { ROUTES(routes), { .routes = NULL } };
