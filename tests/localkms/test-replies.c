/* Replies that tests edit, and descriptions as long as AWS allows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "localkms.h"
#include "tap.h"

#define DESCRIBE "{\"KeyId\":\"%s\"}"

static void
test_members(struct localkms *l)
{
	char *key = localkms_key(l, ""), *other = localkms_key(l, "");
	char query[160];

	NEED(localkms_fault(l, "fault=reply&operation=DescribeKey&count=0",
		 VIEW_STR("{\"KeyMetadata\":{\"KeyState\":\"Frozen\","
			  "\"Description\":null,\"Shape\":{\"Corners\":3}},"
			  "\"More\":[1,true,null,\"x\"]}")),
	    "an edit");
	NEED(localkms_call(l, "DescribeKey", DESCRIBE, key), "a reply");
	OK(strcmp(localkms_text(l, "KeyMetadata.KeyState"), "Frozen") == 0,
	    "a member is replaced");
	OK(strcmp(localkms_text(l, "KeyMetadata.KeyId"), key) == 0,
	    "those beside it stay");
	OK(memmem(l->body.ptr, l->body.len, "Description", 11) == NULL,
	    "null removes a member");
	OK(strcmp(localkms_text(l, "KeyMetadata.Shape.Corners"), "3") == 0 &&
		strcmp(localkms_text(l, "More.3"), "x") == 0,
	    "members are added");
	NEED(localkms_call(l, "ListKeys", "{}"), "another operation");
	OK(strcmp(localkms_text(l, "More.3"), "") == 0, "is left alone");
	NEED(localkms_control(l, "DELETE", "/faults", ""), "no edit any more");
	NEED(localkms_call(l, "DescribeKey", DESCRIBE, key), "a reply");
	OK(strcmp(localkms_text(l, "KeyMetadata.KeyState"), "Enabled") == 0,
	    "is as it was");

	snprintf(query, sizeof(query), "fault=reply&key=%s&count=0", key);
	NEED(localkms_fault(l, query, VIEW_STR("{\"KeyId\":\"forged\"}")),
	    "an edit for one key");
	NEED(localkms_call(l, "GetKeyRotationStatus", DESCRIBE, key) &&
		 strcmp(localkms_text(l, "KeyId"), "forged") == 0,
	    "meets its replies");
	NEED(localkms_call(l, "GetKeyRotationStatus", DESCRIBE, other),
	    "another key");
	OK(strstr(localkms_text(l, "KeyId"), other) != NULL,
	    "but not those of another key");
	NEED(localkms_call(l, "ListKeys", "{}"), "a list");
	OK((strcmp(localkms_text(l, "Keys.0.KeyId"), "forged") == 0) !=
		(strcmp(localkms_text(l, "Keys.1.KeyId"), "forged") == 0),
	    "one row of it is edited");
	NEED(localkms_control(l, "POST", "/reset", ""), "all as at first");
	free(key);
	free(other);
}

static void
test_bodies(struct localkms *l)
{
	char *key = localkms_key(l, "");

	NEED(localkms_fault(l, "fault=body&operation=ListKeys", VIEW(NULL, 0)),
	    "an empty body");
	OK(localkms_call(l, "ListKeys", "{}") && l->body.len == 0,
	    "an empty reply with status 200");
	OK(localkms_call(l, "ListKeys", "{}") && l->body.len != 0,
	    "once, if no count is given");
	NEED(localkms_fault(l, "fault=body&operation=ListKeys&status=404",
		 VIEW_STR("\xff<not JSON>")),
	    "a body that is not JSON");
	OK(!localkms_call(l, "ListKeys", "{}") && l->status == 404 &&
		view_equal(buf_view(&l->body), VIEW_STR("\xff<not JSON>")),
	    "is sent as it is, with its status");
	NEED(localkms_fault(l, "fault=reply&operation=DeleteAlias&count=0",
		 VIEW_STR("{\"KeyId\":7}")),
	    "members where AWS sends none");
	NEED(localkms_call(l, "CreateAlias",
		 "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", key) &&
		 localkms_call(l, "DeleteAlias", "{\"AliasName\":\"alias/a\"}"),
	    "an alias that is deleted");
	OK(strcmp(localkms_text(l, "KeyId"), "7") == 0, "they come");
	OK(!localkms_fault(l, "fault=reply", VIEW_STR("[1]")) &&
		!localkms_fault(l, "fault=reply", VIEW_STR("{")) &&
		!localkms_fault(l, "fault=reply", VIEW(NULL, 0)),
	    "a patch has to be a JSON object");
	NEED(localkms_control(l, "POST", "/reset", ""), "all as at first");
	OK(localkms_call(l, "DeleteAlias", "{\"AliasName\":\"alias/a\"}") ||
		strcmp(localkms_text(l, "KeyId"), "") == 0,
	    "a reset ends the edits");
	free(key);
}

/* Descriptions have 8,192 characters, whatever their UTF-8 takes. */
static void
test_descriptions(struct localkms *l)
{
	static const char *const characters[] = {
	    "a", "\xc3\xa9", "\xe9\x8d\xb5", "\xf0\x9f\x94\x91"};
	char *text = malloc(4 * 8193 + 1), *key = localkms_key(l, "");

	if (text == NULL)
		tap_bail();
	for (size_t i = 0; i < 4; i++) {
		size_t len = strlen(characters[i]);

		for (size_t n = 0; n < 8193; n++)
			memcpy(text + n * len, characters[i], len);
		text[8193 * len] = '\0';
		OK(localkms_refused(l, "ValidationException",
		       "UpdateKeyDescription",
		       "{\"KeyId\":\"%s\",\"Description\":\"%s\"}", key, text),
		    "8,193 characters are too many");
		text[8192 * len] = '\0';
		OK(localkms_call(l, "UpdateKeyDescription",
		       "{\"KeyId\":\"%s\",\"Description\":\"%s\"}", key, text),
		    "8,192 characters of %zu bytes are a description", len);
		NEED(localkms_call(l, "DescribeKey", DESCRIBE, key), "it");
		OK(strcmp(localkms_text(l, "KeyMetadata.Description"), text) ==
			0,
		    "is read back");
	}
	free(text);
	free(key);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	test_members(&l);
	test_bodies(&l);
	test_descriptions(&l);
	localkms_close(&l);
	return (tap_done());
}
