#ifndef TRUSTED_PATH_H
#define TRUSTED_PATH_H
#include "error-info.h"

/*
 * Opens what nobody but root and this process's user can have put there or can
 * change. Each directory of the path is checked, and so is what is opened: its
 * owner is root or the effective user, and neither group nor others may write
 * to it. A sticky directory of root's, such as /tmp, may stand above. Links are
 * followed when their owner is such a one, and what they lead to is checked
 * alike. Each is opened below the one before: nothing can be exchanged between
 * the check and the use.
 *
 * ERR_UNTRUSTED, with what is wrong in *error, which may be NULL. ERR_FILE when
 * the system refuses: errno says why, ENOENT when there is no such file. Both
 * leave -1 in *fd.
 */
enum trusted_kind {
	TRUSTED_FILE, /* a regular file */
	TRUSTED_DIRECTORY, /* whose files only root and the user can make */
	TRUSTED_SINK, /* where text goes: a file, a FIFO or a device */
};

/* flags as open(2) has them, but for O_TRUNC. A file that O_CREAT makes has
 * mode 0600. */
enum err trusted_open(const char *path, enum trusted_kind, int flags, int *fd,
    struct error_info *);
/* The same of a name without '/' in a directory that was opened so. */
enum err trusted_open_at(int dir, const char *name, enum trusted_kind,
    int flags, int *fd, struct error_info *);
/* Opens a directory for reading, and makes those that are missing, with mode
 * 0700. */
enum err trusted_make_directory(const char *path, int *fd, struct error_info *);
#endif
