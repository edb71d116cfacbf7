#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "session.h"
#include "token.h"

void
find_end(struct find *f)
{
	free(f->handles);
	*f = (struct find){.active = false};
}

void
sessions_init(struct sessions *ss)
{
	*ss = (struct sessions){.rows = NULL};
	pthread_mutex_init(&ss->lock, NULL);
}

static void
unref(struct session *s)
{
	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	/* a call that was under way may have made more */
	if (s->handle != CK_INVALID_HANDLE)
		object_table_remove_all(&s->token->objects, s->handle, NULL);
	find_end(&s->find);
	for (size_t i = 0; i < OP_COUNT; i++)
		op_end(&s->ops[i]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
sessions_free(struct sessions *ss)
{
	for (size_t i = 0; i < ss->count; i++)
		unref(ss->rows[i]);
	free(ss->rows);
	pthread_mutex_destroy(&ss->lock);
}

/* Where the handle is or would be. */
static size_t
index_of_handle(const struct sessions *ss, CK_SESSION_HANDLE h)
{
	size_t low = 0, high = ss->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (ss->rows[mid]->handle < h)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

static bool
make_room(struct sessions *ss)
{
	struct session **rows = array_grow(
	    ss->rows, &ss->cap, ss->count + 1, sizeof(struct session *));

	if (rows != NULL)
		ss->rows = rows;
	return (rows != NULL);
}

CK_RV
session_open(struct sessions *ss, struct token *t, CK_FLAGS flags,
    CK_SESSION_HANDLE *out)
{
	struct session *s;
	CK_RV rv = CKR_HOST_MEMORY;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CKR_HOST_MEMORY);
	s->refs = 1;
	s->token = t;
	s->flags = flags;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_lock(&ss->lock);
	if (make_room(ss)) {
		s->handle = ++ss->last;
		ss->rows[ss->count++] = s;
		*out = s->handle;
		rv = CKR_OK;
	}
	pthread_mutex_unlock(&ss->lock);
	if (rv != CKR_OK)
		unref(s);
	return (rv);
}

static CK_ULONG
count_locked(const struct sessions *ss, const struct token *t, bool rw)
{
	CK_ULONG n = 0;

	for (size_t i = 0; i < ss->count; i++)
		if (ss->rows[i]->token == t &&
		    (!rw || session_is_rw(ss->rows[i])))
			n++;
	return (n);
}

CK_ULONG
session_count(struct sessions *ss, const struct token *t, bool rw)
{
	CK_ULONG n;

	pthread_mutex_lock(&ss->lock);
	n = count_locked(ss, t, rw);
	pthread_mutex_unlock(&ss->lock);
	return (n);
}

/* The last session of a token takes the login with it. */
static void
logout_if_none(struct sessions *ss, struct token *t)
{
	if (count_locked(ss, t, false) == 0)
		t->logged_in = false;
}

CK_RV
session_close(struct sessions *ss, CK_SESSION_HANDLE h)
{
	struct session *s = NULL;
	size_t i;

	pthread_mutex_lock(&ss->lock);
	i = index_of_handle(ss, h);
	if (i < ss->count && ss->rows[i]->handle == h) {
		s = ss->rows[i];
		ss->count--;
		memmove(&ss->rows[i], &ss->rows[i + 1],
		    (ss->count - i) * sizeof(struct session *));
		logout_if_none(ss, s->token);
	}
	pthread_mutex_unlock(&ss->lock);
	if (s == NULL)
		return (CKR_SESSION_HANDLE_INVALID);
	object_table_remove_all(&s->token->objects, h, NULL);
	unref(s);
	return (CKR_OK);
}

void
session_close_all(struct sessions *ss, const struct token *t)
{
	CK_SESSION_HANDLE h;

	for (;;) {
		h = CK_INVALID_HANDLE;
		pthread_mutex_lock(&ss->lock);
		for (size_t i = 0; i < ss->count; i++)
			if (ss->rows[i]->token == t)
				h = ss->rows[i]->handle;
		pthread_mutex_unlock(&ss->lock);
		if (h == CK_INVALID_HANDLE)
			return;
		(void)session_close(ss, h);
	}
}

struct session *
session_get(struct sessions *ss, CK_SESSION_HANDLE h)
{
	struct session *s = NULL;
	size_t i;

	pthread_mutex_lock(&ss->lock);
	i = index_of_handle(ss, h);
	if (i < ss->count && ss->rows[i]->handle == h) {
		s = ss->rows[i];
		__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&ss->lock);
	if (s != NULL)
		pthread_mutex_lock(&s->lock);
	return (s);
}

void
session_put(struct session *s)
{
	pthread_mutex_unlock(&s->lock);
	unref(s);
}

bool
session_is_rw(const struct session *s)
{
	return ((s->flags & CKF_RW_SESSION) != 0);
}

CK_STATE
session_state(struct sessions *ss, const struct session *s)
{
	bool user;

	pthread_mutex_lock(&ss->lock);
	user = s->token->logged_in;
	pthread_mutex_unlock(&ss->lock);
	if (session_is_rw(s))
		return (user ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION);
	return (user ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION);
}

void
session_info(
    struct sessions *ss, const struct session *s, CK_SESSION_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->slotID = s->token->slot;
	info->flags = s->flags;
	info->ulDeviceError = s->device_error;
	info->state = session_state(ss, s);
}
