#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "client-env.h"
#include "creds-store.h"
#include "files.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define PAIR(id) \
	"aws_access_key_id = " id "\naws_secret_access_key = s-" id "\n"
#define ENV_ID "AWS_ACCESS_KEY_ID=E"
#define ENV_SECRET "AWS_SECRET_ACCESS_KEY=s-E"

static struct arena *arena;
static struct creds_conf conf;
static struct deadline soon;

/* clang-format off */
static const struct {
	const char *what, *profile, *env[5], *credentials, *config;
	enum err err;
	const char *id, *token; /* the secret is "s-" and the id */
} rows[] = {
	{ "nothing", NULL, { NULL }, NULL, NULL, ERR_NO_CREDS, NULL, NULL },
	{ "environment", NULL, { ENV_ID, ENV_SECRET }, "[default]\n" PAIR("C"),
	  NULL, ERR_OK, "E", "" },
	{ "environment with a token", NULL,
	  { ENV_ID, ENV_SECRET, "AWS_SESSION_TOKEN=t/+=" }, NULL, NULL,
	  ERR_OK, "E", "t/+=" },
	{ "half a pair: no secret", NULL, { ENV_ID }, "[default]\n" PAIR("C"),
	  NULL, ERR_CONFIG, NULL, NULL },
	{ "half a pair: no id", NULL, { ENV_SECRET }, "[default]\n" PAIR("C"),
	  NULL, ERR_CONFIG, NULL, NULL },
	{ "an empty variable is none", NULL, { "AWS_ACCESS_KEY_ID=" },
	  "[default]\n" PAIR("C"), NULL, ERR_OK, "C", "" },
	{ "a line's end in the id", NULL,
	  { "AWS_ACCESS_KEY_ID=a\r\nb", ENV_SECRET }, NULL, NULL,
	  ERR_CONFIG, NULL, NULL },
	{ "a line's end in the token", NULL,
	  { ENV_ID, ENV_SECRET, "AWS_SESSION_TOKEN=a\nb" }, NULL, NULL,
	  ERR_CONFIG, NULL, NULL },
	{ "environment with an end", NULL, { ENV_ID, ENV_SECRET,
	    "AWS_SESSION_TOKEN=t",
	    "AWS_CREDENTIAL_EXPIRATION=2099-01-01T00:00:00+00:00" }, NULL,
	  NULL, ERR_OK, "E", "t" },
	{ "environment that has ended", NULL, { ENV_ID, ENV_SECRET,
	    "AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z" }, NULL, NULL,
	  ERR_CREDS, NULL, NULL },
	{ "environment with another end", NULL, { ENV_ID, ENV_SECRET,
	    "AWS_CREDENTIAL_EXPIRATION=tomorrow" }, NULL, NULL,
	  ERR_CONFIG, NULL, NULL },
	{ "credentials file", NULL, { NULL },
	  "[default]\n" PAIR("C") "aws_session_token = t\n", NULL,
	  ERR_OK, "C", "t" },
	{ "config file", NULL, { NULL }, NULL, "[default]\n" PAIR("F"),
	  ERR_OK, "F", "" },
	{ "config file, [profile default]", NULL, { NULL }, NULL,
	  "[default]\n" PAIR("F") "[profile default]\n" PAIR("G"),
	  ERR_OK, "G", "" },
	{ "the credentials file wins", NULL, { NULL }, "[default]\n" PAIR("C"),
	  "[default]\n" PAIR("F"), ERR_OK, "C", "" },
	{ "never half from each file", NULL, { NULL },
	  "[default]\naws_access_key_id = C\n", "[default]\n" PAIR("F"),
	  ERR_CONFIG, NULL, NULL },
	{ "AWS_PROFILE", NULL, { "AWS_PROFILE=p" },
	  "[default]\n" PAIR("C") "[p]\n" PAIR("P"), NULL,
	  ERR_OK, "P", "" },
	{ "AWS_PROFILE before AWS_DEFAULT_PROFILE", NULL,
	  { "AWS_DEFAULT_PROFILE=q", "AWS_PROFILE=p" },
	  "[q]\n" PAIR("Q") "[p]\n" PAIR("P"), NULL, ERR_OK, "P", "" },
	{ "AWS_DEFAULT_PROFILE", NULL, { "AWS_DEFAULT_PROFILE=q" },
	  "[q]\n" PAIR("Q") "[p]\n" PAIR("P"), NULL, ERR_OK, "Q", "" },
	{ "[profile p] of the config file", NULL, { "AWS_PROFILE=p" },
	  NULL, "[p]\n" PAIR("X") "[profile p]\n" PAIR("P"),
	  ERR_OK, "P", "" },
	{ "[profile \"a name\"]", NULL, { "AWS_PROFILE=a name" },
	  NULL, "[profile  \"a name\"]\n" PAIR("P"), ERR_OK, "P", "" },
	{ "a name that only begins so", NULL, { "AWS_PROFILE=p" },
	  NULL, "[profile pp]\n" PAIR("P"), ERR_CONFIG, NULL, NULL },
	{ "no such profile", NULL, { "AWS_PROFILE=p" },
	  "[default]\n" PAIR("C"), NULL, ERR_CONFIG, NULL, NULL },
	{ "a profile without keys", NULL, { "AWS_PROFILE=p" },
	  "[default]\n" PAIR("C"), "[profile p]\nregion = x\n",
	  ERR_NO_CREDS, NULL, NULL },
	{ "environment before AWS_PROFILE", NULL,
	  { ENV_ID, ENV_SECRET, "AWS_PROFILE=p" }, "[p]\n" PAIR("P"), NULL,
	  ERR_OK, "E", "" },
	{ "a chosen profile before the environment", "p",
	  { ENV_ID, ENV_SECRET, "AWS_PROFILE=q" },
	  "[q]\n" PAIR("Q") "[p]\n" PAIR("P"), NULL, ERR_OK, "P", "" },
	{ "a file that is not INI", NULL, { NULL }, "What?\n", NULL,
	  ERR_CONFIG, NULL, NULL },
};
/* clang-format on */

static void
env_set(const char *variable)
{
	char *s = strdup(variable), *value = strchr(s, '=');

	*value = '\0';
	setenv(s, value + 1, 1);
	free(s);
}

static bool
is(const struct creds *c, const char *id, const char *token)
{
	return (strcmp(c->access_key, id) == 0 && c->secret.len > 2 &&
		memcmp(c->secret.ptr, "s-", 2) == 0 &&
		view_equal(
		    VIEW(c->secret.ptr + 2, c->secret.len - 2), view_str(id)) &&
		view_equal(buf_view(&c->token), view_str(token)));
}

static void
test_row(size_t i)
{
	struct creds_store *s = NULL;
	struct creds *c = NULL;
	struct error_info error = {0};
	enum err e;

	clearenv();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	for (size_t k = 0; k < 5 && rows[i].env[k] != NULL; k++)
		env_set(rows[i].env[k]);
	setenv("AWS_SHARED_CREDENTIALS_FILE",
	    rows[i].credentials == NULL
		? "/nonexistent/credentials"
		: file_write("credentials", rows[i].credentials),
	    1);
	setenv("AWS_CONFIG_FILE",
	    rows[i].config == NULL ? "/nonexistent/config"
				   : file_write("config", rows[i].config),
	    1);
	conf.profile = rows[i].profile;
	if (creds_store_open(&conf, &s) != ERR_OK)
		tap_bail();
	e = creds_acquire(s, NULL, &soon, &c, &error);
	OK(e == rows[i].err && (c == NULL || is(c, rows[i].id, rows[i].token)),
	    "%s: %s %s", rows[i].what, err_name(e), error.message);
	if (c != NULL)
		creds_release(s, c);
	creds_store_close(s);
}

/* ~/.aws, found from HOME */
static void
test_home(void)
{
	struct creds_store *s = NULL;
	struct creds *c = NULL;
	char home[128], path[160];
	FILE *f;

	(void)snprintf(home, sizeof(home), "%s.home", file_write("x", ""));
	(void)snprintf(path, sizeof(path), "%s/.aws", home);
	NEED(mkdir(home, 0700) == 0 && mkdir(path, 0700) == 0, "a home");
	(void)snprintf(path, sizeof(path), "%s/.aws/credentials", home);
	NEED((f = fopen(path, "w")) != NULL &&
		 fputs("[default]\n" PAIR("H"), f) >= 0 && fclose(f) == 0,
	    "with a credentials file");
	clearenv();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("HOME", home, 1);
	conf.profile = NULL;
	if (creds_store_open(&conf, &s) != ERR_OK)
		tap_bail();
	OK(creds_acquire(s, NULL, &soon, &c, NULL) == ERR_OK && is(c, "H", ""),
	    "credentials of ~/.aws");
	if (c != NULL)
		creds_release(s, c);
	creds_store_close(s);
	(void)unlink(path);
	*strrchr(path, '/') = '\0';
	(void)rmdir(path);
	(void)rmdir(home);
}

/* A source of credentials that expire, on a clock that stands still. */
static int64_t now_ms, life_ms, ahead_ms;
static _Atomic int loads;
static enum err load_err;
static bool load_slowly;

static int64_t
wall_ms(void *ctx)
{
	(void)ctx;
	return (now_ms);
}

static int64_t
mono_ms(void *ctx)
{
	return (clock_system.mono_ms(ctx) + ahead_ms);
}

static void
sleep_ms(void *ctx, int64_t ms)
{
	clock_system.sleep_ms(ctx, ms);
}

static const struct clock still = {mono_ms, wall_ms, sleep_ms, NULL, NULL};

static _Atomic bool load_held; /* it does not end until this is false */

static enum err
load(struct creds_search *unused, struct creds *out, struct error_info *error)
{
	char id[8], secret[16];

	(void)unused;
	(void)snprintf(id, sizeof(id), "L%d", ++loads);
	(void)snprintf(secret, sizeof(secret), "s-%s", id);
	if (load_slowly)
		sleep_ms(NULL, 200);
	while (load_held)
		sleep_ms(NULL, 1);
	if (load_err != ERR_OK)
		return (load_err);
	out->expires_ms = life_ms == 0 ? 0 : now_ms + life_ms;
	return (creds_set(out, id, secret, NULL, error));
}

/* The number in the id of what creds_acquire gives; 0 when it fails. */
static int
got(struct creds_store *s, bool refused)
{
	struct creds *c, *other;
	int n;

	if (creds_acquire(s, NULL, &soon, &c, NULL) != ERR_OK)
		return (0);
	if (refused) {
		if (creds_acquire(s, c, &soon, &other, NULL) != ERR_OK)
			other = NULL;
		creds_release(s, c);
		if ((c = other) == NULL)
			return (0);
	}
	n = atoi(c->access_key + 1);
	creds_release(s, c);
	return (n);
}

#define MINUTES(n) ((int64_t)(n)*60 * 1000)

static void
test_expiry(void)
{
	struct creds_conf lc = {.clock = &still, .arena = arena, .load = load};
	struct creds_store *s = NULL;

	NEED(creds_store_open(&lc, &s) == ERR_OK, "a store");
	now_ms = MINUTES(1000);
	life_ms = MINUTES(60);
	OK(got(s, false) == 1 && got(s, false) == 1, "looked for once");
	now_ms += MINUTES(44);
	OK(got(s, false) == 1, "kept until 15 minutes before they expire");
	now_ms += MINUTES(2);
	OK(got(s, false) == 2 && got(s, false) == 2, "then renewed");
	now_ms += MINUTES(46);
	load_err = ERR_NETWORK;
	OK(got(s, false) == 2 && loads == 3, "kept when that fails");
	OK(got(s, false) == 2 && loads == 3, "and not asked for at once again");
	now_ms += MINUTES(1);
	OK(got(s, false) == 2 && loads == 4, "but a minute later");
	now_ms += MINUTES(12);
	OK(got(s, false) == 2 && loads == 5, "used while they are valid");
	now_ms += MINUTES(2);
	OK(got(s, false) == 0, "expired and not to be renewed: an error");
	load_err = ERR_OK;
	life_ms = 0;
	OK(got(s, false) == 7, "found again");
	OK(got(s, true) == 8, "refused: renewed");
	load_err = ERR_NETWORK;
	OK(got(s, true) == 0, "refused and not to be renewed: an error");
	load_err = ERR_OK;
	creds_store_close(s);
}

/* A file that is written anew, and one that cannot be read meanwhile. */
static void
test_rewritten(void)
{
	struct creds_conf rc = conf;
	struct creds_store *s = NULL;

	clearenv();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE",
	    file_write("credentials", "[default]\n" PAIR("L1")), 1);
	rc.clock = &still;
	rc.profile = NULL;
	NEED(creds_store_open(&rc, &s) == ERR_OK, "a store");
	OK(got(s, false) == 1, "of a file");
	(void)file_write("credentials", "[default]\n" PAIR("L22"));
	ahead_ms += 2000;
	OK(got(s, false) == 22, "that is written anew");
	(void)file_write("credentials", "What?\n");
	ahead_ms += 2000;
	OK(got(s, false) == 22, "the old ones serve while it cannot be read");
	(void)file_write("credentials", "[default]\n" PAIR("L333"));
	ahead_ms += 2000;
	now_ms += MINUTES(2);
	OK(got(s, false) == 333, "and are replaced when it can");
	creds_store_close(s);
}

/* Those that are valid are given at once while one thread looks for others. */
static void *get_thread(void *);
static void
test_not_blocked(void)
{
	struct creds_conf lc = {.clock = &still, .arena = arena, .load = load};
	struct creds_store *s = NULL;
	int before = loads;
	pthread_t t;
	void *ok;

	life_ms = MINUTES(60);
	NEED(creds_store_open(&lc, &s) == ERR_OK, "a store");
	OK(got(s, false) == before + 1, "the first");
	now_ms += MINUTES(55);
	load_slowly = true;
	if (pthread_create(&t, NULL, get_thread, s) != 0)
		tap_bail();
	while (loads == before + 1)
		sleep_ms(NULL, 1);
	OK(got(s, false) == before + 1, "valid ones are given at once");
	pthread_join(t, &ok);
	OK(ok != NULL && got(s, false) == before + 2, "then the others");
	load_slowly = false;
	creds_store_close(s);
}

static void *
get_thread(void *arg)
{
	struct creds_store *s = arg;
	struct creds *c;

	if (creds_acquire(s, NULL, &soon, &c, NULL) != ERR_OK)
		return (NULL);
	creds_release(s, c);
	return (s);
}

static _Atomic int inside;

static void *
get_thread_inside(void *arg)
{
	struct crypto_guard guard;
	void *ok;

	crypto_enter(&test_crypto, &guard);
	inside++;
	ok = get_thread(arg);
	crypto_leave(&guard);
	return (ok);
}

static void
test_one_loads(void)
{
	struct creds_conf lc = {.clock = &still,
	    .arena = arena,
	    .crypto = &test_crypto,
	    .load = load};
	struct deadline tight;
	struct creds_store *s = NULL;
	pthread_t t[8];
	struct creds *c;
	void *ok;
	int good = 0, before = loads;
	bool could;

	NEED(creds_store_open(&lc, &s) == ERR_OK, "a store");
	load_held = true;
	if (pthread_create(&t[0], NULL, get_thread, s) != 0)
		tap_bail();
	while (loads == before)
		sleep_ms(NULL, 1);
	for (size_t i = 1; i < ELEMS(t); i++)
		if (pthread_create(&t[i], NULL, get_thread_inside, s) != 0)
			tap_bail();
	tight = deadline_in(&still, 20);
	OK(creds_acquire(s, NULL, &tight, &c, NULL) == ERR_DEADLINE,
	    "who waits for another's search minds the deadline");
	while (inside != ELEMS(t) - 1)
		sleep_ms(NULL, 1);
	could = crypto_before_fork(&test_crypto);
	crypto_after_fork(&test_crypto, could);
	OK(could, "and does not hold up fork()");
	load_held = false;
	for (size_t i = 0; i < ELEMS(t); i++) {
		pthread_join(t[i], &ok);
		good += ok != NULL;
	}
	OK(good == ELEMS(t) && loads == before + 1, "one thread searches, "
						    "the others wait");
	creds_store_close(s);
}

int
main(void)
{
	bool locked;

	NEED(arena_open(4096, &arena, &locked) == ERR_OK, "arena");
	test_crypto_open();
	conf = (struct creds_conf){.clock = &clock_system,
	    .arena = arena,
	    .crypto = &test_crypto,
	    .load = creds_chain_load};
	soon = deadline_in(&clock_system, 30000);
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(i);
	test_home();
	test_expiry();
	test_not_blocked();
	test_rewritten();
	test_one_loads();
	files_remove();
	arena_close(arena);
	return (tap_done());
}
