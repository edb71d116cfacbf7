#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake-kms.h"
#include "rules.h"
#include "scene.h"
#include "tap.h"

/*
 * Runs the scenes.
 *
 *   schedules                       a sample of orders, as TAP
 *   schedules all [SCENE [MODE]]    every order; SCENE "": of all scenes
 *   schedules rules                 each rule of the module left out, as TAP
 *   schedules replay SCENE MODE TROUBLE CALLER AT CHOICES
 *
 * The last prints the steps of an order that the others found to be wrong.
 * $KEYFERRY_SCHEDULES_MOST: no more runs of each than that.
 */
#define NO_BOUND 1000 /* of interruptions */
#define SAMPLE_FIRST 6 /* runs in their order */
#define SAMPLE_RANDOM 6
#define RULE_RUNS 3000 /* in which a rule that is left out is noticed */

struct mode {
	const char *name;
	enum explore_kind explore;
	unsigned preemptions;
	enum time_kind time;
	enum late_kind late;
	unsigned late_answers; /* of each caller */
	bool trouble; /* each in its turn */
};
static const struct mode modes[] = {
    {"together", EXPLORE_ALL, 0, TIME_TOGETHER, LATE_NONE, 0, false},
    {"apart", EXPLORE_ALL, 0, TIME_APART, LATE_NONE, 0, false},
    {"together-late", EXPLORE_ALL, 0, TIME_TOGETHER, LATE_ALL, 0, false},
    {"apart-late", EXPLORE_ALL, 0, TIME_APART, LATE_ALL, 0, false},
    {"together-some-late", EXPLORE_ALL, 0, TIME_TOGETHER, LATE_SOME, 2, false},
    {"apart-some-late", EXPLORE_ALL, 0, TIME_APART, LATE_SOME, 1, false},
    {"trouble", EXPLORE_ALL, 0, TIME_TOGETHER, LATE_NONE, 0, true},
    {"trouble-late", EXPLORE_ALL, 0, TIME_TOGETHER, LATE_ALL, 0, true},
    {"three", EXPLORE_PREEMPTIONS, 2, TIME_TOGETHER, LATE_NONE, 0, false},
    {"three-late", EXPLORE_PREEMPTIONS, 2, TIME_TOGETHER, LATE_ALL, 0, false},
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

/* One exploration: a scene, a mode, a trouble. */
struct exploration {
	const struct scene *scene;
	const struct mode *mode;
	struct trouble trouble;
	unsigned rules; /* of the fake KMS */
	unsigned long runs, seen, most; /* most: 0: no end */
	bool unfinished; /* there were more than most */
	bool trouble_came; /* in any run */
	char wrong[256], choices[4097]; /* of the first that is */
	struct outcomes *outcomes; /* gathered where it is not NULL */
};

/* What came of the runs, each once. */
#define OUTCOMES_MAX 64
struct outcomes {
	size_t count;
	char texts[OUTCOMES_MAX][SCENE_TEXT_MAX];
};

static bool
is_outcome(const struct outcomes *o, const char *text)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->texts[i], text) == 0)
			return (true);
	return (false);
}

static void
add_outcome(struct outcomes *o)
{
	char text[SCENE_TEXT_MAX];

	scene_tell(text);
	if (is_outcome(o, text))
		return;
	if (o->count == OUTCOMES_MAX)
		abort();
	memcpy(o->texts[o->count++], text, sizeof(text));
}

static enum judgement
judgement_of(const struct mode *m, bool troubled)
{
	if (troubled)
		return (JUDGE_LOSSES);
	if (m->time == TIME_TOGETHER)
		return (JUDGE_ALL);
	return (m->late == LATE_NONE ? JUDGE_LAST : JUDGE_LOSSES);
}

static void
run_once(struct exploration *x)
{
	const struct scene *s = x->scene;
	enum run_end end;
	bool happened;

	fake_kms_reset(x->rules, x->mode->late, x->mode->late_answers);
	scene_begin(s);
	end = scheduler_run(
	    scene_act, s->callers, x->mode->time, x->trouble, &happened);
	x->runs++;
	x->seen += end == RUN_SEEN;
	x->trouble_came |= happened;
	if (end == RUN_STUCK)
		fake_kms_is_wrong("the callers come to no end");
	if (end == RUN_DONE) {
		if (happened && x->trouble.kind == TROUBLE_KILL) {
			scene_judge_killed();
			scene_again(1U << (unsigned)x->trouble.caller);
		}
		if (x->outcomes != NULL)
			add_outcome(x->outcomes);
		scene_judge(judgement_of(x->mode, happened));
	}
	machines_stop();
	if (end != RUN_SEEN && fake_kms_wrong()[0] != '\0' &&
	    x->wrong[0] == '\0') {
		snprintf(x->wrong, sizeof(x->wrong), "%s", fake_kms_wrong());
		snprintf(x->choices, sizeof(x->choices), "%s", explore_text());
	}
}

/* True: nothing was wrong. */
static bool
explore_by(struct exploration *x, enum explore_kind kind, unsigned argument)
{
	unsigned long runs = 0;

	explore_start(kind, argument, NULL);
	do
		run_once(x);
	while (x->wrong[0] == '\0' && explore_end_run() &&
	       (x->most == 0 || ++runs < x->most));
	x->unfinished |= x->most != 0 && runs >= x->most;
	if (x->wrong[0] != '\0')
		printf("# %s\n# replay %s %s %d %d %u %s\n", x->wrong,
		    x->scene->name, x->mode->name, (int)x->trouble.kind,
		    x->trouble.caller, x->trouble.at, x->choices);
	return (x->wrong[0] == '\0');
}

static bool
explore(struct exploration *x)
{
	return (explore_by(x, x->mode->explore, x->mode->preemptions));
}

static bool
is_of(const struct scene *s, const struct mode *m)
{
	return ((s->callers > 2) == (m->explore == EXPLORE_PREEMPTIONS) &&
		!(m->trouble && (s->expectations & NO_FENCE) != 0));
}

/* Each trouble at each place, as long as it comes at all. */
static bool
explore_troubles(struct exploration *x)
{
	for (int kind = TROUBLE_NONE + 1; kind < TROUBLE_KINDS; kind++)
		for (int i = 0; i < x->scene->callers; i++) {
			x->trouble = (struct trouble){
			    (enum trouble_kind)kind, i, 0};
			do {
				x->trouble.at++;
				x->trouble_came = false;
				if (!explore(x))
					return (false);
			} while (x->trouble_came);
		}
	return (true);
}

static bool
explore_mode(struct exploration *x)
{
	return (x->mode->trouble ? explore_troubles(x) : explore(x));
}

static int
run_all(const char *scene, const char *mode, unsigned long most)
{
	int bad = 0;

	for (const struct scene *s = scenes; s->name != NULL; s++)
		for (size_t i = 0; i < MODES; i++) {
			struct exploration x = {.scene = s,
			    .mode = &modes[i],
			    .rules = FAKE_ALL_RULES,
			    .most = most};
			bool good;

			if ((scene != NULL && scene[0] != '\0' &&
				strcmp(scene, s->name) != 0) ||
			    (mode != NULL &&
				strcmp(mode, modes[i].name) != 0) ||
			    !is_of(s, &modes[i]))
				continue;
			good = explore_mode(&x);
			bad += !good;
			printf("%s %s %s: %lu runs, %lu of them cut%s\n",
			    good ? "good" : "BAD", s->name, modes[i].name,
			    x.runs, x.seen,
			    x.unfinished ? ", not finished" : "");
			fflush(stdout);
		}
	return (bad == 0 ? 0 : 1);
}

/* Some orders as they come, and some by chance; with troubles by chance. */
static bool
sample(struct exploration *x, unsigned seed)
{
	x->most = SAMPLE_FIRST;
	if (!x->mode->trouble && !explore(x))
		return (false);
	x->most = 1;
	for (unsigned i = 0; i < SAMPLE_RANDOM; i++) {
		unsigned n = seed * SAMPLE_RANDOM + i;

		if (x->mode->trouble)
			x->trouble = (struct trouble){
			    (enum trouble_kind)(1 + n % (TROUBLE_KINDS - 1)),
			    (int)(n / 3 % (unsigned)x->scene->callers),
			    1 + n * 7 % 13};
		if (!explore_by(x, EXPLORE_RANDOM, n))
			return (false);
	}
	return (true);
}

/* With a rule of KMS left out the scene goes wrong, and that is seen. */
static void
check_checker(const char *scene, unsigned without)
{
	for (const struct scene *s = scenes; s->name != NULL; s++) {
		struct exploration x = {.scene = s,
		    .mode = &modes[1],
		    .rules = FAKE_ALL_RULES & ~without};

		if (strcmp(s->name, scene) == 0)
			OK(!explore(&x), "%s, a rule of KMS left out: %s",
			    scene, x.wrong);
	}
}

static const struct scene *
find_scene(const char *name)
{
	const struct scene *s = scenes;

	while (s->name != NULL && strcmp(s->name, name) != 0)
		s++;
	return (s->name != NULL ? s : NULL);
}

static const struct mode *
find_mode(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(name, modes[i].name) == 0)
			return (&modes[i]);
	return (NULL);
}

/* Which scene goes wrong, in which mode, when the module leaves out a rule. */
static const struct {
	enum rule rule;
	const char *what, *scene, *mode;
} rule_rows[] = {
    {RULE_FENCE, "no fence", "destroy-pair-and-unwrap", "apart"},
    {RULE_SETTLED_LOOK, "one look at a name", "share-destroy-and-create",
	"apart-late"},
    {RULE_LOOK_BEFORE_DELETION, "no look at a name", "destroy-and-move",
	"apart"},
    {RULE_LOOK_BEFORE_DELETION, "no look at a name", "rename-and-move",
	"apart"},
    {RULE_LOOK_AFTER_LOSS, "no look at the name of a key that was lost",
	"destroy-pair-and-fill", "apart"},
    {RULE_LOOK_AFTER_SCHEDULE, "no look after a deletion without a fence",
	"create-refused-adopted", "apart"},
    {RULE_WAIT_FOR_YOUNG, "young keys are not waited for", "create-same",
	"together-late"},
    {RULE_TRUST, "names are believed", "create-attacked", "apart"},
    {RULE_JOURNAL, "no journal", "create-same", "trouble"},
    {RULE_RECORD, "no record of what was made", "rotate-same", "together"},
    {RULE_REMOVAL_JOURNAL, "no journal of a removal", "destroy-and-create",
	"trouble"},
    {RULE_LOCK, "no lock", "create-same-directory", "trouble"},
};

/* quick: those without troubles. */
static void
check_rules(unsigned long most, bool quick)
{
	for (size_t i = 0; i < sizeof(rule_rows) / sizeof(rule_rows[0]); i++) {
		struct exploration x = {.scene = find_scene(rule_rows[i].scene),
		    .mode = find_mode(rule_rows[i].mode),
		    .rules = FAKE_ALL_RULES,
		    .most = most};
		bool good;

		if (quick && x.mode->trouble)
			continue;
		rules_leave_out(rule_rows[i].rule);
		good = explore_mode(&x);
		OK(!good, "%s: %s %s, after %lu runs: %s", rule_rows[i].what,
		    x.scene->name, x.mode->name, x.runs, x.wrong);
	}
	rules_leave_out(RULE_NONE);
}

/* What is left out commutes: nothing else comes of the orders that are tried
 * than of all that there are. */
static void
check_reduction(const char *scene)
{
	static struct outcomes of_all, of_some;
	struct exploration all = {
	    .mode = &modes[0], .rules = FAKE_ALL_RULES, .outcomes = &of_all};
	struct exploration some = all;
	bool same;

	of_all.count = of_some.count = 0;
	for (all.scene = scenes; strcmp(all.scene->name, scene) != 0;)
		all.scene++;
	some.scene = all.scene;
	some.outcomes = &of_some;
	(void)explore(&some);
	(void)explore_by(&all, EXPLORE_PREEMPTIONS, NO_BOUND);
	same = of_all.count == of_some.count;
	for (size_t i = 0; i < of_all.count; i++)
		same &= is_outcome(&of_some, of_all.texts[i]);
	OK(same && some.runs < all.runs,
	    "%s: %lu of %lu orders have all %zu outcomes", scene, some.runs,
	    all.runs, of_all.count);
}

static int
run_sample(void)
{
	check_reduction("generate-two");
	check_reduction("create-attacked");
	check_checker("create-same", FAKE_ALIASES_ARE_UNIQUE);
	check_checker("create-two-values", FAKE_MATERIAL_STAYS);
	check_checker("destroy-pair-and-unwrap", FAKE_REFUSES_MATERIAL);
	check_rules(RULE_RUNS, true);
	for (const struct scene *s = scenes; s->name != NULL; s++)
		for (size_t i = 0; i < MODES; i++) {
			struct exploration x = {.scene = s,
			    .mode = &modes[i],
			    .rules = FAKE_ALL_RULES};

			if (is_of(s, &modes[i]))
				OK(sample(&x, (unsigned)(s - scenes)), "%s %s",
				    s->name, modes[i].name);
		}
	return (tap_done());
}

static int
replay(char **argv)
{
	struct exploration x = {.rules = FAKE_ALL_RULES};
	char text[SCENE_TEXT_MAX];

	x.scene = find_scene(argv[0]);
	x.mode = find_mode(argv[1]);
	if (x.scene == NULL || x.mode == NULL)
		return (2);
	x.trouble = (struct trouble){(enum trouble_kind)atoi(argv[2]),
	    atoi(argv[3]), (unsigned)atoi(argv[4])};
	scheduler_trace(true);
	explore_start(EXPLORE_REPLAY, 0, argv[5]);
	run_once(&x);
	scene_tell(text);
	printf("%s# %s\n", text,
	    x.wrong[0] != '\0' ? x.wrong : "nothing is wrong");
	return (x.wrong[0] != '\0');
}

int
main(int argc, char **argv)
{
	const char *most = getenv("KEYFERRY_SCHEDULES_MOST");

	if (argc == 8 && strcmp(argv[1], "replay") == 0)
		return (replay(argv + 2));
	if (argc == 1)
		return (run_sample());
	if (strcmp(argv[1], "rules") == 0) {
		check_rules(RULE_RUNS, false);
		return (tap_done());
	}
	return (run_all(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL,
	    most != NULL ? strtoul(most, NULL, 10) : 0));
}
