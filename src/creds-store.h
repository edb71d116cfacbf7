#ifndef CREDS_STORE_H
#define CREDS_STORE_H
#include "creds.h"

/*
 * The credentials in use, shared by all threads: looked for when first needed,
 * again before they expire or when the service refused them, by one thread
 * while those that still can go on with the old ones.
 */
struct creds_store;
enum err creds_store_open(const struct creds_conf *, struct creds_store **);
void creds_store_close(struct creds_store *);
/* refused: the set that the service did not accept, or NULL. Release *out with
 * creds_release(); it is the refused set again when no other is found. */
enum err creds_acquire(struct creds_store *, const struct creds *refused,
    const struct deadline *, struct creds **out, struct error_info *);
/* Whether there are none, and a code of an MFA device is needed to get some.
 * No network. */
bool creds_store_needs_code(struct creds_store *);
/* Gets credentials with a code of an MFA device, where they need one: the code
 * is used up by that. */
enum err creds_log_in(struct creds_store *, struct view code,
    const struct deadline *, struct error_info *);
void creds_release(struct creds_store *, struct creds *);
#endif
