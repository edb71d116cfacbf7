#ifndef ENDPOINT_H
#define ENDPOINT_H
#include <stdbool.h>
#include "profile.h"

/* Where one AWS service is reached. */
struct endpoint {
	char url[320]; /* "https://kms.eu-west-1.amazonaws.com/" */
	char host[256]; /* as the Host header has it */
	bool custom; /* configured, rather than AWS's own */
	const char *source; /* "AWS_ENDPOINT_URL"; NULL: AWS's own */
	bool loopback; /* this machine: no proxy, and plain http is allowed */
};

/* Of what the configuration left open, profile and environment decide. */
struct endpoint_conf {
	const char *service; /* "kms": in the services section */
	const char *host; /* in names of hosts; NULL: the same */
	const char *variable; /* "AWS_ENDPOINT_URL_KMS", which stays */
	const char *region;
	const char *url; /* chosen by configuration, else NULL or "" */
	const struct profile *profile;
};

/* The host of "HOST[:PORT][/PATH]", without brackets. False: it is not of that
 * form. */
bool endpoint_host(const char *, char *out, size_t size);
bool endpoint_is_loopback(const char *host);

/* ERR_CONFIG, with what is wrong in *error. */
enum err endpoint_find(
    const struct endpoint_conf *, struct endpoint *, struct error_info *);
#endif
