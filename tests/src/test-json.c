#include <stdio.h>
#include <string.h>
#include "json.h"
#include "tap.h"

struct row {
	char name[8];
};
struct sample {
	char text[8], word[8];
	struct buf blob, names, map, chars;
	double number;
	enum json_bool truth;
	struct json_rows rows;
	char inner[8];
};

#define F(member, name, kind) JSON_FIELD(struct sample, member, name, kind)
static const struct json_field row_fields[] = {
    JSON_FIELD(struct row, name, "Name", TEXT),
    JSON_END,
};
static const struct json_field inner_fields[] = {
    F(inner, "Inner", TEXT),
    JSON_END,
};
static const struct json_field fields[] = {
    F(text, "Text", TEXT),
    F(blob, "Blob", BYTES),
    F(chars, "Chars", SHOWN),
    F(word, "Word", WORD),
    F(names, "Names", NAMES),
    F(map, "Map", MAP),
    F(number, "Number", NUMBER),
    F(truth, "Truth", BOOL),
    JSON_ROW_FIELD(struct sample, rows, "Rows", struct row, row_fields),
    JSON_SUB("Object", inner_fields),
    JSON_END,
};

static enum err
decode(const char *text, struct sample *s)
{
	*s = (struct sample){.blob = BUF_INIT(8),
	    .names = BUF_INIT(64),
	    .map = BUF_INIT(64),
	    .chars = BUF_INIT(16)};
	return (json_decode(fields, view_str(text), s));
}

static void
sample_free(struct sample *s)
{
	buf_free(&s->blob);
	buf_free(&s->names);
	buf_free(&s->map);
	buf_free(&s->chars);
	json_rows_free(&s->rows);
}

static const char full[] =
    "{\"Text\":\"abc\",\"Blob\":\"AAECAwQ=\",\"Chars\":\"a\\nb\","
    "\"Names\":[\"x\",\"yy\"],\"Map\":{\"k\":\"v\"},\"Number\":1764e0,"
    "\"Truth\":false,\"Rows\":[{\"Name\":\"r1\"},{\"Name\":\"r2\"},"
    "{\"Name\":\"r3\",\"Other\":[{\"deep\":null}]}],\"New\":{\"Text\":[1]},"
    "\"Object\":{\"Inner\":\"in\",\"Text\":\"not this\"}}";

static void
test_decode(void)
{
	struct sample s;
	struct row *r;

	OK(decode(full, &s) == ERR_OK, "an object of every kind decodes");
	r = s.rows.ptr;
	OK(strcmp(s.text, "abc") == 0, "text");
	OK(view_equal(buf_view(&s.blob), VIEW("\0\1\2\3\4", 5)), "base64");
	OK(view_equal(buf_view(&s.chars), VIEW_STR("a\nb")), "escaped string");
	OK(view_equal(buf_view(&s.names), VIEW("x\0yy", 5)), "names");
	OK(view_equal(buf_view(&s.map), VIEW("k\0v", 4)), "map");
	OK(s.number > 1763.9 && s.number < 1764.1, "number with exponent");
	OK(s.truth == JSON_FALSE, "false is not absent");
	OK(s.rows.count == 3 && strcmp(r[2].name, "r3") == 0, "rows");
	OK(strcmp(s.inner, "in") == 0, "member of an inner object");
	sample_free(&s);
}

static void
test_round_trip(void)
{
	struct sample s, t;
	struct buf out = BUF_INIT(4096);

	NEED(decode(full, &s) == ERR_OK, "decode");
	NEED(json_encode(fields, &s, &out) == ERR_OK, "encode");
	NEED(buf_append(&out, VIEW("", 1)) == ERR_OK, "end the text");
	OK(decode((const char *)out.ptr, &t) == ERR_OK,
	    "decode what was encoded");
	OK(view_equal(buf_view(&s.blob), buf_view(&t.blob)) &&
		view_equal(buf_view(&s.names), buf_view(&t.names)) &&
		view_equal(buf_view(&s.map), buf_view(&t.map)) &&
		t.rows.count == 3 && t.truth == JSON_FALSE &&
		strcmp(s.inner, t.inner) == 0,
	    "nothing is lost on the way there and back");
	buf_free(&out);
	sample_free(&s);
	sample_free(&t);
}

static void
test_refused(void)
{
	static const char *const bad[] = {"x", "{", "[]", "1", "\"s\"",
	    "{\"Text\":1}", "{\"Text\":\"too long for it\"}", "{\"Text\":[]}",
	    "{\"Text\":{}}", "{\"Number\":\"1\"}", "{\"Number\":true}",
	    "{\"Truth\":0}", "{\"Blob\":\"A\"}", "{\"Blob\":\"****\"}",
	    "{\"Blob\":\"A===\"}", "{\"Blob\":\"AA==AAAA\"}",
	    "{\"Blob\":\" AAA\"}", "{\"Blob\":\"AAA \"}",
	    "{\"Blob\":\"AA\\nA\"}", "{\"Blob\":\"AAA\\n\"}",
	    "{\"Blob\":\"AB==\"}", "{\"Blob\":\"AAB=\"}", "{\"Blob\":\"====\"}",
	    "{\"Blob\":\"A-A_\"}", "{\"Names\":{}}", "{\"Names\":[1]}",
	    "{\"Names\":[[]]}", "{\"Map\":[]}", "{\"Map\":{\"k\":1}}",
	    "{\"Map\":{\"k\":{}}}", "{\"Rows\":[1]}", "{\"Rows\":{}}",
	    "{\"Rows\":[\"x\"]}", "{\"Text\":\"a\\u0000\"}", "{} {}",
	    "{\"Number\":1e999}", "{\"Text\":\"\xff\xfe\"}"};
	struct sample s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OK(decode(bad[i], &s) == ERR_REPLY, "refused: %s", bad[i]);
		sample_free(&s);
	}
	OK(decode("{\"Text\":\"\xff\xfe\"}", &s) == ERR_REPLY, "not UTF-8");
	sample_free(&s);
	OK(decode("{\"Blob\":\"AAAAAAAAAAAA\"}", &s) == ERR_TOO_BIG,
	    "a blob over its ceiling");
	sample_free(&s);
	OK(decode("{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", &s) ==
		ERR_REPLY,
	    "nested too deep");
	sample_free(&s);
	OK(decode("", &s) == ERR_OK && decode("{\"Text\":null}", &s) == ERR_OK,
	    "an empty reply and a null member are as absent");
}

/* What is only shown is cut, between two characters. */
static void
test_cut(void)
{
	struct sample s;

	OK(decode("{\"Word\":\"abcdefgh\"}", &s) == ERR_OK &&
		strcmp(s.word, "abcdefg") == 0,
	    "a word is cut to fit");
	sample_free(&s);
	OK(decode("{\"Word\":\"abcde\u65e5\"}", &s) == ERR_OK &&
		strcmp(s.word, "abcde") == 0,
	    "a word is cut between characters");
	sample_free(&s);
	OK(decode("{\"Chars\":\"\u65e5\u65e5\u65e5\u65e5\u65e5\u65e5\"}", &s) ==
		    ERR_OK &&
		s.chars.len == 15,
	    "a description is cut between characters");
	sample_free(&s);
	OK(decode("{\"Names\":[\"0123456789012345678901234567890123456789\","
		  "\"0123456789012345678901234567890123456789\",\"last\"]}",
	       &s) == ERR_OK &&
		s.names.len == 41 + 5,
	    "a name for which there is no room is left out");
	sample_free(&s);
}

/* A row that cannot be read costs that row. */
static void
test_rows(void)
{
	static const char *const bad[] = {"{\"Name\":\"too long for it\"}",
	    "{\"Name\":1}", "{\"Name\":true}", "{\"Name\":[{\"Name\":\"x\"}]}",
	    "{\"Name\":{\"Name\":\"x\"}}", "{\"Name\":\"a\\u0000\"}"};
	struct sample s;
	const struct row *r;
	const char *member;
	char text[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
		    "{\"Rows\":[%s,{\"Name\":\"a\"},%s,{\"Name\":\"b\"},%s]}",
		    bad[i], bad[i], bad[i]);
		s = (struct sample){.number = 0};
		OK(json_decode_beside(fields, view_str(text), &s, NULL, NULL,
		       &member) == ERR_OK &&
			s.rows.count == 2 && member != NULL &&
			strcmp(member, "Name") == 0,
		    "a row is left out: %s", bad[i]);
		r = s.rows.ptr;
		OK(s.rows.count == 2 && strcmp(r[0].name, "a") == 0 &&
			strcmp(r[1].name, "b") == 0,
		    "the others stay");
		sample_free(&s);
	}
	OK(decode("{\"Rows\":[]}", &s) == ERR_OK && s.rows.ptr != NULL &&
		s.rows.count == 0,
	    "an empty array is not an absent one");
	sample_free(&s);
	OK(decode("{}", &s) == ERR_OK && s.rows.ptr == NULL, "an absent array");
	sample_free(&s);
}

static void
test_numbers(void)
{
	struct sample s;

	OK(decode("{\"Number\":9007199254740992}", &s) == ERR_OK,
	    "the largest number");
	OK(decode("{\"Number\":9.1e15}", &s) == ERR_REPLY &&
		decode("{\"Number\":-1e300}", &s) == ERR_REPLY,
	    "no time is as far as that");
}

/* A member of the object itself that its table does not name. */
static void
test_beside(void)
{
	static const struct {
		const char *text;
		enum err err;
		const char *id;
	} rows[] = {
	    {"{\"Other\":\"a\",\"Name\":\"b\"}", ERR_OK, "a"},
	    {"{\"Name\":\"b\",\"Unknown\":{\"Other\":\"a\"}}", ERR_OK, ""},
	    {"{\"Other\":null}", ERR_OK, ""},
	    {"{\"Other\":5}", ERR_REPLY, ""},
	    {"{\"Other\":[\"a\"]}", ERR_REPLY, ""},
	    {"{\"Other\":{\"Other\":\"a\"}}", ERR_REPLY, ""},
	    {"{\"Other\":\"longer than it\"}", ERR_REPLY, ""},
	};
	struct beside {
		char id[8];
	};
	static const struct json_field other[] = {
	    JSON_FIELD(struct beside, id, "Other", TEXT), JSON_END};
	const char *member;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct beside b = {""};
		struct sample s = {.number = 0};

		OK(json_decode_beside(fields, view_str(rows[i].text), &s, other,
		       &b, &member) == rows[i].err &&
			strcmp(b.id, rows[i].id) == 0,
		    "beside: %s", rows[i].text);
		sample_free(&s);
	}
}

int
main(void)
{
	test_beside();
	test_cut();
	test_rows();
	test_numbers();
	test_decode();
	test_round_trip();
	test_refused();
	return (tap_done());
}
