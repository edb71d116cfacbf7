#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "config/config-file.h"
#include "doctor-token.h"
#include "doctor.h"
#include "env.h"
#include "log.h"
#include "options.h"
#include "trusted-path.h"

#define PATH_SIZE 4096
#define MODULE_FILE "keyferry.module"

const char doctor_usage[] =
    "usage: keyferry doctor [--json | --quiet]\n"
    "Prints what the module finds here: its configuration, log and state "
    "directory, and\n"
    "for each token Region, endpoint, credentials, identity, clock and what "
    "it may do.\n"
    "Nothing is changed in KMS.\n"
    "  --json             an array with an object for each check\n"
    "  --quiet            nothing but what failed, on standard error\n";

static void
check_configuration(struct report *r, const struct config *c, enum err e,
    const struct error_info *error)
{
	const char *at, *end;

	if (e != ERR_OK) {
		report_line(r, NULL, "configuration", REPORT_FAILED,
		    "mend the line: see keyferry.conf(5)", "%s",
		    error->message[0] != '\0' ? error->message : err_text(e));
		return;
	}
	report_line(r, NULL, "configuration", REPORT_OK, NULL, "%s",
	    c->file != NULL ? c->file
			    : "no file: one token, by the AWS environment");
	for (at = c->notes; at != NULL && (end = strchr(at, '\n')) != NULL;
	     at = end + 1)
		report_line(r, NULL, "configuration", REPORT_NOTE,
		    "mend or remove the line, or use a newer Keyferry", "%.*s",
		    (int)(end - at), at);
}

static void
check_log(struct report *r, const struct config *c)
{
	const char *spec = env_get("KEYFERRY_LOG"), *from = "KEYFERRY_LOG";
	struct log *l = NULL;
	enum err e;

	if (spec == NULL) {
		spec = c->log;
		from = "the configuration";
	}
	if (spec == NULL) {
		report_line(r, NULL, "log", REPORT_NOTE,
		    "set KEYFERRY_LOG=stderr, or log in keyferry.conf",
		    "failures are not logged");
		return;
	}
	e = log_open(spec, &l);
	report_line(r, NULL, "log", e == ERR_OK ? REPORT_OK : REPORT_FAILED,
	    e == ERR_OK ? NULL
	    : e == ERR_CONFIG
		? "it is " LOG_SPEC_VALUES
		: "choose a file that this user can write and others "
		  "cannot; the system log says more",
	    "%s, by %s%s%s", spec, from, e == ERR_OK ? "" : ": ",
	    e == ERR_OK ? "" : err_text(e));
	log_close(l);
}

static void
check_state(struct report *r, const struct config *c)
{
	struct error_info error = {.status = 0};
	int fd = -1;
	enum err e;

	if (c->state == NULL) {
		report_line(r, NULL, "state directory", REPORT_FAILED,
		    "set state in keyferry.conf: without it keys can be used, "
		    "and not imported",
		    "there is no home directory");
		return;
	}
	e = trusted_open(
	    c->state, TRUSTED_DIRECTORY, O_RDONLY | O_DIRECTORY, &fd, &error);
	if (e == ERR_FILE && errno == ENOENT)
		report_line(r, NULL, "state directory", REPORT_OK, NULL,
		    "%s, which the first import makes", c->state);
	else if (e != ERR_OK)
		report_line(r, NULL, "state directory", REPORT_FAILED,
		    "give it to the user who imports, with mode 0700", "%s: %s",
		    c->state,
		    error.message[0] != '\0' ? error.message : strerror(errno));
	else if (faccessat(fd, ".", W_OK, AT_EACCESS) != 0)
		report_line(r, NULL, "state directory", REPORT_FAILED,
		    "give it to the user who imports, with mode 0700",
		    "%s cannot be written", c->state);
	else
		report_line(r, NULL, "state directory", REPORT_OK, NULL, "%s",
		    c->state);
	if (fd != -1)
		(void)close(fd);
}

/* Where p11-kit looks; the user's own comes first. */
static void
check_registration(struct report *r)
{
	static const char *const folders[] = {"~/.config/pkcs11/modules",
	    "/etc/pkcs11/modules", "/usr/share/p11-kit/modules",
	    "/usr/local/share/p11-kit/modules"};
	struct buf folder = BUF_INIT(PATH_SIZE);
	char path[PATH_SIZE + 32];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		buf_reset(&folder);
		if (env_path(folders[i], &folder) != ERR_OK)
			continue;
		snprintf(path, sizeof(path), "%s/" MODULE_FILE,
		    (const char *)folder.ptr);
		if (access(path, R_OK) != 0)
			continue;
		report_line(r, NULL, "p11-kit", REPORT_OK, NULL, "%s", path);
		buf_free(&folder);
		return;
	}
	report_line(r, NULL, "p11-kit", REPORT_NOTE,
	    "install " MODULE_FILE " there, or name the module's file to each "
	    "program",
	    "the module is not in /etc/pkcs11/modules or "
	    "/usr/share/p11-kit/modules");
	buf_free(&folder);
}

static void
check_tokens(struct report *r, const struct config *c)
{
	const struct crypto_setup setup = {c->fips, c->fips_config};
	struct error_info error = {.status = 0};
	struct crypto crypto;

	if (crypto_open(&crypto, &setup, &error) != ERR_OK) {
		report_line(r, NULL, "cryptography", REPORT_FAILED,
		    "see FIPS in keyferry.conf(5)", "%s", error.message);
		return;
	}
	for (size_t i = 0; i < c->token_count; i++)
		doctor_token(r, &crypto, &c->tokens[i]);
	crypto_close(&crypto);
}

int
doctor_run(int argc, char **argv)
{
	bool json = false, quiet = false;
	const struct option_row rows[] = {{"json", &json, NULL, NULL, NULL},
	    {"quiet", &quiet, NULL, NULL, NULL}};
	struct error_info error = {.status = 0};
	struct config c;
	struct report r;
	enum err e;

	if (options_read(argc, argv, rows, 2, 0) == -1) {
		fputs(doctor_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	e = config_load(NULL, &c, &error);
	report_begin(&r, json, quiet);
	check_configuration(&r, &c, e, &error);
	check_log(&r, &c);
	if (e == ERR_OK)
		check_state(&r, &c);
	check_registration(&r);
	if (e == ERR_OK)
		check_tokens(&r, &c);
	report_end(&r);
	config_free(&c);
	return (r.failures == 0 ? EXIT_ALL_DONE : EXIT_SOME_FAILED);
}
