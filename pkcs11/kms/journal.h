#ifndef JOURNAL_H
#define JOURNAL_H
#include "key-request.h"
#include "token/call.h"

/*
 * The trail of a key in the making: a file in the state directory, there from
 * before CreateKey until the key has its names and its material. Who makes the
 * same thing next (same KeySpec and names) finds by it what a killed call left.
 */
struct journal {
	char name[80]; /* of the file; "": not open */
	char nonce[33]; /* in the new key's description; "": none was given */
	int lock;
};
#define JOURNAL_INIT       \
	{                  \
		.lock = -1 \
	}

/* Locks the journal of what is asked for, and reads it. companion_of: the key
 * id beside which the new key is to be, or NULL. */
enum err journal_open(struct call *, struct journal *,
    const struct key_request *, const char *companion_of);
/* Notes a new nonce, before there is a key to find by it. */
enum err journal_begin(struct call *, struct journal *);
/* The key is whole, or gone: nothing is left to find. */
enum err journal_remove(struct call *, struct journal *);
/* Unlocks. One that is not open is fine. */
void journal_close(struct call *, struct journal *);
#endif
