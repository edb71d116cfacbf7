#include <stdlib.h>
#include <string.h>
#include "fake-store.h"

#define VERSIONS_MAX 48

struct version {
	int value;
	struct stamp stamp; /* of the step that wrote it */
	int64_t known_ms[CALLERS_MAX + 1]; /* since when, by its clock; -1 */
};
struct item {
	struct version versions[VERSIONS_MAX];
	int count;
};

struct fake_store fake;
static struct item items[ITEM_COUNT];
static enum late_kind late;
static unsigned late_left[CALLERS_MAX + 1];

void
fake_store_reset(enum late_kind kind, unsigned late_answers)
{
	memset(&fake, 0, sizeof(fake));
	for (int i = 0; i < ITEM_COUNT; i++)
		items[i].count = 0;
	late = kind;
	for (int i = 0; i < CALLERS_MAX; i++)
		late_left[i] = late_answers;
	late_left[SETUP] = 0;
}

static int64_t
now_ms(void)
{
	return (virtual_clock.mono_ms(NULL));
}

int
item_now(int item)
{
	const struct item *i = &items[item];

	return (i->count == 0 ? 0 : i->versions[i->count - 1].value);
}

void
item_set(int item, int value)
{
	struct item *i = &items[item];
	struct version *v;

	if (item_now(item) == value)
		return;
	if (i->count == VERSIONS_MAX)
		abort();
	v = &i->versions[i->count++];
	v->value = value;
	v->stamp = explore_stamp(caller_self() == SETUP ? -1 : caller_self());
	for (int c = 0; c <= CALLERS_MAX; c++)
		v->known_ms[c] = caller_self() == SETUP || c == caller_self() ||
					 time_is_together()
				     ? now_ms()
				     : -1;
}

static bool
is_settled(const struct version *v)
{
	int64_t since = v->known_ms[caller_self()];

	return (since != -1 && now_ms() - since >= FAKE_SETTLE_MS);
}

/* How many of the last values a reader may be given. */
static int
choices(int item)
{
	const struct item *i = &items[item];
	int n = 1;

	if (late == LATE_NONE || caller_self() == SETUP)
		return (1);
	for (int k = i->count - 1; k >= 0 && !is_settled(&i->versions[k]); k--)
		n++;
	return (n);
}

static int
value_before(int item, int ago)
{
	const struct item *i = &items[item];
	int k = i->count - 1 - ago;

	return (k < 0 ? 0 : i->versions[k].value);
}

int
item_read(int item)
{
	int n = choices(item), ago = 0;

	if (late == LATE_ALL)
		ago = n - 1;
	else if (n > 1 && late_left[caller_self()] > 0)
		ago = (int)explore_answer((unsigned)n);
	if (ago > 0 && late == LATE_SOME)
		late_left[caller_self()]--;
	if (ago > 0)
		caller_tell("late: what was %d changes before", ago);
	return (value_before(item, ago));
}

void
item_each(int item, void (*use)(struct step *, int value), struct step *step)
{
	for (int ago = choices(item) - 1; ago >= 0; ago--)
		use(step, value_before(item, ago));
}

bool
item_may_be_missing(int item)
{
	int n = choices(item);

	if (n == 1 || value_before(item, n - 1) != 0)
		return (false);
	if (late == LATE_ALL)
		return (true);
	if (late_left[caller_self()] == 0 || explore_answer(2) == 0)
		return (false);
	late_left[caller_self()]--;
	caller_tell("late: not there yet");
	return (true);
}

void
items_learn(void)
{
	int self = caller_self();

	if (late == LATE_NONE || self == SETUP)
		return;
	for (int i = ITEM_KEY; i < ITEM_COUNT; i++)
		for (int k = 0; k < items[i].count; k++) {
			struct version *v = &items[i].versions[k];

			if (v->known_ms[self] == -1 &&
			    explore_knows(self, v->stamp))
				v->known_ms[self] = now_ms();
		}
}

int
fake_key_find(const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash != NULL)
		name = slash + 1;
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		if (fake.keys[i].id[0] != '\0' &&
		    strcmp(fake.keys[i].id, name) == 0)
			return (i);
	return (-1);
}

int
fake_name_place(const char *alias)
{
	for (int i = 0; i < fake.name_count; i++)
		if (strcmp(fake.names[i].alias, alias) == 0)
			return (i);
	if (fake.name_count == FAKE_NAMES_MAX)
		abort();
	strncpy(fake.names[fake.name_count].alias, alias,
	    sizeof(fake.names[0].alias) - 1);
	return (fake.name_count++);
}
