#include "quoting/silicon.h"
#include "quoting/aesm.h"
#include "quoting/dcap.h"
#include "quoting/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum silicon_how { AESM, LIBRARY };

struct silicon_place {
	enum silicon_how how;
	const char *folder, *name;
};

static const struct silicon_place *silicon_find(const struct service *s, char path[PATHS_MAX], struct fail *f)
{
	static const struct silicon_place places[] = {
#define PLACE(how, folder, name) { how, folder, name },
		QUOTING_ON_SILICON(PLACE)
#undef PLACE
	};
	int n;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		n = snprintf(path, PATHS_MAX, "%s/%s", places[i].folder ? places[i].folder : s->dir, places[i].name);
		if (n > 0 && n < PATHS_MAX && access(path, F_OK) == 0)
			return &places[i];
	}
	(void)fail(f, "platform: expected the socket of aesmd (/var/run/aesmd/aesm.socket) or Intel's quoting library "
		   "(libsgx_dcap_ql.so.1), found neither; a link to one of them in %s does as well", s->dir);
	return NULL;
}

int silicon_serve(const struct service *s, uint32_t operation, uint8_t payload[QUOTING_MAX], uint32_t *size,
		  struct fail *f)
{
	char path[PATHS_MAX];
	const struct silicon_place *place = silicon_find(s, path, f);
	struct sgx_targetinfo target;
	bool library;

	if (!place)
		return -ENODEV;
	library = place->how == LIBRARY;
	if (operation == QUOTING_QUOTE)
		return (library ? dcap_quote : aesm_quote)(path, payload, payload, size, f) ? -EIO : 0;
	if ((library ? dcap_target : aesm_target)(path, &target, f))
		return -ENODEV;
	memcpy(payload, &target, sizeof(target));
	*size = sizeof(target);
	return 0;
}
