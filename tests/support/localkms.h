#ifndef LOCALKMS_H
#define LOCALKMS_H
#include <stdbool.h>
#include "auth/auth.h"
#include "call/call.h"
#include "control/controls.h"
#include "crypto.h"

/*
 * A local KMS without its HTTP server: requests are signed and handed to it
 * as the server would. Whatever fails in the kit itself ends the test.
 */
struct localkms {
	struct service service;
	struct sigv4 *sigv4;
	char dir[64];
	const char *region; /* whose keys are meant; may be changed */
	int status; /* of the last answer */
	struct buf body;
	struct pool pool;
	const struct json_node
	    *reply; /* the body read; NULL when it is no JSON */
};

/* On an empty store in a folder of its own. */
void localkms_open(struct localkms *);
/* On the store in that folder, which may be there already. */
void localkms_open_at(struct localkms *, const char *dir);
/* Closes the store and opens it anew, as after the end of the process. */
void localkms_reopen(struct localkms *);
void localkms_close(struct localkms *);
/* As localkms_close(), but the store stays. */
void localkms_leave(struct localkms *);

/* One request; true: it was answered with 200. */
bool localkms_call(struct localkms *, const char *operation, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* One request, whatever the answer. */
void localkms_send(struct localkms *, const char *operation, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* True: it was answered with that exception. */
bool localkms_refused(struct localkms *, const char *exception,
    const char *operation, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A member of the last reply, "KeyMetadata.KeyId": its text, "true" or
 * "false"; "" where there is none. Valid until the next call. */
const char *localkms_text(const struct localkms *, const char *path);
/* What was said in an error, "" for none. */
const char *localkms_message(const struct localkms *);
/* One request to the control address: "POST", "/clock", "forward=5". */
bool localkms_control(
    struct localkms *, const char *method, const char *path, const char *query);
/* The same to /faults with a body: "fault=reply", "{\"KeyId\":null}". */
bool localkms_fault(struct localkms *, const char *query, struct view body);

/* Creates a key with these further members of the request; its id, which the
 * caller frees. */
char *localkms_key(struct localkms *, const char *members);
/* Imports clear material as AWS's documents say to do it: wraps it here.
 * more: further members. True: it was taken. */
bool localkms_import(struct localkms *, const char *key, struct view clear,
    const char *algorithm, const char *wrapping_key, const char *more);
/* Base64, which the caller frees. */
char *localkms_base64(struct view);
/* The bytes of a member that is base64; appended. */
void localkms_bytes(const struct localkms *, const char *path, struct buf *out);
#endif
