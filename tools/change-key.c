#include <string.h>
#include "cryptoki/keyferry.h"
#include "change-key.h"
#include "command.h"
#include "message.h"
#include "options.h"
#include "rv-said.h"
#include "text.h"
#include "write-json.h"

#define KEYS_MAX 1000 /* on one command line */

#define KEY_TEXT                                                             \
	"KEY is a label, a key id or an ARN, on the token that --to names; " \
	"or a\n"                                                             \
	"PKCS#11 URI with object= or id=.\n"
#define COMMON_OPTIONS                                                  \
	"  --to URI           Keyferry's token, if there are several\n" \
	"  --yes              nothing is asked in any case\n"           \
	"  --json             print a line of JSON for each key\n"      \
	"  --quiet            print nothing but errors\n"

const char rename_usage[] =
    "usage: keyferry rename KEY [--label TEXT] [--id HEX] [options]\n"
    "Gives a key in KMS another label, another id, or both.\n" KEY_TEXT
    "  --label TEXT       the new label (CKA_LABEL)\n"
    "  --id HEX           the new id (CKA_ID), in hexadecimal "
    "digits\n" COMMON_OPTIONS;
const char enable_usage[] =
    "usage: keyferry enable KEY ... [options]\n"
    "Lets disabled keys be used again.\n" KEY_TEXT COMMON_OPTIONS;
const char disable_usage[] =
    "usage: keyferry disable KEY ... [options]\n"
    "Lets keys not be used until they are enabled.\n" KEY_TEXT COMMON_OPTIONS;
const char cancel_deletion_usage[] =
    "usage: keyferry cancel-deletion KEY ... [options]\n"
    "Brings back keys that KMS is to delete; they are disabled then.\n"
    "KEY is a key id or an ARN: such keys have no other "
    "names.\n" COMMON_OPTIONS;

bool
change_is_in(const struct change *c, const char *state)
{
	return (
	    view_equal(buf_view(&c->key.keys.rows[0].state), view_str(state)));
}

static void
say(const struct change *c, const char *before, const char *why)
{
	message("%.*s: %s%s", SHOWN(c->key.keys.rows[0].arn), before, why);
}

enum change_result
change_failed(const struct change *c, const char *function, CK_RV rv)
{
	char said[TOKEN_ERROR_SIZE], name[RV_SAID_SIZE], before[64];

	token_last_error(c->key.open.token, function, said);
	snprintf(before, sizeof(before), "%s: ", function);
	say(c, before, said[0] != '\0' ? said : rv_said(rv, name));
	return (CHANGE_FAILED);
}

enum change_result
change_refused(const struct change *c, const char *why)
{
	say(c, "", why);
	return (CHANGE_REFUSED);
}

/* What the key is now. */
static void
print_key(const struct change *c)
{
	const struct listed_key *k = &c->key.keys.rows[0];
	char when[TEXT_TIME_SIZE] = "";
	struct json_writer w;

	if (k->deletion != 0)
		text_time(k->deletion, when);
	if (c->json) {
		write_json_begin(&w, stdout);
		write_json_text(&w, "arn", buf_view(&k->arn));
		write_json_text(&w, "label", buf_view(&k->label));
		write_json_hex(&w, "id", buf_view(&k->id));
		write_json_text(&w, "state", buf_view(&k->state));
		if (k->deletion != 0)
			write_json_text(&w, "deletion_date", view_str(when));
		write_json_end(&w);
		putchar('\n');
		return;
	}
	text_print(stdout, buf_view(&k->arn));
	fputs(": ", stdout);
	text_print(stdout, buf_view(&k->state));
	if (k->label.len != 0) {
		fputs(", label ", stdout);
		text_print(stdout, buf_view(&k->label));
	}
	fputs(", id ", stdout);
	text_print_hex(stdout, buf_view(&k->id));
	if (k->deletion != 0)
		printf(", deleted on %s", when);
	putchar('\n');
}

static bool
read_arguments(
    int argc, char **argv, const char *usage, struct change *c, int *operand)
{
	const struct option_row rows[] = {
	    {"to", NULL, &c->to, NULL, NULL},
	    {"json", &c->json, NULL, NULL, NULL},
	    {"quiet", &c->quiet, NULL, NULL, NULL},
	    {"yes", &c->yes, NULL, NULL, NULL},
	    {"label", NULL, &c->label, NULL, NULL},
	    {"id", NULL, NULL, key_option_id, &c->id},
	};
	size_t count = sizeof(rows) / sizeof(rows[0]);
	bool renames = usage == rename_usage;

	*operand = options_read(argc, argv, rows, renames ? count : count - 2,
	    renames ? 1 : KEYS_MAX);
	if (*operand == argc)
		message("name a key");
	return (*operand != -1 && *operand != argc);
}

static enum change_result
change_key(
    struct change *c, char *name, enum change_result (*change)(struct change *))
{
	enum change_result r = CHANGE_REFUSED;

	c->key = (struct found_key)FOUND_KEY_INIT;
	if (found_key_open(&c->key, c->to, name))
		r = change(c);
	if (r == CHANGE_DONE && !c->quiet && found_key_refresh(&c->key))
		print_key(c);
	found_key_close(&c->key);
	return (r);
}

int
change_keys(int argc, char **argv, const char *usage,
    enum change_result (*change)(struct change *))
{
	struct change c = {0};
	int count[CHANGE_REFUSED + 1] = {0}, i;

	if (!read_arguments(argc, argv, usage, &c, &i)) {
		fputs(usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	for (; i < argc; i++)
		count[change_key(&c, argv[i], change)]++;
	if (count[CHANGE_FAILED] == 0 && count[CHANGE_REFUSED] == 0)
		return (EXIT_ALL_DONE);
	return (count[CHANGE_DONE] == 0 && count[CHANGE_FAILED] == 0
		    ? EXIT_NOTHING_DONE
		    : EXIT_SOME_FAILED);
}

static CK_RV
set(const struct change *c, CK_ATTRIBUTE *rows, CK_ULONG count)
{
	const struct token *t = c->key.open.token;

	return (t->p11->C_SetAttributeValue(
	    t->session, c->key.keys.rows[0].handle, rows, count));
}

static enum change_result
set_state(struct change *c, char *state)
{
	CK_ATTRIBUTE a = {CKA_KEYFERRY_KEY_STATE, state, strlen(state)};
	CK_RV rv = set(c, &a, 1);

	return (rv == CKR_OK ? CHANGE_DONE
			     : change_failed(c, "C_SetAttributeValue", rv));
}

static bool
is_to_be_deleted(const struct change *c)
{
	return (change_is_in(c, "PendingDeletion") ||
		change_is_in(c, "PendingReplicaDeletion"));
}

static enum change_result
set_usable(struct change *c, char *state)
{
	if (is_to_be_deleted(c))
		return (change_refused(
		    c, "it is to be deleted: keyferry cancel-deletion"));
	if (c->key.keys.rows[0].waits)
		return (change_refused(c, "it waits for material"));
	return (set_state(c, state));
}

static enum change_result
enable(struct change *c)
{
	char state[] = "Enabled";

	return (set_usable(c, state));
}

static enum change_result
disable(struct change *c)
{
	char state[] = "Disabled";

	return (set_usable(c, state));
}

/* A key that has no material becomes PendingImport. */
static enum change_result
cancel_deletion(struct change *c)
{
	char disabled[] = "Disabled";
	CK_ATTRIBUTE a = {
	    CKA_KEYFERRY_KEY_STATE, disabled, sizeof(disabled) - 1};
	CK_RV rv;

	if (!is_to_be_deleted(c))
		return (change_refused(c, "it is not to be deleted"));
	rv = set(c, &a, 1);
	if (rv != CKR_OK &&
	    (rv != CKR_FUNCTION_FAILED || !found_key_refresh(&c->key) ||
		!c->key.keys.rows[0].waits))
		return (change_failed(c, "C_SetAttributeValue", rv));
	return (CHANGE_DONE);
}

static enum change_result
rename_key(struct change *c)
{
	CK_ATTRIBUTE rows[2];
	CK_ULONG count = 0;
	CK_RV rv;

	if (c->id.len != 0)
		rows[count++] = (CK_ATTRIBUTE){CKA_ID, c->id.bytes, c->id.len};
	if (c->label != NULL)
		rows[count++] = (CK_ATTRIBUTE){
		    CKA_LABEL, c->label, strlen(c->label)};
	if (count == 0)
		return (change_refused(c, "give --label or --id"));
	rv = set(c, rows, count);
	return (rv == CKR_OK ? CHANGE_DONE
			     : change_failed(c, "C_SetAttributeValue", rv));
}

int
rename_run(int argc, char **argv)
{
	return (change_keys(argc, argv, rename_usage, rename_key));
}

int
enable_run(int argc, char **argv)
{
	return (change_keys(argc, argv, enable_usage, enable));
}

int
disable_run(int argc, char **argv)
{
	return (change_keys(argc, argv, disable_usage, disable));
}

int
cancel_deletion_run(int argc, char **argv)
{
	return (
	    change_keys(argc, argv, cancel_deletion_usage, cancel_deletion));
}
