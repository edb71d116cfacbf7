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
	KEYS_DIFFER = 1 << 6, /* each makes one of its own */
	LAST_OK = 1 << 7, /* the last is, however long others wait */
	/* somebody may not import: one who is killed leaves a key in use to be
	 * deleted, and one may lose its name: docs/consistency.md */
	NO_FENCE = 1 << 8,
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
/* When a caller was killed: something leads to each key. */
void scene_judge_killed(void);
/* After a run: fake_kms_wrong() says what is not so. */
enum judgement {
	JUDGE_LOSSES, /* what is lost, double or left over */
	JUDGE_LAST, /* also LAST_OK: no answer was late, nobody had trouble */
	JUDGE_ALL, /* also what time alone decides */
};
void scene_judge(enum judgement);
/* The acts of these callers once more, as by the next process. */
void scene_again(unsigned callers);
/* What came of it, a line on each caller, key and name. */
#define SCENE_TEXT_MAX 4096
void scene_tell(char text[SCENE_TEXT_MAX]);
#endif
