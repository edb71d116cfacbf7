#ifndef IDENTITY_H
#define IDENTITY_H
#include "clock.h"
#include "error-info.h"
#include "kms.h"

struct client;
struct request;

/* For people: where the credentials come from, and the access key. */
enum err client_credentials(struct client *, const struct deadline *,
    char *text, size_t size, struct error_info *);
/* The ARN of the caller, by AWS STS. */
enum err client_identity(struct client *, const struct deadline *,
    char arn[KMS_ID_SIZE], struct error_info *);
/*
 * After a try of a request: the log's line of what is in use, once for each
 * client. Its caller's ARN is asked of STS for a second at most, and never
 * longer than a quarter of what is left of the request's deadline; not at all
 * where KMS did not answer, nor with an endpoint of KMS that is not AWS's own
 * and none for STS: that KMS's credentials are not for AWS to see.
 */
void client_announce(struct request *);
#endif
