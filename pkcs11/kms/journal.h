#ifndef JOURNAL_H
#define JOURNAL_H
#include "key-request.h"
#include "token/call.h"

/*
 * The trail of a key in the making: a file in the state directory, there from
 * before CreateKey until the key has its names and its material, and longer
 * where the reply to a CreateKey never came, until the key that it may have
 * made is found or shown not to be. Who makes the same thing next (same id, or
 * same label) finds by it what an earlier call left.
 */
struct journal {
	char name[80]; /* of the file; "": not open */
	char nonce[33]; /* in the new keys' descriptions; "": none was given */
	char key_id[KMS_ID_SIZE]; /* out of CreateKey's reply; "": none came */
	double unanswered; /* how many CreateKeys had no reply */
	double asked; /* when the last of them was sent: seconds since 1970 */
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
/* Gives it a nonce, if it has none. */
enum err journal_begin(struct journal *);
/* Before CreateKey: notes the nonce. */
enum err journal_ask(struct call *, struct journal *);
/* CreateKey's reply came: it made the key of that id, or none (NULL). */
enum err journal_answer(struct call *, struct journal *, const char *key_id);
/* So many of the keys without a reply are found, or shown not to be. */
enum err journal_found(struct call *, struct journal *, double count);
/* The key is whole, or gone. */
enum err journal_finish(struct call *, struct journal *);
/* Unlocks. One that is not open is fine. */
void journal_close(struct call *, struct journal *);
#endif
