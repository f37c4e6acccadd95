#include "server/seal/seal_state.h"

void rekey_end(struct rekey *k)
{
	gathering_end(&k->shares);
	gathering_end(&k->verification);
	secret_key_wipe(&k->share_key);
	pool_close(&k->pool);
	k->pgp_keys = k->fingerprints = (struct names){ NULL, 0 };
}
