#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "client.h"
#include "fake-kms.h"
#include "machine.h"
#include "rules.h"
#include "token/module.h"
#include "token/state.h"

/* Interposed by the linker: see fragment.am. */
const struct transport *__wrap_client_transport(struct client *);
int64_t __wrap_client_service_ms(struct client *);
enum err __wrap_state_write(struct call *, const char *, struct view);
enum err __real_state_write(struct call *, const char *, struct view);
enum err __wrap_state_remove(struct call *, const char *);
enum err __real_state_remove(struct call *, const char *);
enum err __wrap_state_lock(struct call *, const char *, int *);
enum err __real_state_lock(struct call *, const char *, int *);
void __wrap_state_unlock(struct call *, const char *, int);
void __real_state_unlock(struct call *, const char *, int);

static char dir[64];
static CK_SESSION_HANDLE sessions[CALLERS_MAX];
static struct {
	char name[256];
} locks[STEP_LOCKS_MAX];
static int lock_count;

const struct transport *
__wrap_client_transport(struct client *client)
{
	(void)client;
	return (&fake_transport);
}

int64_t
__wrap_client_service_ms(struct client *client)
{
	(void)client;
	return (virtual_clock.wall_ms(NULL));
}

enum err
__wrap_state_write(struct call *c, const char *name, struct view v)
{
	if (!caller_lives_on())
		return (ERR_FILE);
	if (rules_leave_out_file(name))
		return (ERR_OK);
	return (__real_state_write(c, name, v));
}

enum err
__wrap_state_remove(struct call *c, const char *name)
{
	if (!caller_lives_on())
		return (ERR_FILE);
	return (__real_state_remove(c, name));
}

static int
lock_place(const struct call *c, const char *name)
{
	char full[256];

	snprintf(full, sizeof(full), "%.60s %.100s",
	    strrchr(c->token->state, '/') + 1, name);
	for (int i = 0; i < lock_count; i++)
		if (strcmp(locks[i].name, full) == 0)
			return (i);
	if (lock_count == STEP_LOCKS_MAX)
		abort();
	memcpy(locks[lock_count].name, full, sizeof(full));
	return (lock_count++);
}

/* The scheduler knows who has a lock: it lets only those try who get it. */
enum err
__wrap_state_lock(struct call *c, const char *name, int *fd)
{
	int lock = lock_place(c, name);
	enum err e;

	*fd = -1;
	if (rules_leave_out_lock(name))
		return (ERR_OK);
	if (!caller_lock(lock, name))
		return (ERR_FILE);
	if ((e = __real_state_lock(c, name, fd)) != ERR_OK)
		caller_unlock(lock);
	return (e);
}

void
__wrap_state_unlock(struct call *c, const char *name, int fd)
{
	__real_state_unlock(c, name, fd);
	if (fd != -1)
		caller_unlock(lock_place(c, name));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return (remove(path));
}

static void
remove_state(void)
{
	char path[128];

	for (int i = 0; i <= CALLERS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%c", dir, 'a' + i);
		(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

void
machines_remove(void)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

/* In memory, where there is such a folder: each run writes files. */
static void
make_dir(void)
{
	if (dir[0] != '\0')
		return;
	snprintf(dir, sizeof(dir), "%s/keyferry-schedule-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(machines_remove);
	setenv("HOME", dir, 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

static void
write_config(const struct machine_conf *conf)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/keyferry.conf", dir);
	setenv("KEYFERRY_CONFIG", path, 1);
	if ((f = fopen(path, "w")) == NULL)
		abort();
	(void)fchmod(fileno(f), 0600);
	fprintf(f, "state = %s/none\n", dir);
	for (int i = 0; i < CALLERS_MAX; i++)
		fprintf(f,
		    "[token %c]\n"
		    "region = us-east-1\n"
		    "endpoint = http://127.0.0.1:%d\n"
		    "wrapping-bits = 2048\n%s%s",
		    'a' + i, i + 1, conf->all != NULL ? conf->all : "",
		    conf->of[i] != NULL ? conf->of[i] : "");
	if (fclose(f) != 0)
		abort();
}

/* Tokens and state directories are given to the callers by their order. */
static void
take_machines(const struct machine_conf *conf)
{
	struct module *m;
	char path[128];

	if (module_get(&m) != CKR_OK || m->token_count != CALLERS_MAX)
		abort();
	m->clock = &virtual_clock;
	for (int i = 0; i < CALLERS_MAX; i++) {
		free(m->tokens[i].state);
		snprintf(path, sizeof(path), "%s/%c", dir,
		    'a' + (conf->share_state ? 0 : i));
		m->tokens[i].state = strdup(path);
		if (C_OpenSession(m->tokens[i].slot,
			CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
			&sessions[i]) != CKR_OK)
			abort();
	}
	module_put(m);
}

void
machines_start(const struct machine_conf *conf)
{
	static const struct machine_conf *written;

	make_dir();
	remove_state();
	if (conf != written)
		write_config(conf);
	written = conf;
	lock_count = 0;
	if (C_Initialize(NULL) != CKR_OK)
		abort();
	take_machines(conf);
}

void
machines_stop(void)
{
	if (C_Finalize(NULL) != CKR_OK)
		abort();
}

CK_SESSION_HANDLE
machine_session(int caller)
{
	return (sessions[caller]);
}

/* Journals */

static bool
file_has(const char *path, const char *text)
{
	char content[8192];
	size_t n;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return (false);
	n = fread(content, 1, sizeof(content) - 1, f);
	content[n] = '\0';
	(void)fclose(f);
	return (strstr(content, text) != NULL);
}

/* What was made here, and what is known of a pair, finishes nothing. */
static bool
is_journal(const char *name)
{
	return (name[0] != '.' && strncmp(name, "made-", 5) != 0 &&
		strncmp(name, "pair-", 5) != 0 &&
		strstr(name, ".lock") == NULL);
}

static bool
directory_has(const char *path, const char *id, const char *nonce)
{
	struct dirent *entry;
	char file[512];
	bool found = false;
	DIR *d = opendir(path);

	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		found = is_journal(entry->d_name) &&
			(strstr(entry->d_name, id) != NULL ||
			    file_has(file, id) || file_has(file, nonce));
	}
	if (d != NULL)
		(void)closedir(d);
	return (found);
}

bool
machines_have_journal(const char *key_id, const char *description)
{
	const char *nonce = strrchr(description, ' ');
	char path[128];
	bool found = false;

	nonce = nonce != NULL ? nonce + 1 : key_id;
	for (int i = 0; i < CALLERS_MAX && !found; i++) {
		snprintf(path, sizeof(path), "%s/%c", dir, 'a' + i);
		found = directory_has(path, key_id, nonce);
	}
	return (found);
}
