#ifndef LOCAL_H
#define LOCAL_H
#include <stdbool.h>
#include "auth.h"
#include "call.h"
#include "controls.h"
#include "crypto.h"

/*
 * A local KMS without its HTTP server: requests are signed and handed to it
 * as the server would. Whatever fails in the kit itself ends the test.
 */
struct local {
	struct service service;
	struct sigv4 *sigv4;
	char dir[64];
	const char *region; /* whose keys are meant; may be changed */
	int status; /* of the last answer */
	struct buf body;
	struct arena arena;
	const struct json_node
	    *reply; /* the body read; NULL when it is no JSON */
};

/* On an empty store in a folder of its own. */
void local_open(struct local *);
/* On the store in that folder, which may be there already. */
void local_open_at(struct local *, const char *dir);
/* Closes the store and opens it anew, as after the end of the process. */
void local_reopen(struct local *);
void local_close(struct local *);
/* As local_close(), but the store stays. */
void local_leave(struct local *);

/* One request; true: it was answered with 200. */
bool local_call(struct local *, const char *operation, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* One request, whatever the answer. */
void local_send(struct local *, const char *operation, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* True: it was answered with that exception. */
bool local_refused(struct local *, const char *exception, const char *operation,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A member of the last reply, "KeyMetadata.KeyId": its text, "true" or
 * "false"; "" where there is none. Valid until the next call. */
const char *local_text(const struct local *, const char *path);
/* What was said in an error, "" for none. */
const char *local_message(const struct local *);
/* One request to the control address: "POST", "/clock", "forward=5". */
bool local_control(
    struct local *, const char *method, const char *path, const char *query);

/* Creates a key with these further members of the request; its id, which the
 * caller frees. */
char *local_key(struct local *, const char *members);
/* Imports clear material as AWS's documents say to do it: wraps it here.
 * more: further members. True: it was taken. */
bool local_import(struct local *, const char *key, struct view clear,
    const char *algorithm, const char *wrapping_key, const char *more);
/* Base64, which the caller frees. */
char *local_base64(struct view);
/* The bytes of a member that is base64; appended. */
void local_bytes(const struct local *, const char *path, struct buf *out);
#endif
