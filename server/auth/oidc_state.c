#include "server/auth/oidc_state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LIFE (600 * 1000000000LL)

struct place {
	struct pool pool;
	struct oidc_state state; /* .state NULL: free */
	int64_t begun;
};

struct oidc_states {
	pthread_mutex_t lock; /* guards places */
	struct place places[OIDC_STATES];
};

struct oidc_states *oidc_states_make(void)
{
	struct oidc_states *s = calloc(1, sizeof(*s));

	if (s)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void place_clear(struct place *at)
{
	pool_close(&at->pool);
	at->state = (struct oidc_state){ .state = NULL };
	at->begun = 0;
}

void oidc_states_free(struct oidc_states *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < OIDC_STATES; i++)
		place_clear(s->places + i);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct oidc_state state_copy(struct pool *p, const struct oidc_state *from)
{
	return (struct oidc_state){
		.state = pool_text(p, from->state), .nonce = pool_text(p, from->nonce),
		.verifier = pool_text(p, from->verifier), .redirect_uri = pool_text(p, from->redirect_uri),
		.role = pool_text(p, from->role), .client_nonce = pool_text(p, from->client_nonce),
	};
}

/* A free place has begun at 0, so the oldest one is free or the one that waited longest. */
struct oidc_state *oidc_state_add(struct oidc_states *s, struct pool *p, int64_t now, const char *redirect_uri,
				  const char *role, const char *client_nonce)
{
	struct oidc_state *made = pool_take(p, sizeof(*made));
	struct place *oldest = s->places;

	*made = (struct oidc_state){
		.state = pool_printf(p, "st_%s", pool_base62(p, 20)),
		.nonce = pool_printf(p, "n_%s", pool_base62(p, 20)),
		.verifier = pool_base62(p, 48), .redirect_uri = redirect_uri, .role = role,
		.client_nonce = client_nonce,
	};
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < OIDC_STATES; i++)
		if (s->places[i].begun < oldest->begun)
			oldest = s->places + i;
	place_clear(oldest);
	oldest->state = state_copy(&oldest->pool, made);
	oldest->begun = now;
	pthread_mutex_unlock(&s->lock);
	return made;
}

struct oidc_state *oidc_state_take(struct oidc_states *s, struct pool *p, int64_t now, const char *state)
{
	struct oidc_state *taken = NULL;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < OIDC_STATES && !taken; i++) {
		struct place *at = s->places + i;

		if (!at->state.state || strcmp(at->state.state, state))
			continue;
		if (now < at->begun + LIFE) {
			taken = pool_take(p, sizeof(*taken));
			*taken = state_copy(p, &at->state);
		}
		place_clear(at);
		break;
	}
	pthread_mutex_unlock(&s->lock);
	return taken;
}
