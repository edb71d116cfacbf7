#ifndef NEW_KEY_H
#define NEW_KEY_H
#include "provision-state.h"

/*
 * What KMS is told of a new key beside its kind: the tags, the key policy and
 * the description that the configuration has, and tags that the caller wants.
 * While the key is being made a note with the journal's nonce follows the
 * description; by it a key is found whose CreateKey had no reply.
 */
struct new_key {
	struct json_rows tags; /* of struct kms_tag */
	const char *policy; /* NULL: KMS's default */
	const char *description; /* NULL: none */
	struct buf policy_text, description_text; /* with their NUL */
};
#define NEW_KEY_POLICY_MAX 32768 /* bytes; what KMS takes */
#define NEW_KEY_INIT                                               \
	{                                                          \
		.policy_text = BUF_INIT(NEW_KEY_POLICY_MAX),       \
		.description_text = BUF_INIT(KMS_DESCRIPTION_SIZE) \
	}

/* Reads what the configuration says, and the request. The note of p follows
 * the description; p is NULL for a replica, which has none. ERR_CONFIG: the
 * policy cannot be read; the call's error says why. Nothing is left to free
 * then. */
enum err new_key_read(struct call *, const struct key_request *,
    const struct provision *p, struct new_key *);
void new_key_free(struct new_key *);

/* Whether the key's description ends with the note. Others can copy it: it
 * finds a key, and proves nothing. */
bool new_key_has_note(const struct provision *, const struct key *);
/* The key is made: its description becomes the configured one, if there is
 * one. A failure is noted in the log, and changes nothing else. */
void new_key_remove_note(struct call *, struct provision *);
#endif
