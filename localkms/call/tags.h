#ifndef LOCALKMS_TAGS_H
#define LOCALKMS_TAGS_H
#include "call/call.h"

#define TAGS_MAX 50 /* of a key: AWS's quota */

/* Adds Tags of the request to those of k. */
bool tags_add(struct call *, struct key *k);
/* It is no error if there is no such tag. */
bool tag_remove(struct call *, struct key *k, const char *key);
/* All of them; they live as long as k. Returns how many. */
size_t tags_list(const struct key *, struct output_tag rows[TAGS_MAX]);
#endif
