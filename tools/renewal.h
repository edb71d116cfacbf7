#ifndef RENEWAL_H
#define RENEWAL_H
#include <time.h>
#include "listed-key.h"
#include "move-run.h"

/* The materials of keys in KMS that end soon, and the sources that have them.
 */

#define MATERIAL_WORD_SIZE 96

/* A material that ends soon, or is missing. */
struct due_material {
	size_t key; /* which of renewal->keys */
	char id[MATERIAL_WORD_SIZE]; /* KeyMaterialId; "" where KMS has none */
	time_t end; /* 0: it is missing */
	time_t new_end; /* when it is renewed; 0: it does not end */
	const struct key
	    *source; /* that brings it, or brought it; NULL: none */
	enum key_status status; /* STATUS_PRESENT: another run renewed it */
	char reason[REASON_SIZE];
};

/* A source that may have a key's material. */
struct renewal_source {
	size_t key; /* which of renewal->keys */
	const char *material; /* a manifest's KeyMaterialId; NULL: any */
	size_t row; /* which of plan.keys: what the source has */
	bool used; /* it brought one, or has none of the key's */
	char why[REASON_SIZE]; /* "", or why it cannot be used */
};

struct renewal {
	/* the keys of the sources; the options; the target */
	struct plan plan;
	struct key_list keys;
	time_t limit; /* what ends until then is due */
	unsigned long days; /* renewal-days of the configuration */
	time_t wanted; /* about when renewed material ends */
	struct due_material *due;
	size_t due_count, due_cap;
	struct renewal_source *sources;
	size_t source_count, source_cap;
	bool sources_failed; /* a token, or a file, cannot be used */
	unsigned unread; /* keys of which something could not be read */
};

/* Finds the materials that are due. False: out of memory, and it said so. */
bool renewal_find_due(struct renewal *);
bool renewal_is_due(const struct renewal *, size_t key);
/* Looks at a key again. False: it is gone; or, with plan.target_failed, the
 * target cannot be asked, and standard error says so. */
bool renewal_refresh(struct renewal *, size_t key);
/* Of a key's materials that are still to be renewed: those that end when they
 * are to end, or at least later than they did, get their new end and that
 * status.
 * Returns how many. */
size_t renewal_find_renewed(
    struct renewal *, size_t key, const struct key *source, enum key_status);
size_t renewal_count(const struct renewal *, enum key_status);
/* The materials' sources are the caller's to close. */
void renewal_free(struct renewal *);
#endif
