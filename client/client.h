/*
 * A command line for the secrets server, as Vault's users know it. One run is one verb of verbs.def: its flags are read
 * (flags.c), it asks the server (ask.c) and shows the answer (output.c). Memory is held until the program ends
 * (keep.c).
 *
 * Exit statuses are Vault's: 0; 1 for a wrong command line; 2 when the server or the way to it says no.
 */
#ifndef ADYTON_CLIENT_CLIENT_H
#define ADYTON_CLIENT_CLIENT_H

#include "base/json.h"
#include "base/json_write.h"

#include <stdio.h>

struct client;

struct verb {
	const char *name; /* "kv get" */
	int (*run)(struct client *c);
	/* Its flags, one a word: `name` takes text, `name!` is true or false, `name*` may be given again, `name%` is
	 * again and again KEY=VALUE, `name#` takes a whole number. */
	const char *flags;
	int least, most;  /* operands; most -1: any number */
	const char *operands, *summary;
};

struct given {
	struct given *next;
	const char *name, *value;
};

struct client {
	const struct verb *verb;
	const char *called;    /* how the user calls this program: "adyton" or "vault" */
	struct given *given;   /* flags, as they came */
	char **operands;       /* NULL behind the last */
	int count;

	const char *address, *token, *name_space, *wrap_ttl, *format, *field;
	const char *ca_certificate, *ca_folder, *certificate, *key, *server_name;
	bool skip_verify, curl_string, detailed;
	long timeout;
};

/* keep.c: memory that stays until the end. What cannot be had ends the program. */
void *keep(size_t size);
char *keep_bytes(const void *bytes, size_t size); /* with a NUL behind */
char *keep_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void keep_grow(struct text *t, size_t size); /* a text's grow */
void keep_end(void);

/* flags.c */
must_check int flags_read(struct client *c, int argc, char **argv);
const char *flag(const struct client *c, const char *name); /* the last one, or NULL */
bool flag_true(const struct client *c, const char *name);
/* Members of an object from flags that were given; spec: "ttl policy:policies ..." (flag:member, else the flag's name
 * with _ for -). The kind is the flag's. */
void flags_body(const struct client *c, struct json_writer *w, const char *spec);
void flags_help(const struct verb *v, const char *called);

/* environment.c: VAULT_... or ADYTON_..., what flags do not say. */
const char *environment(const char *name);
must_check int environment_take(struct client *c);
const char *token_file(void);
must_check int token_store(const char *token);
char *token_stored(void);

/* ask.c */
struct answer {
	long status;           /* 0: there was none */
	const char *body;
	size_t size;
	const struct json *json;
	const char *error;     /* for people, when status is 0 or >= 400 */
};
/* 0 with an answer of less than 400, else -1. The path is without /v1/; body may be NULL. */
int ask(const struct client *c, const char *method, const char *path, const char *body, struct answer *a);
/* Bytes of a path or of a query as they may stand in a URL. */
char *ask_path(const char *path);
char *ask_query(const char *text);
/* As Vault's clients judge it: a 404 without data or warnings is no answer at all. */
bool answer_absent(const struct answer *a);
void answer_parse(struct answer *a);

/* value.c */
const char *value_text(const struct json *v);         /* "" where it is no string */
const char *value_name(const struct json *member);
const char *value_show(const struct json *v);         /* as one line for people */
const char *value_quoted(const struct json *list);    /* ["a" "b"] */
const char *value_duration(const struct json *v);     /* seconds as 1h5m */
bool value_is_duration(const char *name);
const struct json **value_sorted(const struct json *v, size_t *count); /* an object's members, a list's strings */
void value_write(struct json_writer *w, const char *name, const struct json *v); /* members sorted */

/* body.c */
void body_start(struct json_writer *w);               /* an open object */
const char *body_end(struct json_writer *w);
const char *body_of(const char *name, const char *value); /* {"name": "value"} */
struct pair {
	struct pair *next;
	const char *name, *json;
};
/* key=value, key=@file, key=-, @file, -: NULL and -1 with a sentence on stderr. */
must_check int pairs_read(char **operands, struct pair **pairs);
void pairs_write(struct json_writer *w, const struct pair *pairs);
const char *pair_value(const struct pair *pairs, const char *name); /* a string's text, or NULL */
char *file_read(const char *path, size_t *size);      /* "-": standard input; NULL with errno */
char *secret_prompt(const char *what);                /* from a terminal without echo, else a line; NULL: none */

/* table.c: cells in columns as wide as their widest, rows as they come. */
struct table {
	size_t columns, rows;
	const char **cells;
};
void table_row(struct table *t, size_t columns, const char *const *cells);
#define TABLE_ROW(table, ...) \
	table_row(table, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *const[]){ __VA_ARGS__ })
void table_print(const struct table *t, bool headed);

/* output.c: each returns the exit status. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool output_is_table(const struct client *c);
int output_success(const struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int output_secret(const struct client *c, const struct answer *a); /* heeds -field */
int output_map(const struct client *c, const struct json *object); /* the table of an object */
int output_field(const struct client *c, const struct json *object, const char *field);
int output_list(const struct client *c, const struct json *list);
void output_json(const struct client *c, const struct json *v);
void output_warnings(const struct answer *a);
/* "Error <doing>: <what came back>", 2. */
int output_error(const struct answer *a, const char *doing, ...) __attribute__((format(printf, 2, 3)));
void yaml_print(const struct json *v);

/* Paths as people write them: no slash at either end; or one behind. */
char *path_clean(const char *path);
char *path_closed(const char *path);
char *path_join(const char *a, const char *b, const char *c);

#define V(name, run, flags, least, most, operands, summary) int run(struct client *c);
#include "client/verbs.def"
#undef V

/* Shared by verbs. */
int status_show(const struct client *c, const struct answer *status);
int server_become(int argc, char **argv);

#endif
