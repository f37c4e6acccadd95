/*
 * One context, its collateral and one policy in many threads at once, which verify the same and different evidence and
 * read the same bundles. Built with ThreadSanitizer, which ends the program with another status when it sees a race.
 *
 *     threads ROOTS (EVIDENCE BUNDLE VEK CHAIN SECONDS)...    files; "-": none. ROOTS is PEM, "-": the built-in roots
 *     threads race                                            a race of its own, which must be seen
 */
#include "attest/attest.h"
#include "tests/unit/attest/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 6
#define ROUNDS 12
#define CASES_MAX 16
#define CASE_WORDS 5
#define SHOWN_MAX 65536

struct shown {
	char json[SHOWN_MAX];
	struct attest_verdict verdict;
};

struct one {
	struct attest_bytes bundle;
	struct attest_request request;
	struct shown expected;
};

static struct attest *context;
static struct attest_policy *policy;
static const char policy_text[] = "accept \"any\" {\n  measurements = \"*\"\n  assurance = \"software\"\n}\n";
static struct one cases[CASES_MAX];
static size_t case_count;
static pthread_barrier_t start;

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "threads: %s\n", what);
	_Exit(1);
}

static void show(const struct attest_request *r, struct shown *to)
{
	memset(to, 0, sizeof(*to));
	attest_verify(context, r, &to->verdict);
	must(attest_verdict_json(&to->verdict, to->json, sizeof(to->json)) > 0, "no JSON");
}

static struct attest_collateral *parse(struct attest_bytes bundle)
{
	struct attest_collateral *c = NULL;
	struct attest_refusal why;

	if (bundle.size)
		must(attest_collateral_parse(context, bundle.at, bundle.size, &c, &why) == 0, "the bundle is refused");
	return c;
}

static void check(const struct one *o, const struct attest_request *r, struct shown *found)
{
	show(r, found);
	must(memcmp(&found->verdict, &o->expected.verdict, sizeof(found->verdict)) == 0 &&
	     strcmp(found->json, o->expected.json) == 0, "another verdict than alone");
}

/* Each begins with another case, so that both the same and different ones meet. */
static void *work(void *argument)
{
	size_t first = (size_t)(uintptr_t)argument / 2;
	struct shown *found = malloc(sizeof(*found));

	must(found != NULL, "no memory");
	(void)pthread_barrier_wait(&start);
	for (size_t i = 0; i < ROUNDS * case_count; i++) {
		const struct one *o = &cases[(first + i) % case_count];
		struct attest_request r = o->request;

		check(o, &r, found);
		if (i % 4)
			continue;
		r.collateral = parse(o->bundle);
		check(o, &r, found);
		attest_collateral_free((struct attest_collateral *)(uintptr_t)r.collateral);
	}
	free(found);
	return NULL;
}

static void run(void *(*function)(void *))
{
	pthread_t threads[THREADS];

	must(pthread_barrier_init(&start, NULL, THREADS) == 0, "no barrier");
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, function, (void *)(uintptr_t)i) == 0, "no thread");
	for (size_t i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0, "no end");
	(void)pthread_barrier_destroy(&start);
}

static struct attest_bytes optional(const char *path)
{
	return strcmp(path, "-") ? file_read(path) : (struct attest_bytes){ NULL, 0 };
}

static void take(char **words)
{
	struct one *o = &cases[case_count++];

	o->bundle = optional(words[1]);
	o->request = (struct attest_request){ .evidence = file_read(words[0]), .vek = optional(words[2]),
					      .chain = optional(words[3]), .now = strtoll(words[4], NULL, 10),
					      .collateral = parse(o->bundle), .policy = policy, .trailing_ok = true };
	show(&o->request, &o->expected);
	(void)printf("%s: %s\n", words[0], attest_reason_token(o->expected.verdict.refusal.reason));
}

static void *race(void *unused)
{
	static int unguarded;

	(void)unused;
	(void)pthread_barrier_wait(&start);
	for (int i = 0; i < 1000; i++)
		unguarded++;
	return NULL;
}

static void end(void)
{
	for (size_t i = 0; i < case_count; i++) {
		struct one *o = &cases[i];

		attest_collateral_free((struct attest_collateral *)(uintptr_t)o->request.collateral);
		free((void *)(uintptr_t)o->bundle.at);
		free((void *)(uintptr_t)o->request.evidence.at);
		free((void *)(uintptr_t)o->request.vek.at);
		free((void *)(uintptr_t)o->request.chain.at);
	}
	attest_policy_free(policy);
	attest_free(context);
}

int main(int argc, char **argv)
{
	struct attest_refusal why;
	struct attest_bytes roots;

	if (argc == 2 && strcmp(argv[1], "race") == 0) {
		run(race);
		return 0;
	}
	if (argc < 2 + CASE_WORDS || (argc - 2) % CASE_WORDS || (argc - 2) / CASE_WORDS > CASES_MAX)
		return 2;
	context = attest_new();
	must(context != NULL, "no context");
	roots = optional(argv[1]);
	must(!roots.size || attest_trust(context, roots.at, roots.size, &why) == 0, "the roots are refused");
	free((void *)(uintptr_t)roots.at);
	must(attest_policy_parse(policy_text, sizeof(policy_text) - 1, &policy, &why) == 0, "the policy is refused");
	for (int i = 2; i < argc; i += CASE_WORDS)
		take(argv + i);
	run(work);
	end();
	return 0;
}
