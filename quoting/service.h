/*
 * adyton-quoting, the untrusted side of quotes on a software platform: it starts the quoting enclave, keeps what that
 * seals, and knows where the certificates are. Everything is in one folder, the platform's:
 *
 *     secret                    of the processor (cpu/soft/keyd.c)
 *     quoting.pem               the key that signs the quoting enclave
 *     quoting.adyton            its image; quoting.d is what it was made of
 *     attestation-key.sealed
 *     request.json              for the operator's CA, which answers with
 *     pck-chain.pem, collateral.json
 *     machine.evidence          TDX quote or SNP report (with its certificate table) of the machine below, over our
 *                               attestation key; without it quotes have one layer
 */
#ifndef ADYTON_QUOTING_SERVICE_H
#define ADYTON_QUOTING_SERVICE_H

#include "image/build.h"
#include "image/paths.h"
#include "quoting/channel.h"

#include <sys/types.h>

struct service {
	const char *dir;
	bool silicon;         /* quotes are made by Intel's quoting enclave, silicon.h, and nothing below is used */
	bool ordinary_memory; /* the asking program is unprotected: so may this be */
	int fd;               /* to the quoting enclave; -1: it does not run */
	pid_t pid;
};

/* folder.c: a file of the platform's folder. */
must_check int folder_path(char out[PATHS_MAX], const struct service *s, const char *name, struct fail *f);
bool folder_has(const struct service *s, const char *name);
must_check int folder_write(const struct service *s, const char *name, unsigned int mode, const void *data,
			    size_t size, struct fail *f);
/* *data is malloc'd with a NUL behind it; false: there is none, or it cannot be read. */
must_check bool folder_read(const struct service *s, const char *name, uint8_t **data, size_t *size);

/* silicon.c: an error of Linux, negative. */
must_check int silicon_serve(const struct service *s, uint32_t operation, uint8_t payload[QUOTING_MAX], uint32_t *size,
			     struct fail *f);

/* image.c: an image of one of our static programs, with `keys` added to its definition. */
struct service_image {
	const char *name, *program, *keys, *key_file; /* key_file NULL: the development key */
};
must_check int image_make(const struct service *s, const struct service_image *image, struct fail *f);

/* enclave_run.c: adyton run IMAGE [ARGUMENT], its standard input and output (or only the output) being fd. */
must_check int run_image(const struct service *s, const char *image, const char *argument, int in, int out, pid_t *pid,
			 struct fail *f);
/* The quoting enclave's answer in payload; error of Linux, negative. Starts it when it does not run. */
must_check int run_ask(struct service *s, uint32_t operation, const void *order, uint32_t order_size,
		       uint8_t payload[QUOTING_MAX], uint32_t *size, struct fail *f);
void run_end(struct service *s);

/* key.c: the attestation key, sealed, as the quoting enclave's answers begin with it. */
struct key_answer {
	const uint8_t *rest; /* behind the sealed key */
	uint32_t rest_size;
};
/* Kept if it is another one than `before`. An error of Linux, negative. */
must_check int key_keep(const struct service *s, const uint8_t *before, size_t before_size, const uint8_t *answer,
			uint32_t size, struct key_answer *to, struct fail *f);
/* The public key of the certificate at `index` of a chain in PEM, which must be on P-256. */
bool key_of_chain(const uint8_t *pem, size_t size, unsigned int index, uint8_t point[64]);

/* machine.c: QE authentication data from machine.evidence, malloc'd; NULL with size 0 where there is no such file. */
must_check int machine_load(const struct service *s, uint8_t **auth, size_t *size, struct fail *f);
/* Whether they are for this attestation key and this chain's CA. */
must_check int machine_check(const uint8_t *auth, size_t size, const uint8_t key[64], const uint8_t *chain,
			     size_t chain_size, struct fail *f);

/* What adyton-quoting is told to do: exit status. */
int serve_main(struct service *s);
int machine_main(struct service *s, const char *what);
int init_main(struct service *s, const char *out);
int install_main(struct service *s, const char *from);
int once_main(struct service *s, int argc, char **argv);

#endif
