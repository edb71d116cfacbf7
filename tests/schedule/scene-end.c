#include <stdio.h>
#include <string.h>
#include "fake-kms.h"
#include "keydata/names.h"
#include "scene-acts.h"

/* What came of a run, and what must be so. */

static const char *
target_of(int name)
{
	int target = item_now(ITEM_NAME + name);

	return (target == 0 ? "nothing" : fake.keys[target - 1].id);
}

void
scene_tell(char text[SCENE_TEXT_MAX])
{
	size_t n = 0;

	for (int i = 0; i < scene->callers; i++)
		n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
		    "# %c: 0x%lx %.8s\n", 'a' + i, results[i].rv,
		    results[i].key);
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		if (item_now(ITEM_KEY + i) != 0)
			n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
			    "# key %.8s: state %d, has material %d\n",
			    fake.keys[i].id,
			    item_now(ITEM_KEY + i) & FAKE_STATE,
			    (item_now(ITEM_KEY + i) & FAKE_HAS_MATERIAL) != 0);
	for (int i = 0; i < fake.name_count; i++)
		if (item_now(ITEM_NAME + i) != 0)
			n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
			    "# %.60s leads to %.8s\n", fake.names[i].alias,
			    target_of(i));
}

static bool
is_doomed(int place)
{
	return ((item_now(ITEM_KEY + place) & FAKE_STATE) ==
		KMS_STATE_PENDING_DELETION);
}

static bool
has_name(int place)
{
	for (int i = 0; i < fake.name_count; i++)
		if (item_now(ITEM_NAME + i) == place + 1)
			return (true);
	return (false);
}

static bool
is_attackers(int place)
{
	int maker = fake.keys[place].maker;

	return (maker < scene->callers && scene->acts[maker] == plant_name);
}

static void
judge_key(int place, bool finished)
{
	const struct fake_key *key = &fake.keys[place];
	int value = item_now(ITEM_KEY + place);

	if (value == 0 || is_doomed(place))
		return;
	if (is_attackers(place)) {
		if (key->material_count > 0)
			fake_kms_is_wrong("the attacker's key was filled");
		return;
	}
	if (machines_have_journal(key->id, key->description))
		return;
	if (!has_name(place) && (scene->expectations & NO_FENCE) == 0)
		fake_kms_is_wrong("%.8s has no name", key->id);
	if (finished && (value & FAKE_HAS_MATERIAL) == 0 &&
	    key->material_count == 0 &&
	    (scene->expectations & PAIR_MAY_WAIT) == 0)
		fake_kms_is_wrong("%.8s waits for ever", key->id);
}

static void
judge_result(const struct result *r)
{
	int place = fake_key_find(r->key);
	const struct fake_key *key;

	if (!r->made || r->rv != CKR_OK || place < 0 ||
	    (scene->expectations & MAY_END_ANYHOW) != 0)
		return;
	key = &fake.keys[place];
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) != KMS_STATE_ENABLED)
		fake_kms_is_wrong("%.8s is not enabled", key->id);
	else if (r->value != 0 &&
		 !view_equal(VIEW(material(r->value), 32),
		     VIEW(key->materials[key->material_count - 1].bytes, 32)))
		fake_kms_is_wrong("%.8s has other material", key->id);
	else if (!has_name(place))
		fake_kms_is_wrong("%.8s has no name", key->id);
}

static void
judge_results(enum judgement judgement)
{
	unsigned ok = 0, all = scene->expectations;
	const char *key = "";

	for (int i = 0; i < scene->callers; i++) {
		struct result *r = &results[i];

		judge_result(r);
		ok += r->rv == CKR_OK;
		if (r->rv != CKR_OK || !r->made)
			continue;
		if (key[0] != '\0' && (all & MAY_END_ANYHOW) == 0 &&
		    (strcmp(key, r->key) != 0) != ((all & KEYS_DIFFER) != 0))
			fake_kms_is_wrong("two callers have %s",
			    (all & KEYS_DIFFER) != 0 ? "one key" : "two keys");
		key = r->key;
	}
	if ((all & ONE_OK) != 0 && ok > 1)
		fake_kms_is_wrong("%u were told CKR_OK", ok);
	if ((all & LAST_OK) != 0 && judgement != JUDGE_LOSSES &&
	    results[scene->callers - 1].rv != CKR_OK)
		fake_kms_is_wrong("the last was not told CKR_OK");
	if (judgement != JUDGE_ALL)
		return;
	if ((all & ALL_OK) != 0 && ok < (unsigned)scene->callers)
		fake_kms_is_wrong(
		    "%u of %d were told CKR_OK", ok, scene->callers);
	if ((all & (ONE_OK | NOT_NONE)) != 0 && ok == 0)
		fake_kms_is_wrong("nobody was told CKR_OK");
}

/* A search finds the numbers of a label by its marker. */
static void
judge_labels(bool strict)
{
	char marker[KMS_ALIAS_SIZE];
	bool numbered = false, marked = false;

	for (int i = 0; i < fake.name_count; i++) {
		const char *alias = fake.names[i].alias;
		int place = item_now(ITEM_NAME + i) - 1;

		if (place < 0 || is_doomed(place))
			continue;
		marked |= name_is(NAME_MARKER, alias);
		if (!name_is_numbered(alias))
			continue;
		numbered = true;
		if (!name_marker(alias, marker) ||
		    item_now(ITEM_NAME + fake_name_place(marker)) != 0 ||
		    machines_have_journal(
			fake.keys[place].id, fake.keys[place].description))
			continue;
		fake_kms_is_wrong("%s has no marker", alias);
	}
	if (strict && marked && !numbered)
		fake_kms_is_wrong("a marker of a label that nobody shares");
}

void
scene_judge_killed(void)
{
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		judge_key(i, false);
}

void
scene_judge(enum judgement judgement)
{
	for (int i = 0; i < fake.name_count; i++) {
		int place = item_now(ITEM_NAME + i) - 1;

		if (place >= 0 && is_doomed(place) && !is_attackers(place) &&
		    !machines_have_journal(
			fake.keys[place].id, fake.keys[place].description))
			fake_kms_is_wrong("%s leads to %.8s, which is deleted",
			    fake.names[i].alias, fake.keys[place].id);
	}
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		judge_key(i, true);
	judge_labels(judgement == JUDGE_ALL);
	judge_results(judgement);
}
