#ifndef CREDS_MFA_H
#define CREDS_MFA_H
#include "creds.h"

/*
 * The session of a role that wants a code of an MFA device. A code is good
 * once: what it bought is shared with the AWS command line, and with other
 * processes, in the command line's cache and form.
 */
/* That of the profile in use, if it has not ended. ERR_NO_CREDS: none. */
creds_load_fn creds_mfa_load;
/* Keeps it there for others. */
enum err creds_mfa_keep(
    const struct creds_search *, const struct creds *, struct error_info *);
#endif
