#ifndef REPLACE_FILE_H
#define REPLACE_FILE_H
#include <sys/types.h>
#include "buf.h"
#include "error-info.h"

/*
 * Puts content into the file of that name, without '/', in an open directory.
 * Readers find the old content or the new, never a part; the new is on disk
 * when this returns. mode is the file's, whatever the umask says.
 *
 * ERR_UNTRUSTED as in trusted-path.h, with what is wrong in *error, which may
 * be NULL. ERR_FILE when the system refuses: errno says why.
 */
enum err replace_file(int dir, const char *name, mode_t mode,
    struct view content, struct error_info *error);
#endif
