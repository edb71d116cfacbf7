#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <sqlite3.h>
#include "store/disk.h"

/* clang-format off */
/*
 * Row n makes version n + 1 of a store out of version n, the first one out of
 * nothing. A store knows its version, and an older one is brought up when it
 * is opened. Rows are never changed: a new version is a new row, with a store
 * of the one before beside tests/localkms/store-1.sql.
 */
static const char *const versions[] = {
    "CREATE TABLE secrets(name TEXT PRIMARY KEY, value BLOB NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE keys(region TEXT, id TEXT, spec TEXT NOT NULL,"
    " usage TEXT NOT NULL, external INT NOT NULL, enabled INT NOT NULL,"
    " waits INT NOT NULL, primary_region TEXT NOT NULL,"
    " created INT NOT NULL, deletion INT NOT NULL, window INT NOT NULL,"
    " rotation INT NOT NULL, rotation_next INT NOT NULL,"
    " description TEXT, policy TEXT, tags BLOB,"
    " PRIMARY KEY(region, id)) WITHOUT ROWID;"
    "CREATE TABLE materials(region TEXT, key TEXT, place INT, id TEXT NOT NULL,"
    " state INT NOT NULL, bytes BLOB, valid_to INT NOT NULL,"
    " rotated INT NOT NULL, on_demand INT NOT NULL, description TEXT,"
    " PRIMARY KEY(region, key, place)) WITHOUT ROWID;"
    "CREATE TABLE aliases(region TEXT, name TEXT, key TEXT NOT NULL,"
    " created INT NOT NULL, updated INT NOT NULL,"
    " PRIMARY KEY(region, name)) WITHOUT ROWID;"
    "CREATE INDEX aliases_of ON aliases(region, key);"
    "CREATE TABLE imports(token BLOB PRIMARY KEY, region TEXT NOT NULL,"
    " key TEXT NOT NULL, algorithm TEXT NOT NULL, expires INT NOT NULL,"
    " pair BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX imports_by_age ON imports(expires);",
};
#define SCHEMA_VERSION ((int)(sizeof(versions) / sizeof(versions[0])))

#define STATEMENT_ROWS(X)						\
	X(BEGIN, "BEGIN IMMEDIATE")					\
	X(COMMIT, "COMMIT")						\
	X(ROLLBACK, "ROLLBACK")						\
	X(GET_SECRET, "SELECT value FROM secrets WHERE name = ?")	\
	X(PUT_SECRET, "INSERT INTO secrets VALUES(?, ?)")		\
	X(PUT_KEY, "INSERT OR REPLACE INTO keys VALUES"			\
	    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")		\
	X(CUT_KEY, "DELETE FROM keys WHERE region = ? AND id = ?")	\
	X(PUT_MATERIAL, "INSERT INTO materials VALUES"			\
	    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")				\
	X(CUT_MATERIALS, "DELETE FROM materials WHERE region = ? AND key = ?") \
	X(CUT_ALIASES, "DELETE FROM aliases WHERE region = ? AND key = ?") \
	X(PUT_ALIAS, "INSERT OR REPLACE INTO aliases VALUES(?, ?, ?, ?, ?)") \
	X(CUT_ALIAS, "DELETE FROM aliases WHERE region = ? AND name = ?") \
	X(PUT_IMPORT, "INSERT INTO imports VALUES(?, ?, ?, ?, ?, ?)")	\
	X(CUT_IMPORTS, "DELETE FROM imports WHERE expires < ?")		\
	X(GET_IMPORT, "SELECT region, key, algorithm, expires, pair"	\
	    " FROM imports WHERE token = ?")				\
	X(ALL_KEYS, "SELECT region, id, spec, usage, external, enabled," \
	    " waits, primary_region, created, deletion, window, rotation," \
	    " rotation_next, description, policy, tags"			\
	    " FROM keys ORDER BY region, id")				\
	X(MATERIALS, "SELECT id, state, bytes, valid_to, rotated, on_demand," \
	    " description FROM materials WHERE region = ? AND key = ?"	\
	    " ORDER BY place")						\
	X(ALL_ALIASES, "SELECT region, name, key, created, updated"	\
	    " FROM aliases ORDER BY region, name")
/* clang-format on */

enum statement {
#define X(code, text) ST_##code,
	STATEMENT_ROWS(X)
#undef X
	    ST_COUNT
};

static const char *const statement_texts[ST_COUNT] = {
#define X(code, text) [ST_##code] = text,
    STATEMENT_ROWS(X)
#undef X
};

struct disk {
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT];
	int lock; /* held as long as the server runs */
	bool reading_keys, reading_aliases; /* in the middle of a list */
};

/* A statement being filled and run; the first failure is kept. */
struct run {
	sqlite3_stmt *st;
	int next; /* parameter or column */
	bool ok;
};

static struct run
run_begin(struct disk *d, enum statement s)
{
	sqlite3_reset(d->st[s]);
	sqlite3_clear_bindings(d->st[s]);
	return ((struct run){d->st[s], 1, true});
}

static void
put_int(struct run *r, int64_t v)
{
	r->ok &= sqlite3_bind_int64(r->st, r->next++, v) == SQLITE_OK;
}

static void
put_text(struct run *r, const char *s)
{
	r->ok &= sqlite3_bind_text(r->st, r->next++, s, -1, SQLITE_STATIC) ==
		 SQLITE_OK;
}

static void
put_blob(struct run *r, struct view v)
{
	r->ok &= sqlite3_bind_blob64(r->st, r->next++, v.ptr, v.len,
		     SQLITE_STATIC) == SQLITE_OK;
}

static bool
run_end(struct run *r)
{
	bool ok = r->ok && sqlite3_step(r->st) == SQLITE_DONE;

	sqlite3_reset(r->st);
	return (ok);
}

/* True: a row is there to be read, from column 0. */
static bool
run_row(struct run *r)
{
	int rc;

	r->next = 0;
	rc = r->ok ? sqlite3_step(r->st) : SQLITE_ERROR;
	if (rc == SQLITE_ROW)
		return (true);
	r->ok = rc == SQLITE_DONE;
	sqlite3_reset(r->st);
	return (false);
}

static int64_t
get_int(struct run *r)
{
	return (sqlite3_column_int64(r->st, r->next++));
}

static void
get_text(struct run *r, char *to, size_t size)
{
	const unsigned char *s = sqlite3_column_text(r->st, r->next++);

	snprintf(to, size, "%s", s == NULL ? "" : (const char *)s);
}

static char *
get_string(struct run *r)
{
	const unsigned char *s = sqlite3_column_text(r->st, r->next++);
	char *copy = s == NULL ? NULL : strdup((const char *)s);

	r->ok &= s == NULL || copy != NULL;
	return (copy);
}

static struct view
get_view(struct run *r)
{
	const void *p = sqlite3_column_blob(r->st, r->next);
	int n = sqlite3_column_bytes(r->st, r->next++);

	return (VIEW(p, (size_t)n));
}

static bool
simple(struct disk *d, enum statement s)
{
	struct run r = run_begin(d, s);

	return (run_end(&r));
}

/* The end of every transaction: all of it, or nothing. */
static bool
settle(struct disk *d, bool ok)
{
	if (ok && simple(d, ST_COMMIT))
		return (true);
	(void)simple(d, ST_ROLLBACK);
	return (false);
}

/* Runs a statement of two texts. */
static bool
run_with_texts(struct disk *d, enum statement s, const char *a, const char *b)
{
	struct run r = run_begin(d, s);

	put_text(&r, a);
	put_text(&r, b);
	return (run_end(&r));
}

/* A number that SQLite is asked for; -1: it does not say. */
static int
read_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return (n);
}

/* Brings the store to this server's version, as a whole or not at all. */
static bool
schema_ready(sqlite3 *db, const char *dir, char *why, size_t size)
{
	int version = read_number(db, "PRAGMA user_version");
	char text[64];
	bool ok;

	snprintf(why, size,
	    "%s: store is of version %d, this server knows %d at most", dir,
	    version, SCHEMA_VERSION);
	if (version < 0 || version > SCHEMA_VERSION)
		return (false);
	if (version == SCHEMA_VERSION)
		return (true);
	snprintf(why, size, "%s: keys.sqlite is not a store", dir);
	if (version == 0 &&
	    read_number(db, "SELECT count(*) FROM sqlite_master") != 0)
		return (false);
	ok = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
	for (int i = version; ok && i < SCHEMA_VERSION; i++)
		ok = sqlite3_exec(db, versions[i], NULL, NULL, NULL) ==
		     SQLITE_OK;
	snprintf(text, sizeof(text), "PRAGMA user_version = %d; COMMIT",
	    SCHEMA_VERSION);
	snprintf(why, size, "%s: %s", dir, sqlite3_errmsg(db));
	return (ok && sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
}

static bool
dir_lock(struct disk *d, const char *dir, char *why, size_t size)
{
	char path[4096];

	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		snprintf(why, size, "%s: %s", dir, strerror(errno));
		return (false);
	}
	snprintf(path, sizeof(path), "%s/lock", dir);
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock == -1) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return (false);
	}
	if (flock(d->lock, LOCK_EX | LOCK_NB) == -1) {
		snprintf(
		    why, size, "%s: another keyferry-localkms uses it", dir);
		return (false);
	}
	return (true);
}

bool
disk_open(const char *dir, struct disk **out, char *why, size_t size)
{
	struct disk *d = calloc(1, sizeof(*d));
	char path[4096];
	bool ok;

	snprintf(why, size, "out of memory");
	if (d == NULL)
		return (false);
	d->lock = -1;
	if (!dir_lock(d, dir, why, size))
		goto out;
	snprintf(path, sizeof(path), "%s/keys.sqlite", dir);
	ok = sqlite3_open_v2(path, &d->db,
		 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		     SQLITE_OPEN_NOMUTEX,
		 NULL) == SQLITE_OK &&
	     sqlite3_exec(d->db,
		 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL,
		 NULL, NULL) == SQLITE_OK;
	if (!ok) {
		snprintf(why, size, "%s: %s", path, sqlite3_errmsg(d->db));
		goto out;
	}
	if (!schema_ready(d->db, dir, why, size))
		goto out;
	for (int i = 0; i < ST_COUNT; i++)
		if (sqlite3_prepare_v3(d->db, statement_texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &d->st[i],
			NULL) != SQLITE_OK) {
			snprintf(
			    why, size, "%s: %s", path, sqlite3_errmsg(d->db));
			goto out;
		}
	*out = d;
	return (true);
out:
	disk_close(d);
	return (false);
}

void
disk_close(struct disk *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(d->st[i]);
	sqlite3_close(d->db);
	if (d->lock != -1)
		close(d->lock);
	free(d);
}

static bool
put_material(struct disk *d, const struct key *k, size_t place)
{
	const struct material *m = &k->materials[place];
	struct run r = run_begin(d, ST_PUT_MATERIAL);

	put_text(&r, k->region);
	put_text(&r, k->id);
	put_int(&r, (int64_t)place);
	put_text(&r, m->id);
	put_int(&r, m->state);
	put_blob(&r, buf_view(&m->bytes));
	put_int(&r, m->valid_to_ms);
	put_int(&r, m->rotated_ms);
	put_int(&r, m->on_demand);
	put_text(&r, m->description);
	return (run_end(&r));
}

static bool
put_key(struct disk *d, const struct key *k)
{
	struct run r = run_begin(d, ST_PUT_KEY);
	bool ok;

	put_text(&r, k->region);
	put_text(&r, k->id);
	put_text(&r, k->spec->name);
	put_text(&r, usage_name(k->usage));
	put_int(&r, k->external);
	put_int(&r, k->enabled);
	put_int(&r, k->waits_for_replicas);
	put_text(&r, k->primary);
	put_int(&r, k->created_ms);
	put_int(&r, k->deletion_ms);
	put_int(&r, k->window_days);
	put_int(&r, k->rotation_days);
	put_int(&r, k->rotation_next_ms);
	put_text(&r, k->description);
	put_text(&r, k->policy);
	put_blob(&r, buf_view(&k->tags));
	ok = run_end(&r) &&
	     run_with_texts(d, ST_CUT_MATERIALS, k->region, k->id);
	for (size_t i = 0; ok && i < k->material_count; i++)
		ok = put_material(d, k, i);
	return (ok);
}

bool
disk_put_keys(struct disk *d, struct key *const *keys, size_t count)
{
	bool ok = true;

	if (!simple(d, ST_BEGIN))
		return (false);
	for (size_t i = 0; ok && i < count; i++)
		ok = put_key(d, keys[i]);
	return (settle(d, ok));
}

bool
disk_remove_key(struct disk *d, const struct key *k)
{
	if (!simple(d, ST_BEGIN))
		return (false);
	return (settle(
	    d, run_with_texts(d, ST_CUT_KEY, k->region, k->id) &&
		   run_with_texts(d, ST_CUT_MATERIALS, k->region, k->id) &&
		   run_with_texts(d, ST_CUT_ALIASES, k->region, k->id)));
}

bool
disk_put_alias(struct disk *d, const struct alias *a)
{
	struct run r = run_begin(d, ST_PUT_ALIAS);

	put_text(&r, a->region);
	put_text(&r, a->name);
	put_text(&r, a->key_id);
	put_int(&r, a->created_ms);
	put_int(&r, a->updated_ms);
	return (run_end(&r));
}

bool
disk_remove_alias(struct disk *d, const struct alias *a)
{
	return (run_with_texts(d, ST_CUT_ALIAS, a->region, a->name));
}

bool
disk_put_import(
    struct disk *d, const struct import_set *s, int64_t purge_before_ms)
{
	struct run old, r;

	if (!simple(d, ST_BEGIN))
		return (false);
	old = run_begin(d, ST_CUT_IMPORTS);
	put_int(&old, purge_before_ms);
	r = run_begin(d, ST_PUT_IMPORT);
	put_blob(&r, VIEW(s->token, sizeof(s->token)));
	put_text(&r, s->region);
	put_text(&r, s->key_id);
	put_text(&r, s->algorithm);
	put_int(&r, s->expires_ms);
	put_blob(&r, buf_view(&s->pair));
	return (settle(d, run_end(&old) && run_end(&r)));
}

bool
disk_find_import(struct disk *d, struct view token, struct import_set *s)
{
	struct run r = run_begin(d, ST_GET_IMPORT);

	put_blob(&r, token);
	if (token.len != sizeof(s->token) || !run_row(&r))
		return (false);
	memcpy(s->token, token.ptr, sizeof(s->token));
	get_text(&r, s->region, sizeof(s->region));
	get_text(&r, s->key_id, sizeof(s->key_id));
	get_text(&r, s->algorithm, sizeof(s->algorithm));
	s->expires_ms = get_int(&r);
	r.ok = buf_append(&s->pair, get_view(&r)) == ERR_OK;
	sqlite3_reset(r.st);
	return (r.ok);
}

bool
disk_secret(struct disk *d, const char *name, uint8_t *out, size_t len)
{
	struct run r = run_begin(d, ST_GET_SECRET);
	struct view v;

	put_text(&r, name);
	if (run_row(&r)) {
		v = get_view(&r);
		if (v.len == len)
			memcpy(out, v.ptr, len);
		sqlite3_reset(r.st);
		return (v.len == len);
	}
	if (RAND_bytes(out, (int)len) != 1)
		return (false);
	r = run_begin(d, ST_PUT_SECRET);
	put_text(&r, name);
	put_blob(&r, VIEW(out, len));
	return (run_end(&r));
}

static bool
load_material(struct run *r, struct key *k)
{
	struct material *m = key_material_add(k);
	const unsigned char *p;

	if (m == NULL)
		return (false);
	get_text(r, m->id, sizeof(m->id));
	m->state = (enum material_state)get_int(r);
	r->ok &= buf_append(&m->bytes, get_view(r)) == ERR_OK;
	m->valid_to_ms = get_int(r);
	m->rotated_ms = get_int(r);
	m->on_demand = get_int(r) != 0;
	m->description = get_string(r);
	if (k->spec->type == NULL || m->bytes.len == 0)
		return (r->ok);
	p = m->bytes.ptr;
	m->pkey = d2i_AutoPrivateKey(NULL, &p, (long)m->bytes.len);
	return (r->ok && m->pkey != NULL);
}

static struct key *
load_key(struct disk *d, struct run *r)
{
	struct key *k = key_new();
	struct run m;
	char spec[32], usage[32];

	if (k == NULL)
		return (NULL);
	get_text(r, k->region, sizeof(k->region));
	get_text(r, k->id, sizeof(k->id));
	get_text(r, spec, sizeof(spec));
	get_text(r, usage, sizeof(usage));
	k->spec = spec_find(view_str(spec));
	k->usage = usage_find(view_str(usage));
	k->external = get_int(r) != 0;
	k->enabled = get_int(r) != 0;
	k->waits_for_replicas = get_int(r) != 0;
	get_text(r, k->primary, sizeof(k->primary));
	k->created_ms = get_int(r);
	k->deletion_ms = get_int(r);
	k->window_days = (int)get_int(r);
	k->rotation_days = (int)get_int(r);
	k->rotation_next_ms = get_int(r);
	k->description = get_string(r);
	k->policy = get_string(r);
	r->ok &= buf_append(&k->tags, get_view(r)) == ERR_OK;
	if (!r->ok || k->spec == NULL || k->usage == 0)
		goto out;
	m = run_begin(d, ST_MATERIALS);
	put_text(&m, k->region);
	put_text(&m, k->id);
	while (run_row(&m))
		if (!load_material(&m, k))
			goto out;
	return (k);
out:
	key_unref(k);
	return (NULL);
}

/* The next row of a statement that lists all; the first call begins it. */
static bool
next_row(struct disk *d, enum statement s, bool *begun, struct run *r)
{
	*r = *begun ? (struct run){.st = d->st[s], .ok = true}
		    : run_begin(d, s);
	*begun = run_row(r);
	return (*begun);
}

bool
disk_next_key(struct disk *d, struct key **out)
{
	struct run r;

	*out = NULL;
	if (!next_row(d, ST_ALL_KEYS, &d->reading_keys, &r))
		return (r.ok);
	*out = load_key(d, &r);
	return (*out != NULL);
}

bool
disk_next_alias(struct disk *d, struct alias *out)
{
	struct run r;

	memset(out, 0, sizeof(*out));
	if (!next_row(d, ST_ALL_ALIASES, &d->reading_aliases, &r))
		return (r.ok);
	get_text(&r, out->region, sizeof(out->region));
	get_text(&r, out->name, sizeof(out->name));
	get_text(&r, out->key_id, sizeof(out->key_id));
	out->created_ms = get_int(&r);
	out->updated_ms = get_int(&r);
	return (true);
}
