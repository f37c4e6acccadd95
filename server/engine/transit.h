/*
 * Encryption as a service: named keys with versions, which never leave unless they were made to. A key's entry is
 * "policy/<name>"; parsed keys are kept in the mount, shared between requests, until they change.
 *
 * A change holds entry_lock(LOCK_ENGINE) of its key, stores the entry and drops the parsed key. Who finds none takes
 * the same lock before reading the entry, so that nobody keeps a key from before a change that is about to be durable.
 */
#ifndef ADYTON_SERVER_ENGINE_TRANSIT_H
#define ADYTON_SERVER_ENGINE_TRANSIT_H

#include <stdatomic.h>

#include "server/core/backend.h"
#include "server/engine/crypto.h"

#define TRANSIT_CONVERGENT 3 /* the version of Vault's convergent encryption: the nonce is an HMAC of the plaintext */
#define HMAC_KEY_LEAST 32
#define HMAC_KEY_MOST 512

enum transit_family { FAMILY_AEAD, FAMILY_ED25519, FAMILY_EC, FAMILY_RSA, FAMILY_HMAC };

struct transit_kind {
	const char *name;         /* "aes256-gcm96" */
	enum transit_family family;
	enum aead aead;
	size_t bytes;             /* AEAD: of the key */
	unsigned int bits;        /* RSA */
	const char *group, *curve; /* EC: libcrypto's name, and what is shown of a key */
};

struct transit_version {
	uint64_t number;
	int64_t created;       /* Unix nanoseconds */
	struct blob secret;    /* AEAD, HMAC: the key; derived Ed25519: 64 bytes */
	struct blob hmac;      /* for HMACs by keys of other kinds */
	EVP_PKEY *key;         /* asymmetric and not derived */
	bool has_private;
	const char *chain;     /* certificates in PEM, or NULL */
};

struct transit_key {
	struct transit_key *next; /* in the cache's bucket */
	_Atomic unsigned int users;
	struct pool pool;         /* holds everything of it, wiped at the end */
	const char *name;
	const struct transit_kind *kind;
	bool derived, convergent, exportable, plaintext_backup, deletion_allowed, imported, rotation_allowed;
	uint64_t min_decryption, min_encryption, min_available, latest, key_size;
	uint64_t auto_rotate;     /* seconds */
	int64_t backup_time, restore_time;
	uint64_t backup_version, restore_version;
	struct transit_version *versions; /* rising */
	size_t count;
};

/* -- transit_kind.c -- */

const struct transit_kind *transit_kind(const char *name); /* NULL: unknown */
bool transit_encrypts(const struct transit_kind *kind);
bool transit_signs(const struct transit_kind *kind);
bool transit_derives(const struct transit_kind *kind);
/* A new version of random key material at the end. */
void transit_generate(struct transit_key *k, int64_t now);
/* Room for one more version, its number and time set; latest follows. */
struct transit_version *transit_add(struct transit_key *k, int64_t now);
struct transit_version *transit_version(const struct transit_key *k, uint64_t number); /* NULL: none */

/* -- transit_store.c -- */

/* A parsed key, to read; NULL: none of that name. */
struct transit_key *transit_get(struct request *r, const char *name);
/* The same from the path's {name}. */
struct transit_key *transit_named(struct request *r);
/* One to change: under its lock, and nobody else's. */
struct transit_key *transit_open(struct request *r, const char *name);
struct transit_key *transit_make(const char *name, const struct transit_kind *kind);
void transit_save(struct request *r, const struct transit_key *k);
void transit_forget(struct request *r, const char *name); /* delete it */
void transit_release(struct transit_key *k);
static inline void transit_released(struct transit_key **k)
{
	transit_release(*k);
}
#define _cleanup_transit_ __attribute__((cleanup(transit_released)))
int transit_mounted(struct request *r, struct mount *m);
void transit_unmounted(struct mount *m);
bool transit_tick_due(struct mount *m, int64_t now); /* every ten minutes */
void transit_cache_limit(struct mount *m, uint64_t limit); /* 0: none */

/* -- transit_entry.c: a key as JSON -- */

void transit_put(struct json_writer *w, struct pool *p, const struct transit_key *k);
struct transit_key *transit_parse(const char *name, const struct json *entry); /* NULL: it is none */

/* -- transit_use.c: errors are sentences in p, NULL is success; version 0 is the newest -- */

/* What many operations take from a request or an item of its batch. */
struct transit_item {
	const char *text;      /* plaintext in base64, or what this server made of one */
	struct blob context, aad;
	int64_t version;
};
const char *transit_encrypt(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			    const char **ciphertext);
const char *transit_seal(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			 struct blob plaintext, const char **ciphertext);
const char *transit_decrypt(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			    struct blob *plaintext);
/* "vault:v3:..." in its parts. what: "ciphertext" or "signature", for errors. */
const char *transit_split(struct pool *p, const struct transit_key *k, const char *what, const char *text,
			  uint64_t *version, const char **rest);
/* The key of a version that signs, for a context where it is derived: to be freed. NULL with an error. */
EVP_PKEY *transit_signer(struct pool *p, const struct transit_version *v, const struct transit_key *k,
			 struct blob context, const char **wrong);

/* -- batches (transit_batch.c): the body itself is the one item, or batch_input has many -- */

struct transit_batch {
	const struct json *first; /* items, by ->next; of a body alone, itself */
	bool many;
	size_t count, failed;
};
/* 0, or refused. */
int transit_batch(struct request *r, struct transit_batch *b);
/* Once nothing refuses the whole any more: opens batch_results. */
void transit_batch_begin(struct request *r, const struct transit_batch *b);
const struct json *item_next(const struct transit_batch *b, const struct json *item);
bool item_has(const struct json *item, const char *name);
const char *item_text(struct request *r, const struct json *item, const char *name); /* NULL: absent, or no text */
/* context, associated_data and key_version of an item; NULL, or what is wrong with them. */
const char *item_read(struct request *r, const struct json *item, struct transit_item *to);
/* Every item has a context, or none has: 0, or refused. *have: they do. */
int transit_same_context(struct request *r, const struct transit_batch *b, bool *have);
/* Where an item's answer goes, open for members; NULL: it is wrong and was refused, being the only one. */
struct json_writer *item_answer(struct request *r, struct transit_batch *b, const char *wrong);
void item_end(struct request *r, const struct transit_batch *b, struct json_writer *w, const struct json *item,
	      const char *wrong);
/* The status of the whole; partial: one wrong item makes it 400, or partial_failure_response_code. */
int transit_batch_end(struct request *r, const struct transit_batch *b, bool partial);

/* -- what routes lead to -- */

int transit_show(struct request *r, const struct transit_key *k, struct blob context);
int transit_key_create(struct request *r);
int transit_key_read(struct request *r);
int transit_key_list(struct request *r);
int transit_key_delete(struct request *r);
int transit_key_config(struct request *r);
int transit_key_rotate(struct request *r);
int transit_key_trim(struct request *r);
bool transit_key_exists(struct request *r);
int transit_encrypt_update(struct request *r);
int transit_decrypt_update(struct request *r);
int transit_rewrap_update(struct request *r);
int transit_datakey(struct request *r);
int transit_random(struct request *r);
int transit_hash(struct request *r);
int transit_hmac(struct request *r);
int transit_hmac_verify(struct request *r);
int transit_sign(struct request *r);
int transit_verify(struct request *r);
int transit_export(struct request *r);
int transit_backup(struct request *r);
int transit_restore(struct request *r);
int transit_wrapping_key(struct request *r);
int transit_import(struct request *r);
int transit_import_version(struct request *r);
int transit_byok(struct request *r);
int transit_csr(struct request *r);
int transit_set_certificate(struct request *r);
int transit_cache_read(struct request *r);
int transit_cache_write(struct request *r);
int transit_config_read(struct request *r);
int transit_config_write(struct request *r);
void transit_tick(struct request *r, struct mount *m);
/* What import stores and what a body asks of a new key; 0, or refused. */
int transit_settings(struct request *r, struct transit_key *k);
/* The hash that a request names, in the path or the body. */
const char *transit_hash_name(struct request *r);

#endif
