#ifndef WRITE_MANIFEST_H
#define WRITE_MANIFEST_H
#include "listed-key.h"

/* Replaces the file by a manifest of the imported keys: a line for each of
 * their materials, which keyferry restore --check compares with KMS. Other keys
 * are left out; *left_out is how many. It is CSV or, by the file's name, JSON
 * Lines. False: standard error says why. */
bool write_manifest(const char *path, const struct token *,
    const struct key_list *, size_t *left_out);
#endif
