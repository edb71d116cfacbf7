#include <stdio.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "ask.h"
#include "change-key.h"
#include "delete.h"
#include "hex.h"
#include "key-options.h"
#include "message.h"
#include "text.h"

#define OPERATION_SIZE 64
#define DAY 86400

const char delete_usage[] =
    "usage: keyferry delete KEY ... [options]\n"
    "Deletes the imported material of keys, or the keys, as the option destroy "
    "in\n"
    "keyferry.conf says. Says before what is lost, and asks.\n"
    "KEY is a label, a key id or an ARN, on the token that --to names; or a\n"
    "PKCS#11 URI with object= or id=.\n"
    "  --to URI           Keyferry's token, if there are several\n"
    "  --yes              do not ask\n"
    "  --json             print a line of JSON for each key\n"
    "  --quiet            print nothing but errors and the question\n";

static void
print_last_use(const struct change *c)
{
	char operation[OPERATION_SIZE], when[TEXT_TIME_SIZE];
	CK_ULONG at = 0;
	CK_ATTRIBUTE rows[] = {
	    {CKA_KEYFERRY_LAST_USE_DATE, &at, sizeof(at)},
	    {CKA_KEYFERRY_LAST_USE_OPERATION, operation, sizeof(operation)},
	};

	if (token_get_attributes(c->key.open.token, c->key.keys.rows[0].handle,
		rows, 2) != CKR_OK)
		message_more("  when it was last used is not known "
			     "(kms:GetKeyLastUsage)");
	else if (rows[0].ulValueLen == 0)
		message_more("  KMS knows of no use of it");
	else {
		text_time((time_t)at, when);
		message_more("  last used: %s, by %.*s", when,
		    (int)rows[1].ulValueLen, operation);
	}
}

static bool
deletes_keys(const struct token *t)
{
	struct buf method = BUF_INIT(0);
	bool yes;

	token_get_of_profile(t, CKA_KEYFERRY_DESTROY, &method);
	yes = view_equal(buf_view(&method), view_str("schedule-deletion"));
	buf_free(&method);
	return (yes);
}

/* The day until which the key can be brought back. */
static void
write_last_day(const struct token *t, char when[TEXT_TIME_SIZE])
{
	struct buf days = BUF_INIT(0);
	CK_ULONG n = 0;

	token_get_of_profile(t, CKA_KEYFERRY_DELETION_DAYS, &days);
	if (days.len == sizeof(n))
		memcpy(&n, days.ptr, sizeof(n));
	text_time(time(NULL) + (time_t)n * DAY, when);
	buf_free(&days);
}

/* What is lost, what is recoverable, and until when. */
static void
print_consequences(const struct change *c, bool whole)
{
	const struct listed_key *k = &c->key.keys.rows[0];
	char when[TEXT_TIME_SIZE], id[2 * KEY_ID_MAX + 1] = "";

	if (k->id.len <= KEY_ID_MAX)
		hex_write(k->id.ptr, k->id.len, id);
	message_more("%.*s", SHOWN(k->arn));
	message_more(
	    "  label %.*s, id %s, %.*s", SHOWN(k->label), id, SHOWN(k->state));
	print_last_use(c);
	if (!whole && !k->waits) {
		message_more("  its material is deleted in each Region of the "
			     "token; the key stays,");
		message_more("  and the same material, imported again, brings "
			     "it back: keep the original");
		return;
	}
	write_last_day(c->key.open.token, when);
	message_more(
	    "  KMS deletes the key; its label and id are free at once");
	message_more("  until %s keyferry cancel-deletion brings it back, "
		     "without",
	    when);
	message_more("  them; after that nothing does, and what it encrypted "
		     "is lost");
}

static enum change_result
delete_key(struct change *c)
{
	const struct token *t = c->key.open.token;
	const struct listed_key *k = &c->key.keys.rows[0];
	/* material that KMS made cannot be deleted alone */
	bool whole = deletes_keys(t) ||
		     !view_equal(buf_view(&k->origin), view_str("EXTERNAL"));
	CK_RV rv;

	if (k->deletion != 0 || change_is_in(c, "PendingReplicaDeletion"))
		return (change_refused(c, "it is to be deleted already"));
	if (!c->quiet || !c->yes)
		print_consequences(c, whole);
	if (!ask(c->yes, "Delete %s?",
		whole || k->waits ? "the key"
				  : "the "
				    "material"))
		return (CHANGE_REFUSED);
	rv = t->p11->C_DestroyObject(t->session, k->handle);
	return (rv == CKR_OK ? CHANGE_DONE
			     : change_failed(c, "C_DestroyObject", rv));
}

int
delete_run(int argc, char **argv)
{
	return (change_keys(argc, argv, delete_usage, delete_key));
}
