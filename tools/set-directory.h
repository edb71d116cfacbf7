#ifndef SET_DIRECTORY_H
#define SET_DIRECTORY_H
#include "set-entry.h"

/*
 * The directory of a ceremony: what is carried from `keyferry pair` to the HSM
 * and on to `keyferry unwrap`. It has the import set of one key, and in
 * subdirectories those of its replicas, each named by its Region.
 */
struct set_list {
	struct set_entry *rows;
	size_t count, cap;
};

/* The sets in a directory and its subdirectories. On failure, and where there
 * is none, says why on standard error. The caller frees the list either way. */
bool set_list_read(struct set_list *, const char *path, const char *arn);
void set_list_free(struct set_list *);

/* Makes the directory (*made: it was not there) and sees that a set can be
 * written there, before a key is made for it. On failure, says why on standard
 * error. */
bool set_directory_make(const char *path, bool *made);
/*
 * Writes the set into its directory, which is made. The same set stays as it
 * is; something else is replaced, and a key removed that was wrapped for it,
 * only if `yes` says so, or the answer at the terminal does. On failure, says
 * why on standard error.
 */
bool set_entry_write(const struct set_entry *, bool yes);
#endif
