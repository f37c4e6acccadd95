/*
 * Tidying: expired certificates and what is left of them are removed by a thread of the mount, page by page. It holds
 * the core's lock for reading during a page, and tries for it, since who closes the mount holds it for writing and
 * waits here.
 */
#ifndef ADYTON_SERVER_ENGINE_PKI_TIDY_H
#define ADYTON_SERVER_ENGINE_PKI_TIDY_H

#include "server/engine/pki/pki.h"

#define PKI_TIDY_FIELDS(F) \
	F(SECONDS, acme_account_safety_buffer, "2592000", "How long ACME accounts without orders stay") \
	F(BOOL, enabled, "false", "Whether tidying runs by itself") \
	F(SECONDS, interval_duration, "43200", "How often") \
	F(SECONDS, issuer_safety_buffer, "31536000", "How long issuers stay after their end") \
	F(BOOL, maintain_stored_certificate_counts, "false", "Whether stored certificates are counted") \
	F(STRING, pause_duration, "\"0s\"", "How long to wait between pages") \
	F(BOOL, publish_stored_certificate_count_metrics, "false", "Whether counts are metrics") \
	F(SECONDS, revocation_queue_safety_buffer, "172800", "Of enterprise features: has no effect") \
	F(SECONDS, safety_buffer, "259200", "How long certificates stay after their end") \
	F(BOOL, tidy_acme, "false", "Whether ACME accounts go") \
	F(BOOL, tidy_cert_store, "false", "Whether expired certificates go") \
	F(BOOL, tidy_cross_cluster_revoked_certs, "false", "Of enterprise features: has no effect") \
	F(BOOL, tidy_expired_issuers, "false", "Whether expired issuers go") \
	F(BOOL, tidy_move_legacy_ca_bundle, "false", "Of older versions: has no effect") \
	F(BOOL, tidy_revocation_queue, "false", "Of enterprise features: has no effect") \
	F(BOOL, tidy_revoked_cert_issuer_associations, "false", \
	  "Whether revocations are given to issuers that came later") \
	F(BOOL, tidy_revoked_certs, "false", "Whether revocations of expired certificates go")

struct pki_tidy_config {
	PKI_TIDY_FIELDS(PKI_FIELD_MEMBER)
};

struct pki_tidy {
	pthread_mutex_t lock; /* guards all but the flags */
	pthread_t thread;
	bool started;         /* thread is to be joined */
	bool running;
	atomic_bool cancel, closing;
	struct pki_tidy_config config;
	char pause[32];
	const char *state;
	int64_t begun, ended, last; /* Unix nanoseconds; last: of the automatic kind */
	int64_t certs_deleted, revoked_deleted, issuers_missing;
	struct core *core;
	struct mount *mount;
};

/* False: it runs already. */
bool pki_tidy_start(struct request *r, struct mount *m, const struct pki_tidy_config *config);

#endif
