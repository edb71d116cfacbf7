#include <stdio.h>
#include <stdlib.h>
#include "command.h"
#include "cryptoki/rv-name.h"
#include "fingerprint.h"
#include "open-token.h"
#include "show-fingerprint.h"
#include "text.h"
#include "uri.h"

#define TEMPLATE_MAX 8

const char show_fingerprint_usage[] =
    "usage: keyferry fingerprint URI\n"
    "Prints the SHA-256 fingerprint, the label and the id of each RSA public "
    "key that\n"
    "the URI selects. Compare the fingerprint of a wrapping key in the HSM "
    "with that\n"
    "of the import pair on Keyferry's token before you wrap a key with it.\n";

static bool
print_key(const struct token *t, CK_OBJECT_HANDLE h)
{
	struct buf n = BUF_INIT(0), e = BUF_INIT(0);
	struct buf label = BUF_INIT(0), id = BUF_INIT(0);
	char hex[FINGERPRINT_SIZE], name[RV_NAME_SIZE];
	bool done = false;
	CK_RV rv;

	(void)token_get_attribute(t, h, CKA_LABEL, &label);
	(void)token_get_attribute(t, h, CKA_ID, &id);
	rv = token_get_attribute(t, h, CKA_MODULUS, &n);
	if (rv == CKR_OK)
		rv = token_get_attribute(t, h, CKA_PUBLIC_EXPONENT, &e);
	if (rv == CKR_OK) {
		done = rsa_fingerprint(buf_view(&n), buf_view(&e), hex);
		fputs(done ? hex : "no fingerprint: not a valid key", stdout);
	} else
		printf("no fingerprint: %s", rv_name(rv, name));
	fputs("  ", stdout);
	text_print(stdout, buf_view(&label));
	fputs("  id ", stdout);
	text_print_hex(stdout, buf_view(&id));
	putchar('\n');
	buf_free(&id);
	buf_free(&label);
	buf_free(&e);
	buf_free(&n);
	return (done);
}

/* Prints the RSA public keys that the URI selects. */
static int
print_keys(const struct token *t, P11KitUri *uri)
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
	char name[RV_NAME_SIZE];
	CK_RV rv;

	for (CK_ULONG i = 0; i < count && n < TEMPLATE_MAX; i++)
		if (selection[i].type != CKA_CLASS)
			template[n++] = selection[i];
	if ((rv = token_find_objects(t, template, n, &handles, &found)) !=
	    CKR_OK) {
		fprintf(stderr, "keyferry: token %s: %s\n", t->label,
		    rv_name(rv, name));
		return (EXIT_NOTHING_DONE);
	}
	for (CK_ULONG i = 0; i < found; i++)
		done += print_key(t, handles[i]);
	free(handles);
	if (found == 0)
		fprintf(stderr, "keyferry: there is no such RSA public key\n");
	return (found == 0	? EXIT_NOTHING_DONE
		: done == found ? EXIT_ALL_DONE
				: EXIT_SOME_FAILED);
}

int
show_fingerprint_run(int argc, char **argv)
{
	struct open_tokens o = OPEN_TOKENS_INIT;
	struct token *t;
	P11KitUri *uri;
	int status = EXIT_NOTHING_DONE;

	if (argc != 2) {
		fputs(show_fingerprint_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if ((uri = uri_parse(argv[1])) == NULL)
		return (EXIT_NOTHING_DONE);
	if (!uri_allows_class(uri, CKO_PUBLIC_KEY))
		fprintf(
		    stderr, "keyferry: %s: type= must be public\n", argv[1]);
	else if ((t = open_token(&o, uri, false)) != NULL)
		status = print_keys(t, uri);
	uri_free(uri);
	close_tokens(&o);
	return (status);
}
