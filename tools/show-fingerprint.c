#include <stdio.h>
#include <stdlib.h>
#include "command.h"
#include "fingerprint.h"
#include "message.h"
#include "open-token.h"
#include "options.h"
#include "rv-said.h"
#include "show-fingerprint.h"
#include "text.h"
#include "uri.h"
#include "write-json.h"

#define TEMPLATE_MAX 8

const char show_fingerprint_usage[] =
    "usage: keyferry fingerprint URI [options]\n"
    "Prints the SHA-256 fingerprint, the label and the id of each RSA public "
    "key that\n"
    "the URI selects. Compare the fingerprint of a wrapping key in the HSM "
    "with that\n"
    "of the import pair on Keyferry's token before you wrap a key with it.\n"
    "  --json             print a line of JSON for each key\n"
    "  --quiet            print nothing: the exit status says it\n";

struct arguments {
	char *uri;
	bool json, quiet;
};

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	const struct option_row rows[] = {
	    {"json", &a->json, NULL, NULL, NULL},
	    {"quiet", &a->quiet, NULL, NULL, NULL},
	};
	int i = options_read(
	    argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 1);

	if (i == argc)
		message("name keys by a URI");
	if (i == -1 || i == argc)
		return (false);
	a->uri = argv[i];
	return (true);
}

/* What is shown of a key. */
struct shown_key {
	struct buf label, id;
	char fingerprint[FINGERPRINT_SIZE];
	const char *failure; /* NULL, or why it has no fingerprint */
	char name[RV_SAID_SIZE]; /* where failure may be */
};

static void
read_fingerprint(const struct token *t, CK_OBJECT_HANDLE h, struct shown_key *k)
{
	struct buf n = BUF_INIT(0), e = BUF_INIT(0);
	CK_RV rv = token_get_attribute(t, h, CKA_MODULUS, &n);

	if (rv == CKR_OK)
		rv = token_get_attribute(t, h, CKA_PUBLIC_EXPONENT, &e);
	if (rv != CKR_OK)
		k->failure = rv_said(rv, k->name);
	else if (!rsa_fingerprint(buf_view(&n), buf_view(&e), k->fingerprint))
		k->failure = "not a valid key";
	buf_free(&e);
	buf_free(&n);
}

static void
print_text(const struct shown_key *k)
{
	if (k->failure == NULL)
		fputs(k->fingerprint, stdout);
	else
		text_printf(stdout, "no fingerprint: %s", k->failure);
	fputs("  ", stdout);
	text_print(stdout, buf_view(&k->label));
	fputs("  id ", stdout);
	text_print_hex(stdout, buf_view(&k->id));
}

static void
print_json(const struct shown_key *k)
{
	struct json_writer w;

	write_json_begin(&w, stdout);
	write_json_text(&w, "label", buf_view(&k->label));
	write_json_hex(&w, "id", buf_view(&k->id));
	if (k->failure == NULL)
		write_json_text(&w, "fingerprint", view_str(k->fingerprint));
	else
		write_json_text(&w, "reason", view_str(k->failure));
	write_json_end(&w);
}

/* False: it has no fingerprint. */
static bool
print_key(const struct token *t, CK_OBJECT_HANDLE h, const struct arguments *a)
{
	struct shown_key k = {.label = BUF_INIT(0), .id = BUF_INIT(0)};

	(void)token_get_attribute(t, h, CKA_LABEL, &k.label);
	(void)token_get_attribute(t, h, CKA_ID, &k.id);
	read_fingerprint(t, h, &k);
	if (!a->quiet) {
		if (a->json)
			print_json(&k);
		else
			print_text(&k);
		putchar('\n');
	}
	buf_free(&k.id);
	buf_free(&k.label);
	return (k.failure == NULL);
}

/* Prints the RSA public keys that the URI selects. */
static int
print_keys(const struct token *t, P11KitUri *uri, const struct arguments *a)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE template[TEMPLATE_MAX] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	};
	CK_ULONG count = 0, n = 2, found, done = 0;
	const CK_ATTRIBUTE *selection = p11_kit_uri_get_attributes(uri, &count);
	CK_OBJECT_HANDLE *handles;
	char name[RV_SAID_SIZE];
	CK_RV rv;

	for (CK_ULONG i = 0; i < count && n < TEMPLATE_MAX; i++)
		if (selection[i].type != CKA_CLASS)
			template[n++] = selection[i];
	if ((rv = token_find_objects(t, template, n, &handles, &found)) !=
	    CKR_OK) {
		message("token %s: %s", t->label, rv_said(rv, name));
		return (EXIT_NOTHING_DONE);
	}
	for (CK_ULONG i = 0; i < found; i++)
		done += print_key(t, handles[i], a);
	free(handles);
	if (found == 0)
		message("there is no such RSA public key");
	return (found == 0	? EXIT_NOTHING_DONE
		: done == found ? EXIT_ALL_DONE
				: EXIT_SOME_FAILED);
}

int
show_fingerprint_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct open_tokens o = OPEN_TOKENS_INIT;
	struct token *t;
	P11KitUri *uri;
	int status = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(show_fingerprint_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if ((uri = uri_parse(a.uri)) == NULL)
		return (EXIT_NOTHING_DONE);
	if (!uri_allows_class(uri, CKO_PUBLIC_KEY))
		message("%s: type= must be public", a.uri);
	else if ((t = open_token(&o, uri, false)) != NULL)
		status = print_keys(t, uri, &a);
	uri_free(uri);
	close_tokens(&o);
	return (status);
}
