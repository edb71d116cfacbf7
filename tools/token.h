#ifndef TOKEN_H
#define TOKEN_H
#include <stdbool.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"

/* An open token: its session, its mechanisms, the attributes of its objects. */

/* The first attribute that could not be read, though it may well be there. */
struct read_failure {
	CK_ATTRIBUTE_TYPE type;
	CK_RV rv; /* CKR_OK: there was none. CKR_ATTRIBUTE_VALUE_INVALID: it has
		     a size that it cannot have */
	bool of_mechanism; /* one could not be asked for, and that was said */
};

struct token {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	char label[33]; /* without the padding */
	CK_SESSION_HANDLE session; /* open as long as the token is */
	bool writable; /* the session is read-write */
	bool given_up; /* nothing more is asked of it in this run */
	bool wants_logins; /* of keys with CKA_ALWAYS_AUTHENTICATE, to wrap */
	struct read_failure *failure; /* owned; token_forget_failure() clears */
	CK_MECHANISM_TYPE *mechanisms;
	CK_ULONG mechanism_count;
};

/* Whether this is a Keyferry token, that is, its keys are in KMS. */
bool token_is_keyferry(const struct token *);
/* Whether it has the mechanism with at least one of the flags. */
bool token_has_mechanism(const struct token *, CK_MECHANISM_TYPE, CK_FLAGS);

/*
 * Each of these records in token->failure an attribute that the token failed to
 * read. That an object has no such attribute, or does not show it, is no
 * failure.
 */
void token_forget_failure(const struct token *);
/* Replaces *out by an attribute's value, which may be empty. *out is empty on
 * error; a NUL stands behind the value, not counted. */
CK_RV token_get_attribute(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, struct buf *out);
/* Several in one call: into the values' room, with the length of each in
 * ulValueLen. What they are is valid only where the result is CKR_OK. */
CK_RV token_get_attributes(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE *, CK_ULONG count);
bool token_get_bool(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, bool if_absent);
/* CK_UNAVAILABLE_INFORMATION where it cannot be read. */
CK_ULONG token_get_ulong(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE);

/* Whether a key of Keyferry's has that label or id: the one that its attribute
 * shows, or another by which it is found. KMS need not let names be listed. */
bool token_key_has_name(const struct token *, CK_OBJECT_HANDLE,
    CK_ATTRIBUTE_TYPE, const struct buf *shown, struct view name);

/* All objects that match the template (at most 8 attributes). The caller frees
 * *handles, which is NULL where none was found. CKR_DATA_LEN_RANGE: the search
 * does not end. */
CK_RV token_find_objects(const struct token *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_OBJECT_HANDLE **handles, CK_ULONG *found);

/* Whether a call that failed like this tells of the token, so that other keys
 * would meet with the same. */
bool token_is_in_trouble(CK_RV);
/* Whether its session is there, and the user is logged in. */
bool token_is_logged_in(const struct token *);
/* A read-write session instead of the read-only one, whose objects are gone. */
CK_RV token_make_writable(struct token *);

/* An attribute of a Keyferry token's one profile, which is there without KMS;
 * *out is empty where there is none. */
void token_get_of_profile(
    const struct token *, CK_ATTRIBUTE_TYPE, struct buf *out);

#define TOKEN_ERROR_SIZE 2048
/* Why the last call on a Keyferry token failed: CKA_KEYFERRY_LAST_ERROR. "" on
 * another token, and where the failure was not that function's. */
void token_last_error(
    const struct token *, const char *function, char text[TOKEN_ERROR_SIZE]);
#endif
