#ifndef FAKE_STORE_H
#define FAKE_STORE_H
#include <stdint.h>
#include "buf.h"
#include "kms-words.h"
#include "scheduler.h"

/*
 * What the fake KMS keeps: keys and names, each with all that it ever was, for
 * a reader may be given an older answer until the item has settled.
 */
#define FAKE_KEYS_EACH 8 /* made by one caller in one run */
#define FAKE_KEYS_MAX ((CALLERS_MAX + 1) * FAKE_KEYS_EACH)
#define FAKE_NAMES_MAX 48
#define FAKE_MATERIAL_MAX 192
#define FAKE_MATERIALS_MAX 4
#define FAKE_SETTLE_MS 4000 /* answers may be late for so long */

struct fake_key {
	char id[37], arn[96], spec[32], usage[32], description[256];
	bool generated; /* Origin AWS_KMS */
	int maker; /* caller */
	double created;
	/* all that were imported, in that order: the last is current */
	struct {
		uint8_t bytes[FAKE_MATERIAL_MAX];
		size_t len;
	} materials[FAKE_MATERIALS_MAX];
	unsigned material_count;
};
struct fake_name {
	char alias[257];
};

/*
 * The value of an item; 0: it is not there. Of a name the key's place + 1. Of a
 * key its enum kms_key_state and whether it has material; beyond these bits, how
 * many materials it ever had.
 */
enum {
	FAKE_STATE = 7,
	FAKE_HAS_MATERIAL = 8,
	FAKE_MATERIALS = 16 /* the lowest bit of their number */
};

struct fake_store {
	struct fake_key keys[FAKE_KEYS_MAX];
	struct fake_name names[FAKE_NAMES_MAX];
	int name_count;
	unsigned made[CALLERS_MAX + 1];
};
extern struct fake_store fake;

/* Items, as steps use them. */
#define ITEM_KEYS STEP_LOCKS_MAX /* the list of them */
#define ITEM_ALIASES (ITEM_KEYS + 1) /* the list of them */
#define ITEM_KEY (ITEM_ALIASES + 1) /* + its place */
#define ITEM_ALIASES_OF (ITEM_KEY + FAKE_KEYS_MAX) /* + the key's place */
#define ITEM_NAME (ITEM_ALIASES_OF + FAKE_KEYS_MAX) /* + its place */
#define ITEM_COUNT (ITEM_NAME + FAKE_NAMES_MAX)

/* How answers are late. LATE_SOME: any of those that may be, so many of a
 * caller's; LATE_ALL: each that may be, and as late as can be. */
enum late_kind { LATE_NONE, LATE_SOME, LATE_ALL };
void fake_store_reset(enum late_kind, unsigned late_answers);

int item_now(int item); /* the truth */
void item_set(int item, int value);
/* What this caller is given. */
int item_read(int item);
/* Calls use() for each value that it may be given. */
void item_each(int item, void (*use)(struct step *, int value), struct step *);
/* Whether it may be told that the item is not there yet. */
bool item_may_be_missing(int item);
/* After each step: what the caller knows by now. */
void items_learn(void);

/* The place of a key by id or ARN; -1: there never was one. */
int fake_key_find(const char *name);
/* The place of a name, which gets one when it has none. */
int fake_name_place(const char *alias);
#endif
