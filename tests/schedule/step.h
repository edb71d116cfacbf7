#ifndef STEP_H
#define STEP_H
#include <stdbool.h>
#include <stddef.h>

/*
 * A step: one request to KMS, or the taking of one file lock. Everything that
 * callers share is an item; two steps commute, unless they use the same item
 * and the order of these uses can be seen.
 */
#define CALLERS_MAX 3
#define STEP_USES_MAX 24
#define STEP_LOCKS_MAX 32 /* items from 0 on */

enum use { USE_READ, USE_ADD, USE_WRITE }; /* two USE_ADDs commute */

struct step {
	char text[128]; /* for people */
	struct {
		int item;
		enum use use;
	} uses[STEP_USES_MAX];
	size_t count;
	int lock; /* the lock that it takes, or -1 */
	/* Fills in the rest anew, since what it uses may change while it is
	 * pending; NULL: it does not. */
	void (*describe)(struct step *, const void *request);
	const void *request;
};

void step_use(struct step *, int item, enum use);
bool steps_commute(const struct step *, const struct step *);
#endif
