#ifndef REMOVAL_H
#define REMOVAL_H
#include "alias.h"
#include "token/call.h"
#include "token/key.h"

/*
 * The trail of a key that is on its way out: a file in the state directory,
 * there from before its first name goes until it is scheduled for deletion and
 * no name leads to it. Whoever makes, imports or destroys a key next with this
 * state directory finishes what a killed call left.
 */
enum removal_kind {
	REMOVAL_TAKE_BACK, /* back-KEYID: goes only if it is empty */
	REMOVAL_DESTROY, /* destroy-KEYID: its destruction was asked for */
};
struct removal {
	enum removal_kind kind;
	char key_id[KMS_ID_SIZE];
	bool exists; /* the file does */
	/* throw-away material of the fence: whether KMS has it already, nobody
	 * may know, so each try brings the same */
	struct buf material;
	struct buf aliases; /* that led to the key, each ended by a NUL */
	/* whose replicas it schedules, each ended by a NUL: one that waited for
	 * its deletion before is not among them */
	struct buf regions;
	/* the key stays: its aliases are to lead to it again */
	enum json_bool give_back;
	double days; /* from ScheduleKeyDeletion to the end */
	double begun; /* seconds since 1970 */
	/* not in the file: by this call, and nobody else knows of the key */
	bool just_made;
	/* nor this: it goes, too, where its material is gone */
	bool emptied;
	int lock;
};
#define REMOVAL_MATERIAL_MAX 8192
#define REMOVAL_ALIASES_MAX (100 * KMS_ALIAS_SIZE)
#define REMOVAL_REGIONS_MAX (100 * KMS_WORD_SIZE)
#define TAKE_BACK_DAYS 7 /* of what this module made: the shortest of KMS */
#define REMOVAL_SECONDS 30 /* for tidying up: the call's own time may be over */
#define REMOVAL_INIT(kind_)                                                  \
	{                                                                    \
		.kind = (kind_), .material = BUF_INIT(REMOVAL_MATERIAL_MAX), \
		.aliases = BUF_INIT(REMOVAL_ALIASES_MAX),                    \
		.regions = BUF_INIT(REMOVAL_REGIONS_MAX), .lock = -1         \
	}

/* How the names of the files of that kind begin; the key id follows. */
const char *removal_prefix(enum removal_kind);

/* Takes the key's lock and reads the file. */
enum err removal_open(struct call *, struct removal *, const char *key_id);
enum err removal_write(struct call *, struct removal *);
/* The file is no longer needed. */
enum err removal_finish(struct call *, struct removal *);
/* Lets go of the lock and of the memory; one that is not open is fine. */
void removal_close(struct call *, struct removal *);

/* Frees the key's names: all that KMS lists, that it is known by, and that are
 * in known. Those that a settled look shows are in the file before they go. */
enum err removal_free_names(struct call *, struct removal *, const struct key *,
    const struct alias_list *known);
/* Adds the names to the file. */
enum err removal_add_names(
    struct call *, struct removal *, const struct alias_list *);
/* Whether a name leads to the key: one that the file, KMS's list or the key
 * knows, as a settled look says. */
enum err removal_has_name(
    struct call *, const struct removal *, const struct key *, bool *yes);
/* Leads them back to the key, which stays, and removes the file. ERR_EXISTS:
 * one is another key's by now; the log says which. */
enum err removal_give_back(struct call *, struct removal *, const struct key *);
/* ScheduleKeyDeletion, of the token's replicas first, and what is left of the
 * key's names and of its files; names may have come until then, and none can
 * come any more. ERR_OK also for a key that waits for its deletion already. */
enum err removal_schedule(struct call *, struct removal *, const struct key *);
/* What follows that. */
enum err removal_clean_up(struct call *, struct removal *, const struct key *);

/* The key's state as soon as KMS shows that it waits for its deletion, else
 * ERR_KEY_STATE. *had_material: it goes with material. */
enum err removal_wait(struct call *, const struct key *, bool *had_material);
#endif
