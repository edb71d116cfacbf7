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
