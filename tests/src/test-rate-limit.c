/* Turns for the operations that AWS allows few of. */
#include <string.h>
#include "client-env.h"
#include "rate-limit.h"
#include "tap.h"

#define IMPORT "GetParametersForImport" /* one a second */

static struct test_clock clk;
static struct rate_limit limit;

static int64_t
now(void)
{
	return (clk.clock.mono_ms(clk.clock.ctx));
}

/* How long a try waits; -1: it gives up. */
static int64_t
wait_ms(const char *operation, int64_t allowed, bool *turn)
{
	struct deadline d = deadline_in(&clk.clock, allowed);
	int64_t slept = clk.slept_ms;

	if (!rate_limit_wait(&limit, operation, &d, turn))
		return (-1);
	return (clk.slept_ms - slept);
}

static bool
about(int64_t got, int64_t want)
{
	return (got >= want - 100 && got <= want);
}

static void
test_turns(void)
{
	bool turn = true;

	OK(wait_ms(IMPORT, 60000, &turn) == 0 && !turn,
	    "nobody waits at first");
	OK(wait_ms(IMPORT, 60000, &turn) == 0 && !turn, "nor the second");
	/* five threads, refused at once */
	for (int i = 0; i < 5; i++)
		OK(rate_limit_throttled(&limit, IMPORT, &clk.clock, false, 999),
		    "the operation has turns");
	OK(about(wait_ms(IMPORT, 60000, &turn), 1000) && turn,
	    "the first waits a second");
	OK(wait_ms(IMPORT, 500, &turn) == -1, "one without time gives up");
	OK(about(wait_ms(IMPORT, 60000, &turn), 1000),
	    "and takes no turn from the next");
	OK(about(wait_ms(IMPORT, 60000, &turn), 1000), "nor from that after");
	OK(rate_limit_throttled(&limit, IMPORT, &clk.clock, true, 5300),
	    "one that is refused in its turn");
	OK(about(wait_ms(IMPORT, 60000, &turn), 1300),
	    "moves the turns on by a part of one");
}

static void
test_others(void)
{
	bool turn = true;

	OK(!rate_limit_throttled(&limit, "Encrypt", &clk.clock, false, 1),
	    "Encrypt has no turns");
	OK(wait_ms("Encrypt", 60000, &turn) == 0 && !turn, "and never waits");
	OK(wait_ms("CreateKey", 60000, &turn) == 0,
	    "CreateKey has turns of its own");
}

static void
test_forgets(void)
{
	struct deadline d = deadline_in(&clk.clock, 1000000);
	bool turn = true;

	(void)deadline_sleep(&d, 70000);
	OK(wait_ms(IMPORT, 60000, &turn) == 0 && !turn,
	    "a quiet minute later nobody waits");
	OK(wait_ms(IMPORT, 60000, &turn) == 0 && !turn, "nor the second");
}

int
main(void)
{
	int64_t began;

	test_clock_init(&clk);
	rate_limit_init(&limit);
	began = now();
	test_turns();
	test_others();
	test_forgets();
	OK(now() >= began, "the clock did not go back");
	rate_limit_free(&limit);
	return (tap_done());
}
