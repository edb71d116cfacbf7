#ifndef RENEWAL_SOURCE_H
#define RENEWAL_SOURCE_H
#include "import-key.h"
#include "open-token.h"
#include "renewal.h"

/* Where the sources come from. The caller closes what is open. */
struct source_uri {
	P11KitUri *uri;
	bool failed; /* its token could not be opened */
};
struct renewal_sources {
	struct open_tokens tokens;
	struct source_uri *uris;
	size_t uri_count, uri_cap;
	struct key_reader reader;
};

/*
 * Adds the keys that a URI selects and that have the label or the id of one
 * that is due. On failure, says why on standard error, and these are left out.
 * False: out of memory.
 */
bool renewal_add_token(struct renewal *, struct renewal_sources *, char *uri);
/* The same of what a manifest names, with whichever names. */
bool renewal_add_wanted(
    struct renewal *, struct renewal_sources *, const struct wanted_keys *);
/* Which sources can be used, and for which materials: sets the reasons of
 * those that cannot be renewed. */
void renewal_check_sources(struct renewal *);
/* Makes a source's row the key's: it is brought into that. */
void renewal_aim(struct renewal *, const struct renewal_source *);
/* Whether the source may have the material. */
bool renewal_source_fits(
    const struct renewal_source *, const struct due_material *);
void renewal_sources_close(struct renewal_sources *);
#endif
