#ifndef CALL_H
#define CALL_H
#include "module.h"
#include "cryptoki/rv.h"
#include "cryptoki/template.h"
#include "materials.h"

/*
 * One C_ function being run: what entry.c makes, and every layer below gets.
 *
 *	rv = call_begin_session(&c, "C_Encrypt", session);
 *	if (rv == CKR_OK)
 *		rv = what the function does;
 *	return (call_end(&c, rv));
 */
struct call {
	const char *name; /* "C_Encrypt" */
	struct module *module;
	struct session *session; /* locked; NULL outside a session */
	struct token *token; /* the session's, or a slot's */
	struct kms kms; /* KMS, with this call's deadline */
	enum rv_context context; /* what a failure of KMS means */
	enum err err; /* why it failed, when it was KMS or a file */
	char why[256]; /* why, in words, or "" */
	bool looked_at_key; /* since a use of it failed for its state */
	bool
	    skip_key_lookup; /* certificates: by what is known of keys by now */
	/* of the key with that ARN, for readers of its attributes */
	struct materials materials;
	char materials_of[KMS_ID_SIZE];
	struct crypto_guard guard;
};

CK_RV call_begin(struct call *, const char *name);
CK_RV call_begin_session(struct call *, const char *name, CK_SESSION_HANDLE);
/* present: the slot's token must be there. */
CK_RV call_begin_slot(
    struct call *, const char *name, CK_SLOT_ID, bool present);
/* Gives everything back, tells the log, returns rv. */
CK_RV call_end(struct call *, CK_RV rv);

/* Whether the object is private, and its user is not logged in. */
bool call_hides(struct call *, const struct object *);
/* Whether private objects cannot be seen now. */
bool call_hides_private(struct call *);
/* CKR_USER_NOT_LOGGED_IN: a private object cannot be made now. */
CK_RV call_require_login(struct call *);
/* Whether this session may make an object of that template: what is private or
 * in KMS needs a login, what is in KMS a session that writes, too. A
 * certificate on the token is a file, which has rules of its own. */
CK_RV call_check_place(struct call *, struct template);

/* A failure's CK_RV; remembers it for the log. */
CK_RV call_fail(struct call *, enum err);
/* Says why in words, for the log; returns rv. */
CK_RV call_error(struct call *, CK_RV rv, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells of something that a user may wonder about, at level info. */
void call_note(struct call *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* This machine's clock: whole seconds since 1970. */
double call_wall_seconds(const struct call *);
/* The time that this call may take, from now: seconds. */
void call_set_deadline(struct call *, long seconds);
#endif
