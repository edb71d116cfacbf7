#ifndef LOCALKMS_FAULTS_H
#define LOCALKMS_FAULTS_H
#include "controls.h"

/* Faults as they are asked for, and which request meets which. The caller
 * serialises. */
#define FAULTS_MAX 64

struct fault_rule {
	int id; /* 0: free */
	const char *kind;
	char operation[64]; /* "": any */
	long skip; /* so many pass first */
	long every; /* then each of so many */
	long left; /* so many times; -1: for ever */
	long matched; /* requests so far that it is for */
	struct fault_plan plan;
};

struct faults {
	struct fault_rule rows[FAULTS_MAX];
	int last_id;
};

/* From the parameters of a request. False: why says what is wrong. */
bool faults_add(struct faults *, const struct web_request *, int *id, char *why,
    size_t size);
/* id 0: all. */
void faults_remove(struct faults *, int id);
void faults_match(struct faults *, const char *operation, struct fault_plan *);
/* All of them, as JSON; appended. */
void faults_list(const struct faults *, struct buf *);
/* The names of the kinds, with a space after each; appended. */
void faults_kinds(struct buf *);
#endif
