#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explore.h"

#define NODES_MAX 4096

/* How many steps of each caller are known. */
struct clock_of {
	unsigned steps[CALLERS_MAX];
};

struct node {
	unsigned answers; /* 0: a caller is chosen */
	unsigned chosen; /* the caller, or the answer */
	/* sets of callers */
	unsigned enabled, wanted, done, asleep;
	unsigned preemptions; /* up to here */
	struct step step;
	struct clock_of before, after; /* what its caller knows */
};

static struct {
	enum explore_kind kind;
	unsigned preemptions, random;
	const char *replay;
	struct node nodes[NODES_MAX];
	size_t count; /* nodes of this path */
	size_t at; /* in this run */
	unsigned asleep; /* callers that need not be tried next */
	int last; /* caller */
	struct clock_of clocks[CALLERS_MAX], locks[STEP_LOCKS_MAX];
} x;

void
step_use(struct step *s, int item, enum use use)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->uses[i].item == item && s->uses[i].use == use)
			return;
	if (s->count == STEP_USES_MAX)
		abort();
	s->uses[s->count].item = item;
	s->uses[s->count++].use = use;
}

bool
steps_commute(const struct step *a, const struct step *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->uses[i].item == b->uses[j].item &&
			    (a->uses[i].use != b->uses[j].use ||
				a->uses[i].use == USE_WRITE))
				return (false);
	return (true);
}

static unsigned
bit(int caller)
{
	return (1U << (unsigned)caller);
}

static void
join(struct clock_of *to, const struct clock_of *from)
{
	for (int i = 0; i < CALLERS_MAX; i++)
		if (to->steps[i] < from->steps[i])
			to->steps[i] = from->steps[i];
}

void
explore_start(
    enum explore_kind kind, unsigned preemptions_or_seed, const char *replay)
{
	x.kind = kind;
	x.preemptions = preemptions_or_seed;
	x.random = preemptions_or_seed * 2654435761U + 1;
	x.replay = replay;
	x.count = 0;
}

void
explore_begin_run(void)
{
	x.at = 0;
	x.asleep = 0;
	x.last = -1;
	memset(x.clocks, 0, sizeof(x.clocks));
	memset(x.locks, 0, sizeof(x.locks));
	if (x.kind == EXPLORE_RANDOM)
		x.count = 0;
}

static unsigned
random_below(unsigned n)
{
	x.random = x.random * 1664525U + 1013904223U;
	return ((x.random >> 8) % n);
}

/* The next choice of the text that is replayed; past its end the first. */
static unsigned
replayed(char zero, unsigned otherwise)
{
	if (x.replay == NULL || *x.replay == '\0')
		return (otherwise);
	return ((unsigned)(*x.replay++ - zero));
}

static unsigned
lowest(unsigned set)
{
	unsigned n = 0;

	while ((set >> n & 1) == 0)
		n++;
	return (n);
}

/* The callers that may go on without too many interruptions. */
static unsigned
allowed(unsigned enabled, unsigned preemptions)
{
	if (x.kind == EXPLORE_PREEMPTIONS && x.last >= 0 &&
	    (enabled & bit(x.last)) != 0 && preemptions >= x.preemptions)
		return (bit(x.last));
	return (enabled);
}

static unsigned
count_bits(unsigned set)
{
	unsigned n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return (n);
}

/* A new node; false: all that could come now was seen. */
static bool
choose_caller(struct node *n, unsigned enabled, unsigned preemptions)
{
	unsigned may = allowed(enabled, preemptions) & ~x.asleep;

	if (may == 0)
		return (false);
	memset(n, 0, offsetof(struct node, step));
	n->enabled = enabled;
	n->asleep = x.asleep;
	n->preemptions = preemptions;
	if (x.last >= 0 && (may & bit(x.last)) != 0)
		n->chosen = (unsigned)x.last;
	else
		n->chosen = lowest(may);
	if (x.kind == EXPLORE_RANDOM && random_below(3) != 0) {
		for (unsigned i = random_below(count_bits(may)); i > 0; i--)
			may &= may - 1;
		n->chosen = lowest(may);
	}
	if (x.kind == EXPLORE_REPLAY)
		n->chosen = replayed('a', n->chosen);
	n->wanted = x.kind == EXPLORE_PREEMPTIONS ? may : 1U << n->chosen;
	return (true);
}

/* The caller must be tried before the step of that node. */
static void
want(struct node *n, int caller, const struct clock_of *cause, size_t from)
{
	unsigned set = 0;

	if ((n->enabled & bit(caller)) != 0) {
		n->wanted |= bit(caller);
		return;
	}
	/* it could not go on there: who made that it could */
	for (size_t i = from; i < x.at; i++) {
		const struct node *m = &x.nodes[i];

		if (m->answers == 0 && (n->enabled & 1U << m->chosen) != 0 &&
		    m->after.steps[m->chosen] <= cause->steps[m->chosen])
			set |= 1U << m->chosen;
	}
	if (set == 0)
		n->wanted |= n->enabled;
	else if ((n->wanted & set) == 0)
		n->wanted |= 1U << lowest(set);
}

/* The step that is about to be made, and those before it that it could have
 * come before. */
static void
order(struct node *now, int caller)
{
	struct clock_of *clock = &x.clocks[caller];

	for (size_t i = x.at; i-- > 0;) {
		struct node *n = &x.nodes[i];

		if (n->answers != 0 || n->chosen == (unsigned)caller ||
		    n->after.steps[n->chosen] <= clock->steps[n->chosen] ||
		    steps_commute(&n->step, &now->step))
			continue;
		if (x.kind == EXPLORE_ALL)
			want(n, caller, clock, i + 1);
		join(clock, &n->after);
	}
	clock->steps[caller]++;
	if (now->step.lock >= 0)
		join(clock, &x.locks[now->step.lock]);
	now->after = *clock;
}

/* Whether the run has come to the node as the one before did, which went
 * another way from the last node on. */
static bool
is_as_before(const struct node *n, unsigned enabled, const struct step *pending)
{
	return (n->answers == 0 && n->enabled == enabled &&
		(x.at + 1 == x.count ||
		    strcmp(n->step.text, pending[n->chosen].text) == 0));
}

int
explore_caller(unsigned enabled, const struct step *pending)
{
	struct node *n = &x.nodes[x.at];
	unsigned preemptions = 0;
	bool fresh = x.at >= x.count;

	if (x.at == NODES_MAX)
		abort();
	for (size_t i = x.at; i-- > 0;)
		if (x.nodes[i].answers == 0) {
			preemptions = x.nodes[i].preemptions;
			break;
		}
	if (fresh && !choose_caller(n, enabled, preemptions))
		return (EXPLORE_SEEN);
	if (!fresh && !is_as_before(n, enabled, pending)) {
		fprintf(
		    stderr, "a run is not like the last at step %zu\n", x.at);
		abort();
	}
	if (fresh)
		x.count++;
	n->step = pending[n->chosen];
	n->preemptions = preemptions + (x.last >= 0 &&
					   (unsigned)x.last != n->chosen &&
					   (enabled & bit(x.last)) != 0);
	x.last = (int)n->chosen;
	if (x.kind == EXPLORE_ALL) {
		x.asleep = (n->asleep | n->done) & ~(1U << n->chosen);
		for (int i = 0; i < CALLERS_MAX; i++)
			if ((x.asleep & bit(i)) != 0 &&
			    !steps_commute(&pending[i], &n->step))
				x.asleep &= ~bit(i);
	}
	order(n, (int)n->chosen);
	x.at++;
	return ((int)n->chosen);
}

unsigned
explore_answer(unsigned count)
{
	struct node *n = &x.nodes[x.at];

	if (count < 2)
		return (0);
	if (x.at == NODES_MAX)
		abort();
	if (x.at++ < x.count) {
		if (n->answers != count) {
			fprintf(stderr, "a run is not like the last at %zu\n",
			    x.at);
			abort();
		}
		return (n->chosen);
	}
	x.count++;
	memset(n, 0, offsetof(struct node, step));
	n->answers = count;
	if (x.kind == EXPLORE_RANDOM && random_below(2) == 0)
		n->chosen = random_below(count);
	if (x.kind == EXPLORE_REPLAY)
		n->chosen = replayed('0', 0);
	return (n->chosen);
}

/* Goes back to the last node that has another choice. */
bool
explore_end_run(void)
{
	if (x.kind == EXPLORE_RANDOM)
		return (true);
	if (x.kind == EXPLORE_REPLAY)
		return (false);
	for (; x.count > 0; x.count--) {
		struct node *n = &x.nodes[x.count - 1];
		unsigned left;

		if (n->answers != 0) {
			if (++n->chosen < n->answers)
				return (true);
			continue;
		}
		n->done |= 1U << n->chosen;
		left = n->wanted & ~n->done & ~n->asleep;
		if (left != 0) {
			n->chosen = lowest(left);
			return (true);
		}
	}
	return (false);
}

const char *
explore_text(void)
{
	static char text[NODES_MAX + 1];

	for (size_t i = 0; i < x.at; i++)
		text[i] = (char)((x.nodes[i].answers == 0 ? 'a' : '0') +
				 (char)x.nodes[i].chosen);
	text[x.at] = '\0';
	return (text);
}

struct stamp
explore_stamp(int caller)
{
	return ((struct stamp){
	    caller, caller < 0 ? 0 : x.clocks[caller].steps[caller]});
}

bool
explore_knows(int caller, struct stamp s)
{
	return (s.caller < 0 ||
		(caller >= 0 && x.clocks[caller].steps[s.caller] >= s.step));
}

void
explore_barrier(void)
{
	for (int i = 1; i < CALLERS_MAX; i++)
		join(&x.clocks[0], &x.clocks[i]);
	for (int i = 1; i < CALLERS_MAX; i++)
		x.clocks[i] = x.clocks[0];
}

void
explore_unlock(int caller, int lock)
{
	x.locks[lock] = x.clocks[caller];
}
