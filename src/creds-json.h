#ifndef CREDS_JSON_H
#define CREDS_JSON_H
#include "creds.h"
#include "json.h"

/* Credentials as a program, an endpoint or a file gives them in JSON: the texts
 * that a table of a source's own puts here. Secret: creds_json_free() it. */
struct creds_json {
	char access_key[129];
	char secret[257];
	char token[16385];
	char expiration[64]; /* a date; "": none */
};
#define CREDS_JSON_FIELD(member, name) \
	JSON_FIELD(struct creds_json, member, name, TEXT)
/* As a container's and an instance's endpoint name them. */
extern const struct json_field creds_json_of_machine[];

/* Zeroed; NULL: no memory. */
struct creds_json *creds_json_new(void);
void creds_json_free(struct creds_json *);
/*
 * Takes them over. what: their giver, for the message. ERR_CREDS when one is
 * missing or wrong, or when they have ended already.
 */
enum err creds_json_take(const struct creds_search *, const struct creds_json *,
    const char *what, struct creds *, struct error_info *);
/* The same of a service that has made them just now: when they have ended, this
 * machine's clock is wrong or the service cannot renew them at the moment, so
 * they are used, and asked for again soon. */
enum err creds_json_take_new(const struct creds_search *,
    const struct creds_json *, const char *what, struct creds *,
    struct error_info *);
#endif
