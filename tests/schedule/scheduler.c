#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "scheduler.h"

#define STEPS_MAX 2000 /* of one run: more have no end */
#define WALL_MS INT64_C(1767225600000) /* 2026 */
#define FIRST_MS 1000000 /* of the clock that only counts: never 0 */
#define FREE (-1)

enum state { IDLE, BEFORE_STEP, ASLEEP, ENDED };

static struct caller {
	pthread_t thread;
	bool started;
	sem_t go;
	enum state state;
	bool dead;
	unsigned points; /* requests and changes so far */
	int64_t now_ms, wake_ms;
} callers[CALLERS_MAX + 1]; /* the last is SETUP */

static struct {
	sem_t stopped; /* the caller that ran did */
	caller_fn *run;
	int count;
	enum time_kind time;
	struct trouble trouble;
	bool happened, trace;
	struct step pending[CALLERS_MAX];
	int locks[STEP_LOCKS_MAX]; /* who has it, or FREE */
} s;
static _Thread_local int self = SETUP;

int
caller_self(void)
{
	return (self);
}

bool
caller_is_dead(void)
{
	return (callers[self].dead);
}

void
scheduler_trace(bool on)
{
	s.trace = on;
}

void
caller_tell(const char *fmt, ...)
{
	va_list ap;

	if (!s.trace || self == SETUP || caller_is_dead())
		return;
	va_start(ap, fmt);
	fputs("#        ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

/* Time */

static int64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return (callers[self].now_ms);
}

static int64_t
wall_ms(void *ctx)
{
	return (WALL_MS + mono_ms(ctx));
}

/* Gives the turn back, until it comes again. */
static void
stop(enum state state)
{
	callers[self].state = state;
	sem_post(&s.stopped);
	while (sem_wait(&callers[self].go) != 0)
		continue;
}

static void
sleep_ms(void *ctx, int64_t ms)
{
	struct caller *c = &callers[self];

	(void)ctx;
	caller_tell("waits %lld ms", (long long)ms);
	if (self == SETUP || c->dead || s.time == TIME_APART) {
		c->now_ms += ms;
		return;
	}
	c->wake_ms = c->now_ms + ms;
	stop(ASLEEP);
	c->now_ms = c->wake_ms;
}

const struct clock virtual_clock = {mono_ms, wall_ms, sleep_ms, NULL, NULL};

void
time_begins(void)
{
	callers[SETUP].now_ms = FIRST_MS;
}

void
time_passes(int64_t ms)
{
	callers[SETUP].now_ms += ms;
}

bool
time_is_together(void)
{
	return (s.time == TIME_TOGETHER);
}

/* The callers' side */

/* Counts what may be the last. */
static enum trouble_kind
meet_trouble(void)
{
	struct caller *c = &callers[self];

	c->points++;
	if (s.trouble.kind == TROUBLE_NONE || s.trouble.caller != self ||
	    s.trouble.at != c->points)
		return (TROUBLE_NONE);
	s.happened = true;
	caller_tell("TROUBLE %d comes here", (int)s.trouble.kind);
	if (s.trouble.kind == TROUBLE_KILL)
		c->dead = true;
	return (s.trouble.kind);
}

enum trouble_kind
caller_step(const struct step *step)
{
	if (self == SETUP)
		return (TROUBLE_NONE);
	if (caller_is_dead())
		return (TROUBLE_KILL);
	s.pending[self] = *step;
	stop(BEFORE_STEP);
	return (caller_is_dead() ? TROUBLE_KILL : meet_trouble());
}

bool
caller_lives_on(void)
{
	if (self == SETUP)
		return (true);
	if (!caller_is_dead() && s.trouble.kind == TROUBLE_KILL)
		(void)meet_trouble();
	return (!caller_is_dead());
}

bool
caller_lock(int lock, const char *name)
{
	struct step step = {.lock = lock};

	if (self == SETUP)
		return (true);
	if (caller_is_dead())
		return (false);
	snprintf(step.text, sizeof(step.text), "lock %.100s", name);
	step_use(&step, lock, USE_WRITE);
	s.pending[self] = step;
	stop(BEFORE_STEP);
	if (caller_is_dead())
		return (false);
	s.locks[lock] = self;
	return (true);
}

void
caller_unlock(int lock)
{
	if (self == SETUP || s.locks[lock] != self)
		return;
	s.locks[lock] = FREE;
	explore_unlock(self, lock);
}

static void *
caller_main(void *arg)
{
	self = (int)((struct caller *)arg - callers);
	for (;;) {
		stop(ENDED);
		s.run(self);
		/* as the end of its process would */
		for (int i = 0; i < STEP_LOCKS_MAX; i++)
			caller_unlock(i);
	}
	return (NULL);
}

/* The scheduler's side */

static void
wait_stopped(void)
{
	while (sem_wait(&s.stopped) != 0)
		continue;
}

/* Lets it run to its next stop. */
static void
go_on(int i)
{
	sem_post(&callers[i].go);
	wait_stopped();
}

static void
start_threads(int count)
{
	static bool once;

	if (!once)
		(void)sem_init(&s.stopped, 0, 0);
	once = true;
	for (int i = 0; i < count; i++) {
		if (callers[i].started)
			continue;
		(void)sem_init(&callers[i].go, 0, 0);
		callers[i].started = true;
		if (pthread_create(&callers[i].thread, NULL, caller_main,
			&callers[i]) != 0)
			abort();
		wait_stopped();
	}
}

static unsigned
in_state(enum state state)
{
	unsigned set = 0;

	for (int i = 0; i < s.count; i++)
		if (callers[i].state == state)
			set |= 1U << i;
	return (set);
}

static unsigned
can_go_on(void)
{
	unsigned set = in_state(BEFORE_STEP);

	for (int i = 0; i < s.count; i++)
		if ((set & 1U << i) != 0 && s.pending[i].lock >= 0 &&
		    s.locks[s.pending[i].lock] != FREE)
			set &= ~(1U << i);
	return (set);
}

/* To the end of the first pause. False: there is none. */
static bool
wake(void)
{
	unsigned set = in_state(ASLEEP);
	int64_t first = INT64_MAX;

	for (int i = 0; i < s.count; i++)
		if ((set & 1U << i) != 0 && callers[i].wake_ms < first)
			first = callers[i].wake_ms;
	if (set == 0)
		return (false);
	explore_barrier();
	for (int i = 0; i < s.count; i++)
		if (callers[i].state != ASLEEP)
			callers[i].now_ms = first;
	for (int i = 0; i < s.count; i++)
		if ((set & 1U << i) != 0 && callers[i].wake_ms == first)
			go_on(i);
	return (true);
}

/* Nothing that they do from now on has an effect. */
static void
end_all(void)
{
	for (int i = 0; i < s.count; i++) {
		callers[i].dead = true;
		while (callers[i].state != ENDED)
			go_on(i);
	}
}

/* As each of them sees it. */
static void
describe_pending(void)
{
	for (self = 0; self < s.count; self++)
		if (callers[self].state == BEFORE_STEP &&
		    s.pending[self].describe != NULL)
			s.pending[self].describe(
			    &s.pending[self], s.pending[self].request);
	self = SETUP;
}

static enum run_end
run_steps(void)
{
	unsigned set;
	int i;

	for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
		while ((set = can_go_on()) == 0 && wake())
			continue;
		if (set == 0)
			return (
			    in_state(BEFORE_STEP) == 0 ? RUN_DONE : RUN_STUCK);
		describe_pending();
		if ((i = explore_caller(set, s.pending)) == EXPLORE_SEEN)
			return (RUN_SEEN);
		if (s.trace)
			printf("#   %c %s\n", 'a' + i, s.pending[i].text);
		go_on(i);
	}
	return (RUN_STUCK);
}

enum run_end
scheduler_run(caller_fn *run, int count, enum time_kind time,
    struct trouble trouble, bool *happened)
{
	enum run_end end;

	start_threads(count);
	s.run = run;
	s.count = count;
	s.time = time;
	s.trouble = trouble;
	s.happened = false;
	for (int i = 0; i < STEP_LOCKS_MAX; i++)
		s.locks[i] = FREE;
	explore_begin_run();
	for (int i = 0; i < count; i++) {
		callers[i].dead = false;
		callers[i].points = 0;
		callers[i].now_ms = callers[SETUP].now_ms;
	}
	for (int i = 0; i < count; i++)
		go_on(i);
	end = run_steps();
	if (end != RUN_DONE)
		end_all();
	for (int i = 0; i < count; i++)
		if (callers[i].now_ms > callers[SETUP].now_ms)
			callers[SETUP].now_ms = callers[i].now_ms;
	*happened = s.happened;
	return (end);
}
