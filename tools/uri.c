#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "message.h"
#include "pin.h"
#include "uri.h"

#define SCHEME "pkcs11:"

void
uri_free(P11KitUri *uri)
{
	if (uri == NULL)
		return;
	pin_wipe_uri(uri);
	p11_kit_uri_free(uri);
}

/* p11-kit tells of unknown attributes in the path alone. */
static bool
has_unknown_query(const char *text)
{
	static const char *const known[] = {
	    "pin-source", "pin-value", "module-name", "module-path"};
	const char *at = strchr(text, '?');

	while (at != NULL) {
		size_t len = strcspn(++at, "=&"), i = 0;

		while (i < sizeof(known) / sizeof(known[0]) &&
		       (strlen(known[i]) != len ||
			   strncmp(at, known[i], len) != 0))
			i++;
		if (len != 0 && i == sizeof(known) / sizeof(known[0]))
			return (true);
		at = strchr(at, '&');
	}
	return (false);
}

static const char *
what_is_wrong(const char *text, P11KitUri *uri)
{
	int result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);

	if (result != P11_KIT_URI_OK)
		return (p11_kit_uri_message(result));
	return (p11_kit_uri_any_unrecognized(uri) || has_unknown_query(text)
		    ? "is unknown"
		    : NULL);
}

/* What is wrong with the attribute when it stands alone. */
static const char *
what_is_wrong_alone(const char *attribute, size_t len, bool query)
{
	P11KitUri *uri = p11_kit_uri_new();
	const char *why = NULL;
	char *text = NULL;

	if (asprintf(&text, SCHEME "%s%.*s", query ? "?" : "", (int)len,
		attribute) == -1)
		text = NULL;
	if (uri != NULL && text != NULL)
		why = what_is_wrong(text, uri);
	uri_free(uri);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return (why);
}

/* Names the attribute and not its value: that of a misspelt pin-value is a
 * secret. */
static void
complain(const char *text, const char *why)
{
	bool query = false, found = false;

	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		message("a PKCS#11 URI begins with " SCHEME);
		return;
	}
	for (text += strlen(SCHEME); *text != '\0' && !found;) {
		size_t len = strcspn(text, query ? "&" : ";?");
		const char *of_it = what_is_wrong_alone(text, len, query);
		size_t name = strcspn(text, "=;?&");

		found = of_it != NULL;
		if (found && text[name] != '=')
			message("an attribute of the URI has no value");
		else if (found)
			message("an attribute of the URI, %.*s: %s", (int)name,
			    text, of_it);
		text += len;
		query = query || *text == '?';
		text += *text != '\0';
	}
	if (!found)
		message("the URI: %s", why);
}

P11KitUri *
uri_parse(char *text)
{
	P11KitUri *uri = p11_kit_uri_new();
	const char *why;

	if (uri == NULL)
		return (NULL);
	why = what_is_wrong(text, uri);
	pin_wipe_text(text);
	if (why == NULL)
		return (uri);
	complain(text, why);
	uri_free(uri);
	return (NULL);
}

bool
uri_allows_class(P11KitUri *uri, CK_OBJECT_CLASS class)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(uri, CKA_CLASS);

	return (a == NULL || memcmp(a->pValue, &class, sizeof(class)) == 0);
}

bool
uri_has_token(P11KitUri *uri)
{
	const CK_TOKEN_INFO *t = p11_kit_uri_get_token_info(uri);
	const CK_SLOT_INFO *s = p11_kit_uri_get_slot_info(uri);
	const CK_INFO *m = p11_kit_uri_get_module_info(uri);
	const unsigned char first[] = {t->label[0], t->manufacturerID[0],
	    t->model[0], t->serialNumber[0], s->slotDescription[0],
	    s->manufacturerID[0], m->libraryDescription[0],
	    m->manufacturerID[0]};

	for (size_t i = 0; i < sizeof(first); i++)
		if (first[i] != '\0')
			return (true);
	return (p11_kit_uri_get_slot_id(uri) != (CK_SLOT_ID)-1 ||
		p11_kit_uri_get_module_name(uri) != NULL ||
		p11_kit_uri_get_module_path(uri) != NULL);
}

bool
uri_names_token(P11KitUri *uri)
{
	CK_ULONG count = 0;

	(void)p11_kit_uri_get_attributes(uri, &count);
	if (count != 0)
		message("--to must name a token, not an object");
	return (count == 0);
}
