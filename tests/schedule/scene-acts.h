#ifndef SCENE_ACTS_H
#define SCENE_ACTS_H
#include "scene.h"

/* What callers do, what was there before, and what came of it. */

extern struct result {
	bool made; /* a key with material, or one that KMS generated */
	CK_RV rv;
	char key[37];
	int value; /* of its material; 0: of KMS's making, or not looked at */
} results[CALLERS_MAX];
extern const struct scene *scene; /* that runs */
CK_BYTE *material(int value); /* 32 bytes */

/* What they are called: n, o and p are labels, the numbers materials. */
caller_fn create_n_1, create_n_2, create_id_n_1, rotate_n_2, generate_n;
caller_fn rename_o, rename_p, destroy, unwrap;
/* With ids of their own, so that they share the label. */
caller_fn create_x_n_1, create_y_n_2, create_z_n_3;
/* An EC key that signs and agrees: two keys in KMS. */
caller_fn create_two_usages;
/* Not by the module: an attacker, a person. */
caller_fn plant_name, move_name;

/* Before: key_n() a key, pair_n() an import pair, made by the first caller and
 * found by all. two_share_n(): the first two callers' keys, which share n. */
void key_n(void), key_n_and_another(void), pair_n(void), two_share_n(void);
void two_usages(void);
#endif
