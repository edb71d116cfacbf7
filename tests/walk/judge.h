#ifndef WALK_JUDGE_H
#define WALK_JUDGE_H
#include "acts.h"

/* What a round of the walk was, and whether what came of it may be. */

#define WALK_PROCESSES_MAX 16
#define WALK_REGION "eu-west-1" /* where replicas are */

/* A round, which its number decides. */
struct walk_round {
	unsigned number, processes, delay_ms;
	bool share_state, faults, quotas, schedules, replicas;
	enum walk_before before;
	const struct walk_act *acts[2]; /* of the even and the odd ones */
};

/* What a process tells. */
struct walk_result {
	unsigned long rv;
	long ms;
	char arn[256];
};
extern struct walk_result walk_results[WALK_PROCESSES_MAX];

/* The round is not good, and why. */
void walk_bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* prepared: the ARN of the key that was there before, or "-". */
void judge(const struct walk_round *, const char *prepared);
/* The keys of this process's Region, without a round. */
CK_RV judge_region(void);
/* There is no key. */
bool judge_is_empty(void);
#endif
