#ifndef WALK_ACTS_H
#define WALK_ACTS_H
#include "p11.h"

/*
 * What a process does to the token in a round, while others do theirs. All of
 * it is about the label "n".
 */

/* What is there before. */
enum walk_before {
	BEFORE_NOTHING,
	BEFORE_KEY,
	BEFORE_PAIR, /* an import pair */
	BEFORE_LOST, /* a key that lost its material */
	WALK_BEFORE_COUNT
};

#define WALK_CODES_MAX 6
struct walk_act {
	const char *name;
	/* false: it cannot even begin; what it did is in *rv and object */
	CK_RV (*run)(CK_OBJECT_HANDLE *object);
	unsigned before; /* those with which it makes sense, as bits */
	bool takes_object; /* needs what was there before */
	int value; /* of the material that the object then has; 0: none */
	/* whatever others do, it ends with one of these; CKR_OK ends them */
	CK_RV codes[WALK_CODES_MAX];
	bool needs_key; /* alone it is CKR_OK: only a destroyer may stop it */
	bool destroys;
	bool several; /* several keys may be there afterwards */
};
extern const struct walk_act walk_acts[];
extern const size_t walk_act_count;
/* The number of this process: "own" makes a key of its own by it. */
extern unsigned walk_process;
#define WALK_RSA 4 /* a value: of the RSA key that all share */
#define WALK_OWN 100 /* likewise, of the first process's own key */
/* Before the processes start: writes what they share. */
void walk_share(void);
const struct walk_act *walk_act_find(const char *name);

/* Makes what is there before, in *object. */
CK_RV walk_prepare(enum walk_before, CK_OBJECT_HANDLE *object);
/* The object that was there before, or CK_INVALID_HANDLE. */
CK_OBJECT_HANDLE walk_object(enum walk_before);
/* Imports the value once more into the key of that ARN: CKR_OK says that it is
 * the key's material. */
CK_RV walk_import_again(const char *arn, int value);
#endif
