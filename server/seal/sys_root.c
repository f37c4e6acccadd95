#include "server/seal/seal_state.h"

void generation_end(struct seal *s)
{
	gathering_end(&s->generation.shares);
	mem_wipe(s->generation.otp, sizeof(s->generation.otp));
	s->generation.pgp_key = s->generation.fingerprint = NULL;
	pool_close(&s->generation.pool);
}
