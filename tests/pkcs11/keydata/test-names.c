/* Labels and ids as aliases, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "keydata/names.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static bool
comes_back(enum name_kind kind, struct view name, const char *alias)
{
	struct buf back = BUF_INIT(512);
	bool same;

	same = name_is(kind, alias) && name_from_alias(kind, alias, &back) &&
	       view_equal(buf_view(&back), name);
	buf_free(&back);
	return (same);
}

static void
test_labels(void)
{
	static const struct {
		const char *label, *alias;
	} rows[] = {
	    {"plain", "alias/plain"},
	    {"a_b", "alias/a_b"},
	    {"a/b-c", "alias/a/b-c"},
	    {"/", "alias//"},
	    {"a b", "alias/keyferry/label/a_20b"},
	    {"a b_c", "alias/keyferry/label/a_20b_5fc"},
	    {"aws/x", "alias/keyferry/label/aws/x"},
	    {"awsx", "alias/awsx"},
	    {"aws", "alias/aws"},
	    {"keyferry/x", "alias/keyferry/label/keyferry/x"},
	    {"keyferry/label/_20", "alias/keyferry/label/keyferry/label/_5f20"},
	    {"\xc3\xbc", "alias/keyferry/label/_c3_bc"},
	    {"\n", "alias/keyferry/label/_0a"},
	};
	char alias[KMS_ALIAS_SIZE];

	for (size_t i = 0; i < ELEMS(rows); i++) {
		OK(name_to_alias(NAME_LABEL, view_str(rows[i].label), alias) ==
			    ERR_OK &&
			strcmp(alias, rows[i].alias) == 0,
		    "label %zu is %s", i, rows[i].alias);
		OK(comes_back(NAME_LABEL, view_str(rows[i].label), alias),
		    "and comes back");
	}
	OK(name_to_alias(NAME_LABEL, VIEW(NULL, 0), alias) == ERR_DATA,
	    "an empty label is none");
}

/* No two names share an alias, and each comes back: bytes by chance, from a
 * generator with a fixed start. */
static void
test_round_trips(void)
{
	uint8_t name[100];
	char alias[KMS_ALIAS_SIZE];
	size_t bad = 0, len;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		len = 1 + (size_t)rand() % 70;
		for (size_t n = 0; n < len; n++)
			name[n] = (uint8_t)(i % 2 ? rand()
						  : "ab_/- \xc3"[rand() % 7]);
		for (int k = NAME_LABEL; k <= NAME_ID; k++)
			bad += name_to_alias((enum name_kind)k, VIEW(name, len),
				   alias) != ERR_OK ||
			       strlen(alias) > 256 ||
			       !comes_back(
				   (enum name_kind)k, VIEW(name, len), alias);
	}
	OK(bad == 0, "40000 names come back (%zu do not)", bad);
}

static void
test_limits(void)
{
	uint8_t name[300];
	char alias[KMS_ALIAS_SIZE];
	size_t longest[2][2] = {{0}};

	for (int escaped = 0; escaped < 2; escaped++) {
		memset(name, escaped ? ' ' : 'a', sizeof(name));
		for (size_t n = 1; n <= sizeof(name); n++)
			for (int k = NAME_LABEL; k <= NAME_ID; k++)
				if (name_to_alias((enum name_kind)k,
					VIEW(name, n), alias) == ERR_OK)
					longest[k][escaped] = n;
	}
	OK(longest[NAME_LABEL][0] == 250, "a plain label has up to 250 bytes");
	OK(longest[NAME_LABEL][1] == 174, "any other 174 (%zu)",
	    longest[NAME_LABEL][1]);
	OK(longest[NAME_ID][0] == (256 - strlen("alias/keyferry/id/")) / 2 &&
		longest[NAME_ID][0] == longest[NAME_ID][1],
	    "an id half (%zu)", longest[NAME_ID][0]);
}

static bool
number_comes_back(struct view label, unsigned number)
{
	char alias[KMS_ALIAS_SIZE];

	return (name_to_numbered_alias(label, number, alias) == ERR_OK &&
		comes_back(NAME_LABEL, label, alias) &&
		name_is_numbered(alias) && !name_is(NAME_MARKER, alias));
}

/* A label of the length that the manual promises, in a script of three bytes a
 * character, as a label, as a number and as the marker. */
static void
test_long_labels(void)
{
	char text[NAME_LABEL_MAX + 1] = "", alias[KMS_ALIAS_SIZE];
	struct view label;

	while (strlen(text) + 3 <= NAME_LABEL_MAX)
		strcat(text, "\xe9\x8d\xb5");
	while (strlen(text) < NAME_LABEL_MAX)
		strcat(text, "!");
	label = view_str(text);
	OK(name_to_alias(NAME_LABEL, label, alias) == ERR_OK &&
		comes_back(NAME_LABEL, label, alias),
	    "170 bytes of Chinese are a label");
	OK(strncmp(alias, "alias/keyferry/label/__", 23) == 0 &&
		strspn(alias,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789/_-") == strlen(alias),
	    "in characters that an alias may have");
	OK(number_comes_back(label, NAME_LAST_NUMBER), "and a number");
	OK(name_to_alias(NAME_MARKER, label, alias) == ERR_OK &&
		comes_back(NAME_MARKER, label, alias),
	    "and a marker");
	text[NAME_LABEL_MAX - 1] = (char)0xff;
	OK(number_comes_back(label, NAME_LAST_NUMBER), "whatever they are");
}

static void
test_numbers(void)
{
	static const char *const none[] = {"alias/keyferry/more/1/a",
	    "alias/keyferry/more/03/a", "alias/keyferry/more/x/a",
	    "alias/keyferry/more/3", "alias/keyferry/more//a",
	    "alias/keyferry/more/-3/a"};
	char alias[KMS_ALIAS_SIZE];

	OK(name_to_numbered_alias(view_str("a b"), 3, alias) == ERR_OK &&
		strcmp(alias, "alias/keyferry/more/3/a_20b") == 0,
	    "a label's third is %s", alias);
	OK(number_comes_back(view_str("a b"), 3) &&
		number_comes_back(view_str("3/a"), 12) &&
		number_comes_back(view_str("a_b"), 4),
	    "numbers come back");
	OK(name_to_alias(NAME_MARKER, view_str("label"), alias) == ERR_OK &&
		strcmp(alias, "alias/keyferry/more/2/label") == 0,
	    "the marker is number 2");
	OK(!name_is(NAME_LABEL, alias) && !name_is_numbered(alias),
	    "which is no label");
	for (size_t i = 0; i < ELEMS(none); i++)
		OK(!name_is(NAME_LABEL, none[i]) &&
			!name_is(NAME_MARKER, none[i]),
		    "%s is neither", none[i]);
}

static void
test_foreign_aliases(void)
{
	static const struct {
		enum name_kind kind;
		const char *alias;
		bool is, reads;
	} rows[] = {
	    {NAME_LABEL, "alias/aws/s3", false, false},
	    {NAME_ID, "alias/aws/s3", false, false},
	    {NAME_LABEL, "alias/keyferry/id/00", false, false},
	    {NAME_LABEL, "alias/keyferry/other", false, false},
	    {NAME_ID, "alias/x", false, false},
	    {NAME_LABEL, "alias/keyferry/label/_zz", true, false},
	    {NAME_LABEL, "alias/keyferry/label/_2", true, false},
	    {NAME_LABEL, "alias/keyferry/label/_2F", true, false},
	    {NAME_LABEL, "alias/keyferry/label/__YQ", true, true},
	    {NAME_LABEL, "alias/keyferry/label/__YR", true, false},
	    {NAME_LABEL, "alias/keyferry/label/__Y", true, false},
	    {NAME_LABEL, "alias/keyferry/label/__a/b", true, false},
	    {NAME_LABEL, "alias/keyferry/more/3/_2", true, false},
	    {NAME_MARKER, "alias/keyferry/more/3/a", false, false},
	    {NAME_ID, "alias/keyferry/id/0", true, false},
	    {NAME_ID, "alias/keyferry/id/0g", true, false},
	    {NAME_ID, "alias/keyferry/id/AB", true, false},
	};
	struct buf back = BUF_INIT(512);

	for (size_t i = 0; i < ELEMS(rows); i++)
		OK(name_is(rows[i].kind, rows[i].alias) == rows[i].is &&
			name_from_alias(rows[i].kind, rows[i].alias, &back) ==
			    rows[i].reads,
		    "%s as %s", rows[i].alias,
		    rows[i].kind == NAME_ID ? "an id" : "a label");
	buf_free(&back);
}

static void
test_default_ids(void)
{
	static const char uuid[] = "01234567-89ab-4cde-8f01-23456789abcd";
	static const uint8_t bytes[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
	    0x4c, 0xde, 0x8f, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd};
	static const char *const bad[] = {"", "mrk-", "x", "0123",
	    "01234567-89ab-4cde-8f01-23456789abcg",
	    "01234567-89ab-4cde-8f01-23456789abcdef"};
	uint8_t id[16];
	char back[37];

	OK(name_default_id(uuid, id) && memcmp(id, bytes, 16) == 0,
	    "a UUID is 16 bytes");
	OK(name_key_of_id(VIEW(id, 16), back) && strcmp(back, uuid) == 0,
	    "and back");
	OK(name_default_id("mrk-0123456789ab4cde8f0123456789abcd", id) &&
		memcmp(id, bytes, 16) == 0,
	    "so is a multi-Region key's id");
	for (size_t i = 0; i < ELEMS(bad); i++)
		OK(!name_default_id(bad[i], id), "\"%s\" is no key id", bad[i]);
	OK(!name_key_of_id(VIEW(bytes, 15), back), "15 bytes are no key's id");
	memcpy(id, bytes, 16);
	id[6] = 0x1c;
	OK(!name_key_of_id(VIEW(id, 16), back),
	    "nor are those of another kind of UUID");
}

int
main(void)
{
	test_labels();
	test_round_trips();
	test_limits();
	test_long_labels();
	test_numbers();
	test_foreign_aliases();
	test_default_ids();
	return (tap_done());
}
