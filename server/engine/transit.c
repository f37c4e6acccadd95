/* The paths of transit. */
#include "server/core/backends.h"
#include "server/engine/transit.h"

#define END { NULL, FIELD_ANY, NULL }

static const struct field key_fields[] = {
	{ "type", FIELD_STRING, "The kind of key: aes256-gcm96, ed25519, ecdsa-p256, rsa-2048, hmac, ..." },
	{ "derived", FIELD_BOOL, "Each context has a key of its own." },
	{ "convergent_encryption", FIELD_BOOL, "The same plaintext and context give the same ciphertext." },
	{ "exportable", FIELD_BOOL, "The key may be exported; never taken back." },
	{ "allow_plaintext_backup", FIELD_BOOL, "The key may be backed up; never taken back." },
	{ "context", FIELD_STRING, "Base64: whose public key to show of a derived key." },
	{ "auto_rotate_period", FIELD_SECONDS, "After how long a new version is made; 0: never." },
	{ "key_size", FIELD_INT, "Bytes of an HMAC key." },
	END,
};

static const struct field config_fields[] = {
	{ "min_decryption_version", FIELD_INT, "Older versions decrypt and verify no more." },
	{ "min_encryption_version", FIELD_INT, "Older versions encrypt and sign no more; 0: only the newest does." },
	{ "deletion_allowed", FIELD_BOOL, "The key may be deleted." },
	{ "exportable", FIELD_BOOL, "The key may be exported; never taken back." },
	{ "allow_plaintext_backup", FIELD_BOOL, "The key may be backed up; never taken back." },
	{ "auto_rotate_period", FIELD_SECONDS, "After how long a new version is made; 0: never." },
	END,
};

static const struct field trim_fields[] = {
	{ "min_available_version", FIELD_INT, "Older versions are erased." },
	END,
};

static const struct field import_fields[] = {
	{ "type", FIELD_STRING, "The kind of key." },
	{ "hash_function", FIELD_STRING, "Of OAEP: SHA1, SHA224, SHA256, SHA384, SHA512." },
	{ "ciphertext", FIELD_STRING, "Base64: an AES key under the wrapping key, and the material under it." },
	{ "public_key", FIELD_STRING, "A public key in PEM, instead of ciphertext." },
	{ "version", FIELD_INT, "Which version gets its private part." },
	{ "allow_rotation", FIELD_BOOL, "The key may be rotated here." },
	{ "derived", FIELD_BOOL, "Each context has a key of its own." },
	{ "exportable", FIELD_BOOL, "The key may be exported." },
	{ "allow_plaintext_backup", FIELD_BOOL, "The key may be backed up." },
	{ "auto_rotate_period", FIELD_SECONDS, "After how long a new version is made." },
	END,
};

#define ITEM_FIELDS \
	{ "context", FIELD_STRING, "Base64: which key of a derived one." }, \
	{ "associated_data", FIELD_STRING, "Base64: bound to the ciphertext, but not in it." }, \
	{ "key_version", FIELD_INT, "Which version; 0: the newest." }, \
	{ "batch_input", FIELD_ANY, "Many items instead of one." }, \
	{ "partial_failure_response_code", FIELD_INT, "The status where some items of a batch failed." }

static const struct field encrypt_fields[] = {
	{ "plaintext", FIELD_STRING, "Base64." },
	ITEM_FIELDS,
	{ "type", FIELD_STRING, "The kind of key that is made where there is none." },
	{ "convergent_encryption", FIELD_BOOL, "Of a key that is made." },
	END,
};

static const struct field decrypt_fields[] = {
	{ "ciphertext", FIELD_STRING, "What encrypting gave." },
	ITEM_FIELDS,
	END,
};

static const struct field datakey_fields[] = {
	ITEM_FIELDS,
	{ "bits", FIELD_INT, "128, 256 or 512." },
	END,
};

static const struct field random_fields[] = {
	{ "bytes", FIELD_INT, "How many." },
	{ "format", FIELD_STRING, "base64 or hex." },
	END,
};

static const struct field hash_fields[] = {
	{ "input", FIELD_STRING, "Base64." },
	{ "algorithm", FIELD_STRING, "sha2-256, ..." },
	{ "format", FIELD_STRING, "hex or base64." },
	END,
};

static const struct field sign_fields[] = {
	{ "input", FIELD_STRING, "Base64." },
	{ "signature", FIELD_STRING, "To verify: what signing gave." },
	{ "hmac", FIELD_STRING, "To verify: what an HMAC was." },
	{ "context", FIELD_STRING, "Base64: which key of a derived one." },
	{ "hash_algorithm", FIELD_STRING, "sha2-256, ..., none." },
	{ "algorithm", FIELD_STRING, "The old name of hash_algorithm." },
	{ "key_version", FIELD_INT, "Which version; 0: the newest." },
	{ "prehashed", FIELD_BOOL, "The input is a hash already." },
	{ "signature_algorithm", FIELD_STRING, "RSA: pss or pkcs1v15." },
	{ "marshaling_algorithm", FIELD_STRING, "asn1 or jws." },
	{ "salt_length", FIELD_STRING, "PSS: auto, hash, or a number." },
	{ "batch_input", FIELD_ANY, "Many items instead of one." },
	END,
};

static const struct field export_fields[] = {
	{ "format", FIELD_STRING, "raw, der or pem; absent: the usual one of the kind." },
	{ "hash", FIELD_STRING, "Of OAEP." },
	END,
};

static const struct field restore_fields[] = {
	{ "backup", FIELD_STRING, "What backup/ gave." },
	{ "force", FIELD_BOOL, "Also over a key of that name." },
	END,
};

static const struct field certificate_fields[] = {
	{ "version", FIELD_INT, "Which version; absent: the newest." },
	{ "csr", FIELD_STRING, "A request in PEM whose names to take." },
	{ "certificate_chain", FIELD_STRING, "PEM, the key's certificate first." },
	END,
};

static const struct field cache_fields[] = { { "size", FIELD_INT, "Keys kept parsed; 0: all." }, END };
static const struct field upsert_fields[] = { { "disable_upsert", FIELD_BOOL, "Encrypting makes no keys." }, END };

static const struct route transit_routes[] = {
	{ .pattern = "encrypt/{name}",
	  .update = transit_encrypt_update,
	  .exists = transit_key_exists,
	  .fields = encrypt_fields,
	  .text = "Encrypt; a missing key is made." },
	{ .pattern = "decrypt/{name}", .update = transit_decrypt_update, .fields = decrypt_fields, .text = "Decrypt." },
	{ .pattern = "rewrap/{name}",
	  .update = transit_rewrap_update,
	  .fields = decrypt_fields,
	  .text = "Encrypt anew under the newest version." },
	{ .pattern = "datakey/{plaintext}/{name}",
	  .update = transit_datakey,
	  .fields = datakey_fields,
	  .text = "A random key, under the named one." },
	{ .pattern = "keys", .list = transit_key_list, .text = "Names of keys." },
	{ .pattern = "keys/{name}",
	  .read = transit_key_read,
	  .update = transit_key_create,
	  .delete = transit_key_delete,
	  .fields = key_fields,
	  .text = "Make, show, delete a key." },
	{ .pattern = "keys/{name}/config",
	  .update = transit_key_config,
	  .fields = config_fields,
	  .text = "What may be done with a key." },
	{ .pattern = "keys/{name}/rotate", .update = transit_key_rotate, .text = "A new version." },
	{ .pattern = "keys/{name}/trim",
	  .update = transit_key_trim,
	  .fields = trim_fields,
	  .text = "Erase old versions." },
	{ .pattern = "keys/{name}/import",
	  .update = transit_import,
	  .fields = import_fields,
	  .text = "A key from outside." },
	{ .pattern = "keys/{name}/import_version",
	  .update = transit_import_version,
	  .fields = import_fields,
	  .text = "A new version from outside." },
	{ .pattern = "keys/{name}/csr",
	  .update = transit_csr,
	  .fields = certificate_fields,
	  .text = "A certificate request of the key." },
	{ .pattern = "keys/{name}/set-certificate",
	  .update = transit_set_certificate,
	  .fields = certificate_fields,
	  .text = "Keep the key's certificates beside it." },
	{ .pattern = "wrapping_key", .read = transit_wrapping_key, .text = "The public key for imports." },
	{ .pattern = "byok-export/{destination}/{source}",
	  .read = transit_byok,
	  .fields = export_fields,
	  .text = "A key under another, for import elsewhere." },
	{ .pattern = "byok-export/{destination}/{source}/{version}",
	  .read = transit_byok,
	  .fields = export_fields,
	  .text = "A version of a key under another." },
	{ .pattern = "export/{type}/{name}", .read = transit_export, .fields = export_fields, .text = "Export a key." },
	{ .pattern = "export/{type}/{name}/{version}",
	  .read = transit_export,
	  .fields = export_fields,
	  .text = "Export a version of a key." },
	{ .pattern = "backup/{name}", .read = transit_backup, .text = "A key with all its versions." },
	{ .pattern = "restore", .update = transit_restore, .fields = restore_fields, .text = "Take a backup." },
	{ .pattern = "restore/{name}",
	  .update = transit_restore,
	  .fields = restore_fields,
	  .text = "Take a backup under another name." },
	{ .pattern = "random", .update = transit_random, .fields = random_fields, .text = "Random bytes." },
	{ .pattern = "random/{source}", .update = transit_random, .fields = random_fields, .text = "Random bytes." },
	{ .pattern = "random/{source}/{urlbytes}",
	  .update = transit_random,
	  .fields = random_fields,
	  .text = "Random bytes." },
	{ .pattern = "hash", .update = transit_hash, .fields = hash_fields, .text = "Hash." },
	{ .pattern = "hash/{urlalgorithm}", .update = transit_hash, .fields = hash_fields, .text = "Hash." },
	{ .pattern = "hmac/{name}", .update = transit_hmac, .fields = sign_fields, .text = "HMAC." },
	{ .pattern = "hmac/{name}/{urlalgorithm}", .update = transit_hmac, .fields = sign_fields, .text = "HMAC." },
	{ .pattern = "sign/{name}", .update = transit_sign, .fields = sign_fields, .text = "Sign." },
	{ .pattern = "sign/{name}/{urlalgorithm}", .update = transit_sign, .fields = sign_fields, .text = "Sign." },
	{ .pattern = "verify/{name}",
	  .update = transit_verify,
	  .fields = sign_fields,
	  .text = "Verify a signature or an HMAC." },
	{ .pattern = "verify/{name}/{urlalgorithm}",
	  .update = transit_verify,
	  .fields = sign_fields,
	  .text = "Verify a signature or an HMAC." },
	{ .pattern = "cache-config",
	  .read = transit_cache_read,
	  .update = transit_cache_write,
	  .fields = cache_fields,
	  .text = "How many keys are kept parsed." },
	{ .pattern = "config/keys",
	  .read = transit_config_read,
	  .update = transit_config_write,
	  .fields = upsert_fields,
	  .text = "Whether encrypting makes keys." },
};

static const struct route_table transit_tables[] = { ROUTES(transit_routes), { .routes = NULL } };

const struct backend transit_backend = {
	.type = "transit", .class = MOUNT_SECRET, .tables = transit_tables, .open = transit_mounted,
	.close = transit_unmounted, .tick = transit_tick,
};
