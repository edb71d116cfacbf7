#ifndef MATERIAL_END_H
#define MATERIAL_END_H
#include "key-request.h"
#include "token/call.h"
#include "token/key.h"
#include "token/materials.h"

/*
 * The end of material that is brought in: when KMS deletes it. What the
 * template says counts. Without that, material which the key has, or had,
 * keeps its own end; new material has that of valid-days, or none. An end that
 * is over, or that nobody knows any more, cannot be kept.
 */
struct material_end {
	double at; /* seconds since 1970; 0: does not expire */
	/* those that the key has or had, with their ends */
	struct materials materials;
};
#define MATERIAL_END_INIT                   \
	{                                   \
		.materials = MATERIALS_INIT \
	}
void material_end_free(struct material_end *);

/*
 * Chooses it, before anything is imported. is_new: material that the key never
 * had. CKR_TEMPLATE_INCOMPLETE: it cannot be kept, and neither template nor
 * configuration says another.
 */
CK_RV material_end_choose(struct call *, const struct key *,
    const struct key_request *, bool is_new, struct material_end *);
/*
 * The material of that KeyMaterialId ("": the only one) has come in with that
 * end: the log says what has changed, and the state directory keeps it. True:
 * the key has several, and this one's own end is another: out->at is that, with
 * which it is to be imported once more.
 */
bool material_end_imported(struct call *, const struct key *,
    const struct key_request *, const char *material_id, struct material_end *);
#define MATERIAL_DATE_SIZE 32
/* "on", day and time, or "never" for 0. */
void material_end_write_date(double end, char text[MATERIAL_DATE_SIZE]);
/* The key is being used: if its material expires within warn-days, as KMS said
 * last, the log says so once a day. Asks KMS nothing. */
void material_end_warn(struct call *, const struct key *);
#endif
