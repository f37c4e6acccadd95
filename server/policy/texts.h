/* Policies that the server brings. */
#ifndef ADYTON_SERVER_POLICY_TEXTS_H
#define ADYTON_SERVER_POLICY_TEXTS_H

extern const char policy_wrapping_text[]; /* "response-wrapping": what a wrapping token may do */

#endif
