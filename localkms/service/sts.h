#ifndef LOCALKMS_STS_H
#define LOCALKMS_STS_H
#include "call/call.h"

/*
 * As much of AWS STS as tests of credentials need, in its Query protocol:
 * GetCallerIdentity, AssumeRole (with MFA), AssumeRoleWithWebIdentity.
 */

/* Whether a request is meant for STS. */
bool sts_is_request(const struct web_request *);
void sts_answer(
    struct service *, const struct web_request *, struct web_reply *);
#endif
