#ifndef MATERIALS_H
#define MATERIALS_H
#include "kms.h"

/*
 * The materials of a key in one Region. A symmetric encryption key has one for
 * each rotation, each with an end of its own, and may have one that waits for
 * its rotation; every other key has one. A key of which a current or former
 * material is not there is in PendingImport.
 */
struct material {
	/* KeyMaterialId; "": of a key that is not symmetric, or KMS does not
	 * say */
	char id[KMS_MATERIAL_ID_SIZE];
	enum kms_material_state state;
	bool is_here; /* false: never imported, deleted or expired */
	double valid_to; /* seconds since 1970; 0: no end, or not here */
};
struct materials {
	struct material *rows; /* the current one among them */
	size_t count; /* at least 1, once they are known */
	/* false: KMS did not list them, and there may be more than the current
	 * one */
	bool is_complete;
};
#define MATERIALS_INIT       \
	{                    \
		.rows = NULL \
	}
void materials_free(struct materials *);

/* The one with that KeyMaterialId, or NULL. */
const struct material *materials_find(
    const struct materials *, const char *material_id);
/* How many of those that the key cannot do without are not there. */
size_t materials_missing(const struct materials *);
#endif
