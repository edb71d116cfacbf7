#ifndef MACHINE_H
#define MACHINE_H
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "scheduler.h"

/*
 * Machines: tokens of the module in this process, one a caller, before the fake
 * KMS. They share nothing but what is in KMS and, if told so, a state
 * directory.
 */

/* lines: of each token's section, one of a caller's own (NULL: none). */
struct machine_conf {
	bool share_state;
	const char *all, *of[CALLERS_MAX];
};
/* Starts them anew, without keys or files. They end the program when they
 * cannot. */
void machines_start(const struct machine_conf *);
void machines_stop(void);
/* The next process of the same machine. */
CK_SESSION_HANDLE machine_session(int caller);
/* Whether a file in a state directory leads to the key: names its id, or its
 * description's nonce. */
bool machines_have_journal(const char *key_id, const char *description);
/* At the end of all. */
void machines_remove(void);
#endif
