/* keyferry.conf: where it is looked for, what it may say, what is refused. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/config-file.h"
#include "config/key-list.h"
#include "tap.h"
#include "testenv.h"
#include "token/read-config.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static void
test_defaults(void)
{
	struct config c;
	struct error_info f = {.status = 0};
	const struct config_token *t;

	unsetenv("KEYFERRY_CONFIG");
	NEED(config_load(NULL, &c, &f) == ERR_OK, "without a file");
	t = &c.tokens[0];
	OK(c.token_count == 1 && strcmp(t->label, "keyferry") == 0,
	    "there is one token");
	OK(!t->adopt && t->keys == NULL && t->generate == GENERATE_NAMED,
	    "that fills and makes no key by a name alone");
	OK(c.log == NULL && !c.digests && !t->aes_cbc_pad,
	    "that nothing was asked of");
	OK(t->region == NULL && t->profile == NULL && t->endpoint == NULL &&
		t->ca_bundle == NULL,
	    "the AWS environment decides");
	OK(t->destroy == DESTROY_DELETE_MATERIAL && t->deletion_days == 30 &&
		t->wrapping == NULL && t->wrapping_bits == 4096 &&
		t->timeout == 20 && t->import_timeout == 300 &&
		t->refresh == 10,
	    "the rest is as the manual says");
	OK(strcmp(c.state, testenv_path(".local/state/keyferry")) == 0,
	    "its state is below the home directory");
	config_free(&c);
	setenv("XDG_STATE_HOME", "/xdg", 1);
	NEED(config_load(NULL, &c, &f) == ERR_OK, "with XDG_STATE_HOME");
	OK(strcmp(c.state, "/xdg/keyferry") == 0, "it is there");
	config_free(&c);
	unsetenv("XDG_STATE_HOME");
}

static void
test_whole_file(void)
{
	struct config c;
	struct error_info f = {.status = 0};
	const struct config_token *t;

	testenv_write("whole.conf", "# a comment\n"
				    "log = trace:/tmp/x\n"
				    "state = ~/here\n"
				    "digests = yes\n"
				    "[token one]\n"
				    "region = eu-north-1\n"
				    "profile = p\n"
				    "endpoint = https://kms.example/\n"
				    "ca-bundle = ~/ca.pem\n"
				    "aes-cbc-pad = TRUE\n"
				    "wrapping = RSAES_OAEP_SHA_1\n"
				    "wrapping-bits = 3072\n"
				    "destroy = schedule-deletion\n"
				    "deletion-days = 7\n"
				    "timeout = 1\n"
				    "import-timeout = 86400\n"
				    "list-timeout = 99\n"
				    "refresh = 0\n"
				    "[token another one]\n"
				    "aes-cbc-pad = no\n");
	setenv("KEYFERRY_CONFIG", testenv_path("whole.conf"), 1);
	if (config_load(NULL, &c, &f) != ERR_OK) {
		printf("# %s\n", f.message);
		NEED(false, "every option is taken");
	}
	t = &c.tokens[0];
	OK(strcmp(c.log, "trace:/tmp/x") == 0 && c.digests &&
		strcmp(c.state, testenv_path("here")) == 0,
	    "those at the top");
	OK(c.token_count == 2 && strcmp(t->label, "one") == 0 &&
		strcmp(c.tokens[1].label, "another one") == 0,
	    "two tokens, in the file's order");
	OK(strcmp(t->region, "eu-north-1") == 0 &&
		strcmp(t->profile, "p") == 0 &&
		strcmp(t->endpoint, "https://kms.example/") == 0 &&
		strcmp(t->ca_bundle, testenv_path("ca.pem")) == 0,
	    "where it is");
	OK(t->aes_cbc_pad && strcmp(t->wrapping, "RSAES_OAEP_SHA_1") == 0 &&
		t->wrapping_bits == 3072 &&
		t->destroy == DESTROY_SCHEDULE_DELETION &&
		t->deletion_days == 7 && t->timeout == 1 &&
		t->import_timeout == 86400 && t->list_timeout == 99 &&
		t->refresh == 0,
	    "and how it behaves");
	OK(!c.tokens[1].aes_cbc_pad && c.tokens[1].timeout == 20,
	    "another token has its own");
	config_free(&c);
}

/* The slots of a file's tokens; false: it is refused. */
static bool
slots_of(const char *text, long slots[4])
{
	struct config c;
	struct error_info f = {.status = 0};

	testenv_write("slots.conf", text);
	setenv("KEYFERRY_CONFIG", testenv_path("slots.conf"), 1);
	if (config_load(NULL, &c, &f) != ERR_OK)
		return (false);
	for (size_t i = 0; i < c.token_count && i < 4; i++)
		slots[i] = c.tokens[i].slot;
	config_free(&c);
	return (true);
}

/* A slot belongs to the token's name, not to its place in the file. */
static void
test_slots(void)
{
	long a[4] = {0}, b[4] = {0};
	char text[200];

	NEED(slots_of("digests = no\n", a), "a file without a token");
	OK(a[0] == 0, "has slot 0");
	NEED(slots_of("[token one]\n[token two]\n", a) &&
		 slots_of("[token three]\n[token two]\n[token one]\n", b),
	    "tokens in two files");
	OK(a[0] == b[2] && a[1] == b[1] && a[0] != a[1],
	    "have the same slots in both");
	OK(a[0] > 0 && a[0] <= SLOT_MAX && a[1] > 0 && a[1] <= SLOT_MAX,
	    "of 31 bits");
	/* somebody fixes a slot that is another's by its name */
	snprintf(text, sizeof(text),
	    "[token one]\n[token two]\n[token fixed]\nslot = %ld\n", a[0]);
	NEED(slots_of(text, b), "a slot that is fixed");
	OK(b[2] == a[0] && b[0] == a[0] + 1 && b[1] == a[1],
	    "the one that had it gets the next");
	OK(slots_of("[token one]\nslot = 0\n", a) && a[0] == 0,
	    "slot 0 can be had");
	OK(!slots_of("[token one]\nslot = 7\n[token two]\nslot = 7\n", a),
	    "two of one slot are refused");
	OK(!slots_of("[token one]\nslot = 2147483648\n", a),
	    "so is one that is no int");
}

static void
test_keys(void)
{
	static const char id[] = "12345678-1234-4234-8234-123456789012";
	static const char mrk[] = "mrk-1234567812344234823412345678abcd";
	static const char arn[] = "arn:aws:kms:eu-west-1:111122223333:key/"
				  "87654321-1234-4234-8234-123456789012";
	const char *list;
	struct config c;
	struct error_info f = {.status = 0};
	char text[512];

	snprintf(text, sizeof(text),
	    "[token t]\nkeys = %s, %s %s\nadopt = yes\ngenerate = no\n", id,
	    mrk, arn);
	testenv_write("keys.conf", text);
	setenv("KEYFERRY_CONFIG", testenv_path("keys.conf"), 1);
	NEED(config_load(NULL, &c, &f) == ERR_OK, "keys that may be filled");
	list = c.tokens[0].keys;
	OK(c.tokens[0].adopt && c.tokens[0].generate == GENERATE_NO,
	    "and what else is trusted");
	OK(key_list_has(list, id, "") && key_list_has(list, mrk, "") &&
		key_list_has(list, "", arn),
	    "each is found");
	OK(!key_list_has(list, arn + strlen(arn) - 36, "") &&
		!key_list_has(list, "12345678", "arn") &&
		!key_list_has(NULL, id, arn),
	    "and nothing else is");
	config_free(&c);
}

static void
test_refusals(void)
{
	static const struct {
		const char *what, *text;
		int line;
	} rows[] = {
	    {"a token's option at the top", "region = x\n", 1},
	    {"a misspelt option at the top", "fipps = yes\n", 1},
	    {"a line that is indented",
		"[token t]\nregion = x\n   profile = y\n", 3},
	    {"a section that is no token", "\n[profile t]\n", 2},
	    {"a token without a name", "[token]\n", 1},
	    {"a token with an empty name", "[token ]\n", 1},
	    {"a name of 33 bytes",
		"[token 123456789012345678901234567890123]\n", 1},
	    {"a token twice", "[token t]\n[token u]\n[token t]\n", 3},
	    {"a truth that is none", "[token t]\naes-cbc-pad = maybe\n", 2},
	    {"a number that is none", "[token t]\ntimeout = soon\n", 2},
	    {"a number with more behind it", "[token t]\ntimeout = 5s\n", 2},
	    {"a number too small", "[token t]\ntimeout = 0\n", 2},
	    {"a number too large", "[token t]\ndeletion-days = 31\n", 2},
	    {"an unknown word", "[token t]\ndestroy = everything\n", 2},
	    {"a size that no wrapping key has",
		"[token t]\nwrapping-bits = 2049\n", 2},
	    {"a wrapping algorithm that is none",
		"[token t]\nwrapping = ROT13\n", 2},
	    {"an alias's ARN with a pattern",
		"[token t]\nkeys = "
		"arn:aws:kms:eu-west-1:111122223333:alias/pay*\n",
		2},
	    {"an origin that is none", "[token t]\nkeys = origin:MOON\n", 2},
	    {"a selector that is none", "[token t]\nkeys = owner:me\n", 2},
	    {"a tag without a key", "[token t]\nkeys = tag:=x\n", 2},
	    {"a word behind a key id there",
		"[token t]\nkeys = "
		"12345678-1234-4234-8234-123456789012 x\n",
		2},
	    {"no key there", "[token t]\nkeys = ,\n", 2},
	    {"a tag without a value", "[token t]\ntags = a=b, c\n", 2},
	    {"a tag without a key", "[token t]\ntags = =b\n", 2},
	    {"no tag there", "[token t]\n\ntags = \n", 3},
	    {"a comma with no tag behind it", "[token t]\ntags = a=b,\n", 2},
	    {"a tag of AWS's own", "[token t]\ntags = aws:x=b\n", 2},
	    {"a character that no tag has", "[token t]\ntags = a=b;c\n", 2},
	    {"a tag twice", "[token t]\ntags = a=1, b=2, a=3\n", 2},
	    {"keys made for anything", "[token t]\ngenerate = always\n", 2},
	    {"a line that is nothing", "[token t]\nnothing\n", 2},
	    {"a level of the log that there is not", "log = debug:syslog\n", 1},
	    {"a level alone", "\nlog = info\n", 2},
	};
	struct config c;
	struct error_info f;
	char line[32], other[32];

	setenv("KEYFERRY_CONFIG", testenv_path("bad.conf"), 1);
	for (size_t i = 0; i < ELEMS(rows); i++) {
		memset(&f, 0, sizeof(f));
		testenv_write("bad.conf", rows[i].text);
		snprintf(line, sizeof(line), "bad.conf:%d: ", rows[i].line);
		snprintf(
		    other, sizeof(other), "bad.conf line %d: ", rows[i].line);
		if (!OK(config_load(NULL, &c, &f) == ERR_CONFIG, "%s",
			rows[i].what)) {
			config_free(&c);
			continue;
		}
		config_free(&c);
		if (!OK(strstr(f.message, line) != NULL ||
			    strstr(f.message, other) != NULL,
			"and the line is named"))
			printf("# %s\n", f.message);
	}
}

/* The home, as AWS's files have it, too. */
static void
test_home(void)
{
	static const char *const states[] = {"~/s", "$HOME/s", "${HOME}/s"};
	struct config c;
	struct error_info f = {.status = 0};
	char text[32];

	setenv("HOME", "/nonexistent/home", 1);
	setenv("KEYFERRY_CONFIG", testenv_path("home.conf"), 1);
	for (size_t i = 0; i < ELEMS(states); i++) {
		snprintf(text, sizeof(text), "state = %s\n", states[i]);
		testenv_write("home.conf", text);
		NEED(config_load(NULL, &c, &f) == ERR_OK, "%s: %s", text,
		    f.message);
		OK(strcmp(c.state, "/nonexistent/home/s") == 0, "%s",
		    states[i]);
		config_free(&c);
	}
}

/* The later of two values counts, and not silently. */
static void
test_two_values(void)
{
	struct config c;
	struct error_info f = {.status = 0};

	testenv_write("twice.conf", "[token a]\nkeys = alias/a\n"
				    "region = x\nkeys = alias/b\n"
				    "region = x\n[token b]\nkeys = alias/c\n");
	setenv("KEYFERRY_CONFIG", testenv_path("twice.conf"), 1);
	NEED(config_load(NULL, &c, &f) == ERR_OK && c.token_count == 2,
	    "an option that is there twice: %s", f.message);
	OK(c.tokens[0].fault == NULL &&
		strcmp(c.tokens[0].keys, "alias/b") == 0,
	    "its later value counts");
	OK(c.notes != NULL &&
		strstr(c.notes, "twice.conf:4: keys has another value in line "
				"2, which has no effect\n") != NULL,
	    "which is told");
	OK(c.notes != NULL && strstr(c.notes, "region") == NULL &&
		strstr(c.notes, ":7:") == NULL,
	    "the same value, and another token's, are no such thing");
	config_free(&c);
}

/* A newer file's option is told and has no effect; a misspelt one fails its
 * token alone. */
static void
test_unknown_options(void)
{
	struct config c;
	struct error_info f = {.status = 0};

	testenv_write("unknown.conf", "\xef\xbb\xbfhologram = yes\r\n"
				      "[token a]\r\nregoin = x\r\n"
				      "[token b]\r\nregion = eu-west-1\r\n"
				      "quantum-leap = 3\r\n"
				      "[token c]\r\nlog = x\r\n");
	setenv("KEYFERRY_CONFIG", testenv_path("unknown.conf"), 1);
	NEED(config_load(NULL, &c, &f) == ERR_OK && c.token_count == 3,
	    "a file with a byte order mark and CR LF: %s", f.message);
	OK(c.tokens[0].fault != NULL &&
		strstr(c.tokens[0].fault, "unknown.conf:3: ") != NULL &&
		strstr(c.tokens[0].fault, "is region meant") != NULL,
	    "a misspelt option fails its token");
	OK(c.tokens[1].fault == NULL &&
		strcmp(c.tokens[1].region, "eu-west-1") == 0,
	    "another's is none");
	OK(c.tokens[2].fault != NULL, "nor is one of the top taken there");
	OK(c.notes != NULL && strstr(c.notes, ":1: ") != NULL &&
		strstr(c.notes, "hologram") != NULL &&
		strstr(c.notes, "quantum-leap") != NULL,
	    "those that are not known are told");
	config_free(&c);
	testenv_write("log.conf", "log = /tmp/there\ndigests = maybe\n");
	setenv("KEYFERRY_CONFIG", testenv_path("log.conf"), 1);
	OK(config_load(NULL, &c, &f) == ERR_CONFIG && c.log != NULL &&
		strcmp(c.log, "/tmp/there") == 0,
	    "the file says where its faults are told");
	OK(strstr(f.message, "yes or no") != NULL, "and what is allowed: %s",
	    f.message);
	config_free(&c);
}

/* A configuration of version 0.1 is taken as it is. */
static void
test_version_0_1(void)
{
	struct config c;
	struct error_info f = {.status = 0};

	testenv_write("old.conf",
	    "log = error:syslog\nstate = ~/state\ndigests = no\n"
	    "[token production]\nregion = eu-central-1\nprofile = p\n"
	    "endpoint = https://kms.example/\nca-bundle = ~/ca.pem\n"
	    "certificates = ~/certificates\nlogin = required\nshow = all\n"
	    "aes-cbc-pad = yes\nwrapping = RSAES_OAEP_SHA_256\n"
	    "wrapping-bits = 3072\nimport = RSA_2048\ntwo-usages = both\n"
	    "multi-region = yes\nreplicas = eu-west-1\n"
	    "destroy = schedule-deletion\ndeletion-days = 7\ntimeout = 20\n"
	    "import-timeout = 300\nlist-timeout = 300\nrefresh = 10\n");
	setenv("KEYFERRY_CONFIG", testenv_path("old.conf"), 1);
	NEED(config_load(NULL, &c, &f) == ERR_OK, "a file of 0.1: %s",
	    f.message);
	OK(c.notes == NULL && c.tokens[0].fault == NULL,
	    "each of its options is known");
	config_free(&c);
}

static void
test_places(void)
{
	struct config c;
	struct error_info f = {.status = 0};
	char args[256];

	setenv("KEYFERRY_CONFIG", testenv_path("not there"), 1);
	OK(config_load(NULL, &c, &f) == ERR_FILE &&
		strstr(f.message, "not there") != NULL,
	    "a file that was named must be there");
	unsetenv("KEYFERRY_CONFIG");
	testenv_write("args.conf", "[token args]\n");
	snprintf(args, sizeof(args), "config=%s", testenv_path("args.conf"));
	OK(config_load(args, &c, &f) == ERR_OK &&
		strcmp(c.tokens[0].label, "args") == 0,
	    "the string of C_Initialize names one");
	config_free(&c);
	OK(config_load("other=x", &c, &f) == ERR_OK &&
		strcmp(c.tokens[0].label, "keyferry") == 0,
	    "another string does not");
	config_free(&c);
	testenv_write("env.conf", "[token env]\n");
	setenv("KEYFERRY_CONFIG", testenv_path("env.conf"), 1);
	OK(config_load(args, &c, &f) == ERR_OK &&
		strcmp(c.tokens[0].label, "env") == 0,
	    "the environment comes first");
	config_free(&c);
	unsetenv("KEYFERRY_CONFIG");
	mkdir(testenv_path(".config"), 0700);
	mkdir(testenv_path(".config/keyferry"), 0700);
	testenv_write(".config/keyferry/keyferry.conf", "[token home]\n");
	OK(config_load(NULL, &c, &f) == ERR_OK &&
		strcmp(c.tokens[0].label, "home") == 0,
	    "the user's is found");
	config_free(&c);
	mkdir(testenv_path("xdg"), 0700);
	mkdir(testenv_path("xdg/keyferry"), 0700);
	testenv_write("xdg/keyferry/keyferry.conf", "[token xdg]\n");
	setenv("XDG_CONFIG_HOME", testenv_path("xdg"), 1);
	OK(config_load(NULL, &c, &f) == ERR_OK &&
		strcmp(c.tokens[0].label, "xdg") == 0,
	    "in XDG_CONFIG_HOME, where that is set");
	config_free(&c);
	unsetenv("XDG_CONFIG_HOME");
}

static void
test_modes(void)
{
	static const struct {
		mode_t mode;
		enum err err;
	} rows[] = {{0600, ERR_OK}, {0644, ERR_OK}, {0400, ERR_OK},
	    {0620, ERR_CONFIG}, {0602, ERR_CONFIG}, {0666, ERR_CONFIG}};
	struct config c;
	struct error_info f;
	enum err e;

	testenv_write("mode.conf", "[token t]\n");
	setenv("KEYFERRY_CONFIG", testenv_path("mode.conf"), 1);
	for (size_t i = 0; i < ELEMS(rows); i++) {
		NEED(chmod(testenv_path("mode.conf"), rows[i].mode) == 0,
		    "mode %o", (unsigned)rows[i].mode);
		memset(&f, 0, sizeof(f));
		e = config_load(NULL, &c, &f);
		OK(e == rows[i].err, "is %s",
		    rows[i].err == ERR_OK ? "taken" : "refused");
		if (e == ERR_OK)
			config_free(&c);
	}
	setenv("KEYFERRY_CONFIG", testenv_path("."), 1);
	OK(config_load(NULL, &c, &f) != ERR_OK, "a directory is no file");
	setenv("KEYFERRY_CONFIG", "/dev/null", 1);
	OK(config_load(NULL, &c, &f) == ERR_CONFIG, "nor is a device");
}

/* In the place of the system's: what was said last. */
static char told[4096];

void syslog(int priority, const char *fmt, ...);
void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	(void)vsnprintf(told, sizeof(told), fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...);
void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	(void)vsnprintf(told, sizeof(told), fmt, ap);
	va_end(ap);
}

/* What is wrong with the file is told, also where its log cannot be. */
static void
test_no_log(void)
{
	struct config c;
	struct log *log;

	testenv_write("no-log.conf", "log = /nonexistent/log\nnothing\n");
	setenv("KEYFERRY_CONFIG", testenv_path("no-log.conf"), 1);
	OK(read_config(NULL, &c, &log) == CKR_GENERAL_ERROR,
	    "a file that is no good");
	OK(strstr(told, "no-log.conf line 2: ") != NULL,
	    "syslog is told why: %s", told);
	log_close(log);
	config_free(&c);
	testenv_write("no-log.conf",
	    "log = /nonexistent/log\n[token t]\nno-such-option = 1\n");
	OK(read_config(NULL, &c, &log) == CKR_OK, "a token that is no good");
	OK(strstr(told, "no-such-option") != NULL, "syslog is told why: %s",
	    told);
	log_close(log);
	config_free(&c);
}

int
main(void)
{
	testenv_open();
	test_defaults();
	test_whole_file();
	test_slots();
	test_keys();
	test_refusals();
	test_two_values();
	test_unknown_options();
	test_version_0_1();
	test_places();
	test_no_log();
	test_modes();
	test_home();
	testenv_stop();
	return (tap_done());
}
