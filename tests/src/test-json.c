#include <string.h>
#include "json.h"
#include "tap.h"

struct row {
	char name[8];
};
struct sample {
	char text[8];
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
    F(chars, "Chars", CHARS),
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
	    .chars = BUF_INIT(64)};
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
	    "{\"Blob\":\"A===\"}", "{\"Names\":{}}", "{\"Names\":[1]}",
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

int
main(void)
{
	test_decode();
	test_round_trip();
	test_refused();
	return (tap_done());
}
