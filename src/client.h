#ifndef CLIENT_H
#define CLIENT_H
#include <stdbool.h>
#include "certificate-list.h"
#include "clock.h"
#include "crypto.h"
#include "err.h"
#include "kms.h"
#include "log.h"
#include "proxy.h"

/*
 * The real transport: one account and Region through one set of credentials.
 * Signs, sends, retries inside the deadline, renews credentials, corrects the
 * clock. Thread-safe: requests run in the calling threads.
 */
struct client;

struct client_conf {
	/* each NULL or "": as the AWS environment and files say */
	const char *profile, *region, *endpoint, *ca_bundle;
	const char
	    *name; /* of the token, for the log; NULL: it tells nothing */
	const struct crypto *crypto;
	const struct clock *clock;
	struct log *log; /* may be NULL */
	/* the host forbids threads: resolve names in the caller */
	bool no_threads;
	/* gets those of the endpoint; for a program with one thread; or NULL */
	struct certificate_list *certificates;
};

/* Reads the environment and files, no network. ERR_NO_REGION, ERR_CONFIG (text
 * in *error's message), ERR_MEMORY. Credentials are looked for when first
 * needed. */
enum err client_open(
    const struct client_conf *, struct client **out, struct error_info *);
const struct transport *client_transport(struct client *);
/* What was found; owned by the client. */
const char *client_region(const struct client *);
const char *client_endpoint(const struct client *);
/* The settings that say so: "AWS_REGION", "endpoint_url". NULL: an endpoint
 * that is AWS's own. */
const char *client_region_source(const struct client *);
const char *client_endpoint_source(const struct client *);
/* The proxy on the way to it. */
struct proxy client_proxy(const struct client *);
/* For people: "standard, 3 attempts". */
void client_retry_text(const struct client *, char *text, size_t size);
/* The time by the service's clock, as far as replies have shown it, in
 * milliseconds since 1970. */
int64_t client_service_ms(const struct client *);
bool client_has_service_time(const struct client *); /* a reply has shown it */
/* Whether the profile's role wants a code of an MFA device, and no session that
 * one has bought is there. No network. */
bool client_needs_code(struct client *);
/* Buys one. ERR_CREDS: AWS did not accept it; and as a request may fail. */
enum err client_log_in(struct client *, struct view code,
    const struct deadline *, struct error_info *);
/* No request may be under way. */
void client_close(struct client *);
/* In a forked child, as soon as it runs: lets go of the parent's connections
 * without a byte being sent on them. The client cannot be used or closed: what
 * curl and TLS keep for those connections is the parent's. */
void client_abandon(struct client *);
#endif
