#ifndef SESSION_H
#define SESSION_H
#include <pthread.h>
#include "cryptoki/cryptoki.h"
#include "operation.h"

struct token;

/* A search: its result is complete when it begins. */
struct find {
	bool active;
	CK_OBJECT_HANDLE *handles;
	size_t count, cap, next;
};
void find_end(struct find *);

/* What one session is about. Its lock is held for the length of a call. */
struct session {
	unsigned refs; /* atomic: one for being open, one a call */
	CK_SESSION_HANDLE handle;
	struct token *token;
	CK_FLAGS flags; /* as C_OpenSession got them */
	pthread_mutex_t lock;
	CK_ULONG device_error; /* HTTP status of the last failure */
	struct find find;
	struct op ops[OP_COUNT];
};

/* The open sessions, by handle. */
struct sessions {
	pthread_mutex_t lock;
	struct session **rows; /* ascending: handles are counters */
	size_t count, cap;
	CK_SESSION_HANDLE last;
};

void sessions_init(struct sessions *);
/* Ends all that are open. */
void sessions_free(struct sessions *);
CK_RV session_open(
    struct sessions *, struct token *, CK_FLAGS, CK_SESSION_HANDLE *);
CK_RV session_close(struct sessions *, CK_SESSION_HANDLE);
void session_close_all(struct sessions *, const struct token *);
/* Held and locked, or NULL; give back with session_put(). */
struct session *session_get(struct sessions *, CK_SESSION_HANDLE);
void session_put(struct session *);
bool session_is_rw(const struct session *);
void session_info(struct sessions *, const struct session *, CK_SESSION_INFO *);
/* How many sessions the token has; only those that write, if rw. */
CK_ULONG session_count(struct sessions *, const struct token *, bool rw);
#endif
