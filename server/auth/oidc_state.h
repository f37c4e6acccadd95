/* Logins that are under way at an issuer's page, in memory: a few minutes, and not more than OIDC_STATES of them. */
#ifndef ADYTON_SERVER_AUTH_OIDC_STATE_H
#define ADYTON_SERVER_AUTH_OIDC_STATE_H

#include "server/core/pool.h"

#define OIDC_STATES 1024

struct oidc_states;

struct oidc_state {
	const char *state, *nonce, *verifier; /* random; the verifier is PKCE's (RFC 7636) */
	const char *redirect_uri, *role, *client_nonce;
};

struct oidc_states *oidc_states_make(void);
void oidc_states_free(struct oidc_states *s);
/* A new one, with its random parts made; in p. */
struct oidc_state *oidc_state_add(struct oidc_states *s, struct pool *p, int64_t now, const char *redirect_uri,
				  const char *role, const char *client_nonce);
/* Take it out: each is good for one callback. NULL: unknown or too old. */
struct oidc_state *oidc_state_take(struct oidc_states *s, struct pool *p, int64_t now, const char *state);

#endif
