#ifndef LOCALKMS_RULES_H
#define LOCALKMS_RULES_H
#include "controls.h"

/* Faults as they are asked for, and which request meets which. The caller
 * serialises. */
#define RULES_MAX 64

struct rule {
	int id; /* 0: free */
	const char *kind;
	char operation[64]; /* "": any */
	long skip; /* so many pass first */
	long every; /* then each of so many */
	long left; /* so many times; -1: for ever */
	long seen;
	struct fault_plan plan;
};

struct rules {
	struct rule rows[RULES_MAX];
	int last_id;
};

/* From the parameters of a request. False: why says what is wrong. */
bool rule_add(struct rules *, const struct web_request *, int *id, char *why,
    size_t size);
/* id 0: all. */
void rule_remove(struct rules *, int id);
void rules_meet(struct rules *, const char *operation, struct fault_plan *);
/* All of them, as JSON; appended. */
void rules_list(const struct rules *, struct buf *);
/* The names of the kinds, with a space after each; appended. */
void rules_kinds(struct buf *);
#endif
