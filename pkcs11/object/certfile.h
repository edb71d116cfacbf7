#ifndef CERTFILE_H
#define CERTFILE_H
#include "token/call.h"

/*
 * A directory of certificates: files of any number of PEM blocks or DER
 * values. Text before a block may give the certificate its names, in lines of
 * their own:
 *
 *	CKA_LABEL: text, other bytes as \XX
 *	CKA_ID: hex
 *
 * So are those written that programs create: "keyferry-HASH.pem".
 */
#define CERTFILE_DER_MAX (64 * 1024)
#define CERTFILE_NAME_MAX 4096 /* bytes of a label or an id */

struct certfile {
	struct buf der;
	struct buf label, id; /* empty: none is written there */
	bool ours; /* in a file that this module wrote */
};

struct certfiles {
	struct certfile *rows; /* no two are the same certificate */
	size_t count, cap;
};

/* Changes when a file of the directory does. 0: it cannot be told yet whether
 * they changed, or there is none. */
uint64_t certfile_stamp(const char *dir);
/* What cannot be read is left out, and the log says so. ERR_MEMORY. */
enum err certfile_read(struct call *, const char *dir, struct certfiles *);
void certfile_free(struct certfiles *);

/* On the disk before it returns; in the place of the one that was there.
 * ERR_FILE, with the reason in the call's error; *read_only tells whether it
 * is that nobody may write there. */
enum err certfile_write(
    struct call *, const char *dir, const struct certfile *, bool *read_only);
/* No such file is fine. */
enum err certfile_remove(
    struct call *, const char *dir, struct view der, bool *read_only);
#endif
