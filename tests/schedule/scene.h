#ifndef SCENE_H
#define SCENE_H
#include "machine.h"

/* Who does what at once, and what must be so in the end. */

enum expectation {
	ALL_OK = 1 << 0, /* one key, and everybody is told CKR_OK */
	ONE_OK = 1 << 1, /* exactly one is */
	NOT_NONE = 1 << 2, /* at least one */
	PAIR_MAY_WAIT = 1 << 3, /* for its material */
	/* somebody destroys keys in use, and means it */
	MAY_END_ANYHOW = 1 << 4,
	NAMES_MOVE = 1 << 5, /* a person gives them to other keys */
};

struct scene {
	const char *name;
	int callers;
	struct machine_conf conf;
	void (*before)(void); /* long before, alone; NULL: nothing */
	caller_fn *acts[CALLERS_MAX];
	unsigned expectations;
	unsigned denied; /* callers whose imports KMS refuses, as bits */
	unsigned may_delete; /* callers that mean to delete keys in use */
};
extern const struct scene scenes[]; /* a row without a name ends them */

void scene_begin(const struct scene *);
/* What caller_fn each caller of scheduler_run() is. */
void scene_act(int caller);
/* After a run: fake_kms_wrong() says what is not so. strict: what time alone
 * decides must be so as well. */
void scene_judge(bool strict);
/* The acts of these callers once more, as by the next process. */
void scene_again(unsigned callers);
/* What came of it, a line on each caller, key and name. */
#define SCENE_TEXT_MAX 4096
void scene_tell(char text[SCENE_TEXT_MAX]);
#endif
