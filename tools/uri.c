#include <stdio.h>
#include <string.h>
#include "message.h"
#include "pin.h"
#include "uri.h"

P11KitUri *
uri_parse(char *text)
{
	P11KitUri *uri = p11_kit_uri_new();
	int result;

	if (uri == NULL)
		return (NULL);
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
	pin_wipe_text(text);
	if (result == P11_KIT_URI_OK && !p11_kit_uri_any_unrecognized(uri))
		return (uri);
	message("%s: %s", text,
	    result == P11_KIT_URI_OK ? "a part of it is unknown"
				     : p11_kit_uri_message(result));
	p11_kit_uri_free(uri);
	return (NULL);
}

void
uri_free(P11KitUri *uri)
{
	if (uri == NULL)
		return;
	pin_wipe_uri(uri);
	p11_kit_uri_free(uri);
}

bool
uri_allows_class(P11KitUri *uri, CK_OBJECT_CLASS class)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(uri, CKA_CLASS);

	return (a == NULL || memcmp(a->pValue, &class, sizeof(class)) == 0);
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
