#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client-env.h"
#include "creds-env.h"
#include "files.h"
#include "tap.h"

struct creds_conf test_creds_conf;
static char home[64];

void
test_creds_open(void)
{
	bool locked;
	struct http_conf hc = {.crypto = &test_crypto};

	test_crypto_open();
	if (http_open(&hc, &test_creds_conf.http) != ERR_OK)
		tap_bail();
	test_creds_conf.crypto = &test_crypto;
	test_creds_conf.region = "eu-west-1";
	test_creds_conf.clock = &clock_system;
	test_creds_conf.load = creds_chain_load;
	if (arena_open(4096, &test_creds_conf.arena, &locked) != ERR_OK)
		tap_bail();
}

void
test_creds_close(void)
{
	char command[96];

	http_close(test_creds_conf.http);
	arena_close(test_creds_conf.arena);
	files_remove();
	if (home[0] != '\0') {
		(void)snprintf(command, sizeof(command), "rm -r %s", home);
		(void)!system(command);
	}
}

const char *
test_creds_home(void)
{
	if (home[0] == '\0') {
		(void)snprintf(home, sizeof(home), "/tmp/keyferry-home.XXXXXX");
		if (mkdtemp(home) == NULL)
			tap_bail();
	}
	return (home);
}

void
test_creds_files(const char *credentials, const char *config)
{
	const char *path = getenv("PATH");
	char saved[4096];

	(void)snprintf(saved, sizeof(saved), "%s", path != NULL ? path : "");
	clearenv();
	setenv("PATH", saved, 1);
	setenv("HOME", test_creds_home(), 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE",
	    credentials == NULL ? "/nonexistent/credentials"
				: file_write("credentials", credentials),
	    1);
	setenv("AWS_CONFIG_FILE",
	    config == NULL ? "/nonexistent/config"
			   : file_write("config", config),
	    1);
}

struct found *
test_creds_find(const char *profile, int64_t ms)
{
	static struct found f;
	struct deadline d = deadline_in(&clock_system, ms);
	struct creds_store *s = NULL;
	struct creds *c = NULL;
	int64_t began = clock_system.mono_ms(NULL);

	memset(&f, 0, sizeof(f));
	test_creds_conf.profile = profile;
	if (creds_store_open(&test_creds_conf, &s) != ERR_OK)
		tap_bail();
	f.err = creds_acquire(s, NULL, &d, &c, &f.error);
	f.took_ms = clock_system.mono_ms(NULL) - began;
	if (c != NULL) {
		(void)snprintf(f.id, sizeof(f.id), "%s", c->access_key);
		(void)snprintf(f.secret, sizeof(f.secret), "%.*s",
		    (int)c->secret.len, (const char *)c->secret.ptr);
		(void)snprintf(f.token, sizeof(f.token), "%.*s",
		    (int)c->token.len,
		    c->token.len == 0 ? "" : (const char *)c->token.ptr);
		f.expires_ms = c->expires_ms;
		creds_release(s, c);
	}
	creds_store_close(s);
	return (&f);
}

/* Whether it heeds AWS_ENDPOINT_URL_STS. */
static bool
is_new_enough(const char *name)
{
	unsigned major = 0, minor = 0;
	char command[64];
	FILE *p;

	(void)snprintf(command, sizeof(command), "%s --version 2>&1", name);
	if ((p = popen(command, "r")) == NULL)
		return (false);
	if (fscanf(p, "aws-cli/%u.%u", &major, &minor) != 2)
		major = 0;
	(void)pclose(p);
	return ((major == 1 && minor >= 29) || (major == 2 && minor >= 13));
}

/* "": none. */
static const char *
awscli(void)
{
	static const char *const names[] = {"aws", "/usr/bin/aws", ""};
	static const char *found;

	for (size_t i = 0; found == NULL; i++)
		if (names[i][0] == '\0' || is_new_enough(names[i]))
			found = names[i];
	return (found);
}

bool
test_has_awscli(void)
{
	return (awscli()[0] != '\0');
}

/* "access_key  ****************ABCD  assume-role" */
bool
test_creds_awscli(const char *profile, const char *end_of_id)
{
	char command[512], line[512], *at;
	bool same = false;
	FILE *p;

	/* its second version wants the endpoint to end with a slash */
	(void)snprintf(command, sizeof(command),
	    "[ -z \"${AWS_EC2_METADATA_SERVICE_ENDPOINT-}\" ] ||"
	    " AWS_EC2_METADATA_SERVICE_ENDPOINT"
	    "=\"$AWS_EC2_METADATA_SERVICE_ENDPOINT/\";"
	    " AWS_DEFAULT_REGION=eu-west-1 %s configure list 2>&1 %s%s",
	    awscli(), profile != NULL ? "--profile " : "",
	    profile != NULL ? profile : "");
	if ((p = popen(command, "r")) == NULL)
		return (false);
	while (fgets(line, sizeof(line), p) != NULL) {
		if (strstr(line, "access_key") != NULL &&
		    (at = strstr(line, "****")) != NULL) {
			at += strspn(at, "*");
			same = strncmp(at, end_of_id, strlen(end_of_id)) == 0;
		}
		if (!same)
			printf("# %s", line);
	}
	(void)pclose(p);
	return (same);
}

static void
show(const struct found *f)
{
	printf("# %s \"%s\" %s\n", err_name(f->err), f->id, f->error.message);
}

bool
test_creds_are(const struct found *f, const char *id, const char *secret,
    const char *token)
{
	bool yes = f->err == ERR_OK && strcmp(f->id, id) == 0 &&
		   strcmp(f->secret, secret) == 0 &&
		   strcmp(f->token, token) == 0;

	if (!yes)
		show(f);
	return (yes);
}

bool
test_creds_failed(const struct found *f, enum err e, const char *message)
{
	bool yes = f->err == e && strstr(f->error.message, message) != NULL;

	if (!yes)
		show(f);
	return (yes);
}
