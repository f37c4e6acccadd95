/*
 * Why something that a user asked for failed: one sentence that names the step, what was expected and what was found.
 */
#ifndef ADYTON_IMAGE_FAIL_H
#define ADYTON_IMAGE_FAIL_H

struct fail {
	char text[2048];
};

/* Set the sentence; always returns -1, so that `return fail(...)` ends a step. */
int fail(struct fail *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
