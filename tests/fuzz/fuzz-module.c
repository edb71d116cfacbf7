#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "client.h"
#include "cryptoki/keyferry.h"
#include "fuzz-module.h"
#include "token/module.h"
#include "token/state.h"

#define NOW_MS INT64_C(1767225600000) /* 2026 */

/* Interposed by the linker: see fragment.am. */
const struct transport *__wrap_client_transport(struct client *);
enum err __wrap_state_read(struct call *, const char *name, struct buf *);

static char dir[64];
static struct view replies, state;
static bool has_sets;
static int64_t passed_ms;
/* So many requests of each operation: by the place of its first line. */
static struct {
	const uint8_t *line;
	unsigned count;
} asked[32];

static int64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return (1000000 + passed_ms);
}

static int64_t
wall_ms(void *ctx)
{
	(void)ctx;
	return (NOW_MS + passed_ms);
}

static void
sleep_ms(void *ctx, int64_t ms)
{
	(void)ctx;
	passed_ms += ms;
}

static const struct clock fake_clock = {mono_ms, wall_ms, sleep_ms, NULL, NULL};

static unsigned
count_request(const uint8_t *first)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (asked[i].line == first || asked[i].line == NULL) {
			asked[i].line = first;
			return (asked[i].count++);
		}
	return (0);
}

/* Takes the next line off. */
static bool
next_line(struct view *rest, struct view *line)
{
	const uint8_t *end;

	if (rest->len == 0)
		return (false);
	end = memchr(rest->ptr, '\n', rest->len);
	*line = VIEW(
	    rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr));
	rest->ptr += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	return (true);
}

/* The reply to this request of an operation; false: there is none. */
static bool
find_reply(const char *operation, struct view *reply)
{
	struct view rest = replies, line;
	size_t len = strlen(operation);
	const uint8_t *first = NULL;
	unsigned skip = 0;

	while (next_line(&rest, &line)) {
		if (line.len <= len || line.ptr[len] != ' ' ||
		    memcmp(line.ptr, operation, len) != 0)
			continue;
		if (first == NULL) {
			first = line.ptr;
			skip = count_request(first);
		}
		*reply = VIEW(line.ptr + len + 1, line.len - len - 1);
		if (skip-- == 0)
			break;
	}
	return (first != NULL);
}

static enum err
answer(const char *operation, struct buf *reply, struct error_info *info)
{
	struct view v;

	if (!find_reply(operation, &v))
		v = VIEW_STR("!NOT_FOUND");
	passed_ms += 10;
	if (v.len == 0 || v.ptr[0] != '!')
		return (buf_append(reply, v));
	info->status = 400;
	for (int e = ERR_OK + 1; e < ERR_COUNT; e++)
		if (view_equal(VIEW(v.ptr + 1, v.len - 1),
			view_str(err_name((enum err)e))))
			return ((enum err)e);
	return (ERR_SERVICE);
}

static enum err
post(void *ctx, const char *operation, struct view body,
    const struct deadline *deadline, struct buf *reply, struct error_info *info)
{
	(void)ctx, (void)body, (void)deadline;
	return (answer(operation, reply, info));
}

static enum err
post_many(void *ctx, const struct batch *b, const struct deadline *deadline,
    struct error_info *info)
{
	enum err e, end = ERR_OK;

	(void)ctx, (void)deadline;
	for (size_t i = 0; end == ERR_OK && i < b->count; i++) {
		struct buf body = BUF_INIT(b->body_max);
		struct buf reply = BUF_INIT(b->reply_max);

		e = b->encode(b->arg, i, &body);
		if (e == ERR_OK)
			e = answer(b->operation, &reply, info);
		end = b->on_reply(b->arg, i, e, buf_view(&reply), info);
		buf_free(&body);
		buf_free(&reply);
	}
	return (end);
}

const struct transport *
__wrap_client_transport(struct client *client)
{
	static const struct transport fake = {
	    .post = post, .post_many = post_many};

	(void)client;
	return (&fake);
}

enum err
__wrap_state_read(struct call *c, const char *name, struct buf *out)
{
	(void)c, (void)name;
	return (state.ptr == NULL ? ERR_NOT_FOUND : buf_append(out, state));
}

void
fuzz_replies(struct view lines)
{
	replies = lines;
	memset(asked, 0, sizeof(asked));
}

void
fuzz_state(struct view v)
{
	state = v;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	if (type == FTW_DP && at->level == 0)
		return (0);
	return (remove(path));
}

static void
empty(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
remove_all(void)
{
	empty("");
	(void)remove(dir);
}

static void
set(const char *name, const char *tail)
{
	char value[128];

	snprintf(value, sizeof(value), "%s%s", dir, tail);
	if (setenv(name, value, 1) != 0)
		abort();
}

static void
make_dir(void)
{
	char path[128];
	FILE *f;

	if (dir[0] != '\0')
		return;
	snprintf(dir, sizeof(dir), "/tmp/keyferry-fuzz-XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(remove_all);
	snprintf(path, sizeof(path), "%s/certificates", dir);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/keyferry.conf", dir);
	if ((f = fopen(path, "w")) == NULL)
		abort();
	(void)fchmod(fileno(f), 0600);
	fprintf(f,
	    "state = %s/state\n"
	    "[token fuzz]\n"
	    "region = us-east-1\n"
	    "endpoint = http://127.0.0.1:1\n"
	    "certificates = %s/certificates\n",
	    dir, dir);
	if (has_sets)
		fprintf(f, "import-sets = %s/import-sets\n", dir);
	fclose(f);
	set("HOME", "");
	set("KEYFERRY_CONFIG", "/keyferry.conf");
	setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

const char *
fuzz_certificates(void)
{
	static char path[128];

	make_dir();
	empty("certificates");
	snprintf(path, sizeof(path), "%s/certificates", dir);
	return (path);
}

const char *
fuzz_import_sets(void)
{
	static char path[128];

	has_sets = true;
	make_dir();
	snprintf(path, sizeof(path), "%s/import-sets", dir);
	(void)mkdir(path, 0700);
	empty("import-sets");
	return (path);
}

CK_SESSION_HANDLE
fuzz_open(void)
{
	CK_SESSION_HANDLE session;
	CK_SLOT_ID slot;
	CK_ULONG n = 1;
	struct module *m;

	make_dir();
	passed_ms = 0;
	if (C_Initialize(NULL) != CKR_OK || module_get(&m) != CKR_OK)
		abort();
	m->clock = &fake_clock;
	module_put(m);
	if (C_GetSlotList(CK_TRUE, &slot, &n) != CKR_OK || n != 1 ||
	    C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
		&session) != CKR_OK)
		abort();
	return (session);
}

void
fuzz_close(void)
{
	(void)C_Finalize(NULL);
	empty("state");
}

CK_ULONG
fuzz_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
    CK_OBJECT_HANDLE *out, CK_ULONG most)
{
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}};
	CK_ULONG n = 0;

	if (C_FindObjectsInit(session, t,
		class == CK_UNAVAILABLE_INFORMATION ? 0 : 1) != CKR_OK)
		return (0);
	if (C_FindObjects(session, out, most, &n) != CKR_OK)
		n = 0;
	(void)C_FindObjectsFinal(session);
	return (n);
}

void
fuzz_read_all(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	static uint8_t value[16 * 1024];
	CK_ATTRIBUTE a;

	for (CK_ULONG type = 0; type < 0x700; type++) {
		a = (CK_ATTRIBUTE){type, NULL, 0};
		if (C_GetAttributeValue(session, object, &a, 1) != CKR_OK ||
		    a.ulValueLen > sizeof(value))
			continue;
		a.pValue = value;
		(void)C_GetAttributeValue(session, object, &a, 1);
	}
	for (CK_ULONG n = 0; n < 32; n++) {
		a = (CK_ATTRIBUTE){CK_KEYFERRY | n, value, sizeof(value)};
		(void)C_GetAttributeValue(session, object, &a, 1);
	}
}

CK_OBJECT_HANDLE
fuzz_aes_key(CK_SESSION_HANDLE session)
{
	static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static CK_KEY_TYPE type = CKK_AES;
	static CK_BBOOL yes = CK_TRUE;
	static uint8_t value[32] = {1, 2, 3};
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_VALUE, value, sizeof(value)}, {CKA_ENCRYPT, &yes, 1},
	    {CKA_DECRYPT, &yes, 1}, {CKA_WRAP, &yes, 1}, {CKA_UNWRAP, &yes, 1},
	    {CKA_DERIVE, &yes, 1}};
	CK_OBJECT_HANDLE key;

	if (C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), &key) !=
	    CKR_OK)
		abort();
	return (key);
}
