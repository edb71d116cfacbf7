#ifndef LOCALKMS_FAULTS_H
#define LOCALKMS_FAULTS_H
#include <stdint.h>
#include "http/web.h"
#include "key/key.h"

/* The faults that tests asked for, and which request meets which. The caller
 * holds a lock. */

enum fault_moment {
	FAULT_NONE,
	FAULT_BEFORE, /* the operation is not run */
	FAULT_AFTER, /* it is run, and its answer is spoilt */
	FAULT_REPLY, /* a reply without exception is edited */
};
enum fault_body {
	BODY_AS_IS,
	BODY_GARBAGE, /* bytes that are no JSON */
	BODY_WRONG_TYPE, /* each member an array */
	BODY_LARGE, /* padded to size */
	BODY_HTML, /* a page, as a proxy's */
};

/* What a request meets. */
struct fault_plan {
	enum fault_moment moment; /* BEFORE: the operation is not run */
	enum web_delivery delivery;
	enum fault_body body;
	int status; /* BEFORE, when an answer goes: HTTP's and AWS's name */
	char exception[64];
	char message[256];
	int64_t delay_ms;
	size_t size;
};

#define FAULTS_MAX 64

struct fault {
	int id; /* 0: free */
	const char *kind;
	char operation[64]; /* "": any */
	long skip; /* so many pass first */
	long every; /* then each of so many */
	long left; /* so many times; -1: for ever */
	long matched; /* requests so far that it is for */
	struct fault_plan plan;
	char key[KEY_ID_SIZE]; /* REPLY: which must occur in it; "": any */
	struct buf text; /* REPLY: what was sent with the request for it */
};

/* How a reply is edited. */
struct reply_edit {
	bool whole; /* text is the new body, else a JSON merge patch */
	int status; /* HTTP's */
	int64_t delay_ms;
	char key[KEY_ID_SIZE]; /* the rows of a list that it is for; "": all */
	struct buf text; /* freed by the caller */
};

struct faults {
	struct fault rows[FAULTS_MAX];
	int last_id;
};

/* From the parameters of a request. False: why says what is wrong. */
bool faults_add(struct faults *, const struct web_request *, int *id, char *why,
    size_t size);
/* id 0: all. */
void faults_remove(struct faults *, int id);
void faults_match(struct faults *, const char *operation, struct fault_plan *);
/* The next edit that a reply meets; *next begins with 0. False: no more. */
bool faults_next_edit(struct faults *, const char *operation, struct view reply,
    size_t *next, struct reply_edit *);
/* Copies those in force; returns how many. */
size_t faults_list(const struct faults *, struct fault out[FAULTS_MAX]);
/* The names of the kinds, with a space after each; appended. */
void faults_print_kinds(struct buf *);
#endif
