#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "message/input.h"
#include "base/text.h"
#include "base64.h"

/* What a text may be made of: characters and ranges, as in a bracket. */
struct pattern {
	const char *text; /* as AWS's message has it */
	const char *set;
};

/* clang-format off */
static const struct pattern
    pattern_alias = { "^[a-zA-Z0-9:/_-]+$", "a-zA-Z0-9:/_-" },
    pattern_marker = { "[\\u0020-\\u00FF]*", " -\xff" },
    pattern_policy = { "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
	"\t\n\r -\xff" },
    pattern_word = { "[\\w]+", "a-zA-Z0-9_" },
    pattern_xks = { "^[a-zA-Z0-9-_.]+$", "a-zA-Z0-9_.-" },
    pattern_region = { "^([a-z]+-){2,3}\\d+$", "a-z0-9-" },
    pattern_description = { "^[a-zA-Z0-9:/_\\s.-]+$",
	"a-zA-Z0-9:/_ \t\n\r\f\v.-" },
    pattern_hex = { "^[a-f0-9]+$", "a-f0-9" };

/* In the order of AWS's messages where one was recorded. */
static const char *const values_key_spec[] = {
	"RSA_2048", "ECC_NIST_P384", "ECC_NIST_P256", "ECC_NIST_P521",
	"HMAC_384", "RSA_3072", "ECC_SECG_P256K1", "RSA_4096",
	"SYMMETRIC_DEFAULT", "HMAC_256", "HMAC_224", "HMAC_512",
	"ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87",
	"ML_KEM_512", "ML_KEM_768", "ML_KEM_1024", NULL };
static const char *const values_key_usage[] = { "ENCRYPT_DECRYPT",
	"SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT",
	"ENCAPSULATE_DECAPSULATE", NULL };
static const char *const values_origin[] = { "EXTERNAL", "AWS_CLOUDHSM",
	"AWS_KMS", "EXTERNAL_KEY_STORE", NULL };
static const char *const values_include[] = { "ALL_KEY_MATERIAL",
	"ROTATIONS_ONLY", NULL };
static const char *const values_wrapping[] = { "RSAES_PKCS1_V1_5",
	"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
	"RSA_AES_KEY_WRAP_SHA_256", "SM2PKE", NULL };
static const char *const values_wrapping_key[] = { "RSA_2048", "RSA_3072",
	"RSA_4096", "SM2", NULL };
static const char *const values_expiration[] = { "KEY_MATERIAL_EXPIRES",
	"KEY_MATERIAL_DOES_NOT_EXPIRE", NULL };
static const char *const values_import_type[] = { "NEW_KEY_MATERIAL",
	"EXISTING_KEY_MATERIAL", NULL };
static const char *const values_encryption[] = { "SYMMETRIC_DEFAULT",
	"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE", NULL };
static const char *const values_data_key[] = { "AES_256", "AES_128", NULL };
static const char *const values_data_pair[] = { "RSA_2048", "RSA_3072",
	"RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
	"ECC_SECG_P256K1", "SM2", "ECC_NIST_EDWARDS25519", "ML_KEM_512",
	"ML_KEM_768", "ML_KEM_1024", NULL };
static const char *const values_message[] = { "RAW", "DIGEST", "EXTERNAL_MU",
	NULL };
static const char *const values_signing[] = { "RSASSA_PSS_SHA_256",
	"RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
	"RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
	"ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "SM2DSA",
	"ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512", NULL };
static const char *const values_mac[] = { "HMAC_SHA_384", "HMAC_SHA_256",
	"HMAC_SHA_224", "HMAC_SHA_512", NULL };
static const char *const values_agreement[] = { "ECDH", NULL };
static const char *const values_encapsulation[] = { "ML_KEM", NULL };
/* clang-format on */

static const struct row {
	const char *name;
	enum input_kind kind;
	size_t min, max;
	const struct pattern *pattern;
	const char *const *values;
} rows[IN_COUNT] = {
#define X(code, name_, kind_, min_, max_, pattern_, values_) \
	[IN_##code] = {name_, INPUT_##kind_, min_, max_, pattern_, values_},
    INPUT_ROWS(X)
#undef X
};

/* AWS tells every constraint that is not met in one message. */
struct complaints {
	size_t count;
	char text[3600];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void
append(struct complaints *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(c->text + c->used, sizeof(c->text) - c->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		c->used += (size_t)n;
	if (c->used >= sizeof(c->text))
		c->used = sizeof(c->text) - 1;
}

/* "Value 'x' at 'keyId' failed to satisfy constraint: "; of a blob, which may
 * be secret, the value is not shown. */
static void
complain(struct complaints *c, const struct row *row, const struct input *in)
{
	append(c, "%sValue", c->count++ == 0 ? "" : "; ");
	if (!in->set)
		append(c, " null");
	else if (row->kind == INPUT_WHOLE)
		append(c, " '%.0f'", in->number);
	else if (row->kind == INPUT_TEXT)
		append(c, " '%.*s'", (int)in->bytes.len,
		    (const char *)in->bytes.ptr);
	append(c, " at '%c%s' failed to satisfy constraint: ",
	    tolower((unsigned char)row->name[0]), row->name + 1);
}

static bool
set_has(const char *set, uint8_t ch)
{
	const uint8_t *s = (const uint8_t *)set;

	for (; *s != '\0'; s++) {
		if (s[1] == '-' && s[2] != '\0') {
			if (ch >= s[0] && ch <= s[2])
				return (true);
			s += 2;
		} else if (*s == ch)
			return (true);
	}
	return (false);
}

static bool
pattern_fits(const struct pattern *p, struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!set_has(p->set, v.ptr[i]))
			return (false);
	return (true);
}

static bool
value_known(const char *const *values, struct view v)
{
	for (; *values != NULL; values++)
		if (view_equal(v, view_str(*values)))
			return (true);
	return (false);
}

static void
check_text(struct complaints *c, const struct row *row, const struct input *in)
{
	if (row->pattern != NULL && !pattern_fits(row->pattern, in->bytes)) {
		complain(c, row, in);
		append(c, "Member must satisfy regular expression pattern: %s",
		    row->pattern->text);
	}
	if (row->values != NULL && !value_known(row->values, in->bytes)) {
		complain(c, row, in);
		append(c, "Member must satisfy enum value set: [");
		for (const char *const *v = row->values; *v != NULL; v++)
			append(c, "%s%s", v == row->values ? "" : ", ", *v);
		append(c, "]");
	}
}

static void
check_range(struct complaints *c, const struct row *row, const struct input *in)
{
	bool whole = row->kind == INPUT_WHOLE;
	const char *what = whole ? "value" : "length";
	double n = whole ? in->number
			 : (double)(row->kind == INPUT_TEXT
					? text_length(in->bytes)
					: in->bytes.len);

	if (row->max == 0)
		return;
	if (n < (double)row->min) {
		complain(c, row, in);
		append(c, "Member must have %s greater than or equal to %zu",
		    what, row->min);
	} else if (n > (double)row->max) {
		complain(c, row, in);
		append(c, "Member must have %s less than or equal to %zu", what,
		    row->max);
	}
}

static void
check_names(struct complaints *c, const struct row *row, const struct input *in)
{
	const struct json_node *d;

	for (d = in->node->first; d != NULL; d = d->next)
		if (d->text.len < row->min || d->text.len > row->max)
			break;
	if (d == NULL)
		return;
	complain(c, row, in);
	append(c,
	    "Member must satisfy constraint: [Member must have length less "
	    "than or equal to %zu, Member must have length greater than or "
	    "equal to %zu]",
	    row->max, row->min);
}

static void
check_input(struct complaints *c, const struct row *row, const struct input *in)
{
	if (row->kind == INPUT_NAMES)
		check_names(c, row, in);
	if (row->kind != INPUT_TEXT && row->kind != INPUT_BLOB &&
	    row->kind != INPUT_WHOLE)
		return;
	check_range(c, row, in);
	if (row->kind == INPUT_TEXT)
		check_text(c, row, in);
}

static bool
wrong_type(struct exception *e, const struct json_node *d, const char *wanted)
{
	return (exception_set(e, EXCEPTION_SERIALIZATION,
	    "%s can not be converted to %s", json_node_kind_name(d), wanted));
}

struct view
input_base64(struct view text, struct pool *pool)
{
	struct view bytes = {NULL, 0};
	struct buf read = BUF_INIT(text.len);
	uint8_t *out;

	if (base64_read(text, &read) == ERR_OK &&
	    (out = pool_alloc(pool, read.len + 1)) != NULL) {
		if (read.len != 0)
			memcpy(out, read.ptr, read.len);
		bytes = VIEW(out, read.len);
	}
	buf_free(&read);
	return (bytes);
}

/* strtod() without the host's locale; the text is a number of JSON's. */
static double
number_value(struct view v)
{
	double n = 0, scale = 1, sign = 1;
	int exponent = 0, e_sign = 1;
	size_t i = 0;

	if (i < v.len && v.ptr[i] == '-') {
		sign = -1;
		i++;
	}
	for (; i < v.len && isdigit(v.ptr[i]); i++)
		n = n * 10 + (v.ptr[i] - '0');
	if (i < v.len && v.ptr[i] == '.')
		for (i++; i < v.len && isdigit(v.ptr[i]); i++)
			n += (v.ptr[i] - '0') * (scale /= 10);
	if (i < v.len && (v.ptr[i] == 'e' || v.ptr[i] == 'E')) {
		i++;
		if (i < v.len && (v.ptr[i] == '-' || v.ptr[i] == '+'))
			e_sign = v.ptr[i++] == '-' ? -1 : 1;
		for (; i < v.len && exponent < 1000; i++)
			exponent = exponent * 10 + (v.ptr[i] - '0');
	}
	return (sign * n * pow(10, e_sign * exponent));
}

static bool
strings_only(const struct json_node *d, struct exception *e)
{
	for (d = d->first; d != NULL; d = d->next)
		if (d->kind != NODE_STRING)
			return (wrong_type(e, d, "a String"));
	return (true);
}

static bool
tags_only(const struct json_node *d, struct exception *e)
{
	const char *const names[] = {"TagKey", "TagValue"};
	const struct json_node *m;

	for (d = d->first; d != NULL; d = d->next) {
		if (d->kind != NODE_OBJECT)
			return (wrong_type(e, d, "a Tag"));
		for (size_t i = 0; i < 2; i++)
			if ((m = json_tree_member(d, names[i])) != NULL &&
			    m->kind != NODE_STRING)
				return (wrong_type(e, m, "a String"));
	}
	return (true);
}

/* What a kind is made from, and how AWS calls it. */
static const struct {
	enum json_node_kind from;
	const char *name;
} kinds[] = {
    [INPUT_TEXT] = {NODE_STRING, "a String"},
    [INPUT_BLOB] = {NODE_STRING, "a Blob"},
    [INPUT_WHOLE] = {NODE_NUMBER, "an Integer"},
    [INPUT_TIME] = {NODE_NUMBER, "a Timestamp"},
    [INPUT_TRUTH] = {NODE_TRUE, "a Boolean"},
    [INPUT_MAP] = {NODE_OBJECT, "a Map"},
    [INPUT_NAMES] = {NODE_ARRAY, "a List"},
    [INPUT_TAGS] = {NODE_ARRAY, "a List"},
    [INPUT_OBJECT] = {NODE_OBJECT, "a Structure"},
};

static bool
take_input(const struct row *row, const struct json_node *d, struct input *in,
    struct pool *pool, struct exception *e)
{
	enum json_node_kind kind = d->kind == NODE_FALSE ? NODE_TRUE : d->kind;

	if (kind != kinds[row->kind].from)
		return (wrong_type(e, d, kinds[row->kind].name));
	in->set = true;
	in->node = d;
	in->truth = d->kind == NODE_TRUE;
	in->bytes = d->text;
	if (kind == NODE_NUMBER)
		in->number = number_value(d->text);
	if (row->kind == INPUT_WHOLE &&
	    (in->number != floor(in->number) || fabs(in->number) > INT_MAX))
		return (wrong_type(e, d, "an Integer"));
	if (row->kind == INPUT_TIME && !(fabs(in->number) < 1e12))
		return (wrong_type(e, d, "a Timestamp"));
	if (row->kind == INPUT_BLOB &&
	    (in->bytes = input_base64(d->text, pool)).ptr == NULL)
		return (wrong_type(e, d, "a Blob"));
	if (row->kind == INPUT_MAP || row->kind == INPUT_NAMES)
		return (strings_only(d, e));
	return (row->kind != INPUT_TAGS || tags_only(d, e));
}

bool
input_read(const struct json_node *root, uint64_t required, uint64_t optional,
    struct input *in, struct pool *pool, struct exception *e)
{
	struct complaints c;
	const struct json_node *d;

	c.count = c.used = 0;
	memset(in, 0, IN_COUNT * sizeof(*in));
	for (size_t i = 0; i < IN_COUNT; i++) {
		if (((required | optional) >> i & 1) == 0)
			continue;
		d = json_tree_member(root, rows[i].name);
		if (d != NULL && d->kind != NODE_NULL &&
		    !take_input(&rows[i], d, &in[i], pool, e))
			return (false);
		if (in[i].set)
			check_input(&c, &rows[i], &in[i]);
		else if ((required >> i & 1) != 0) {
			complain(&c, &rows[i], &in[i]);
			append(&c, "Member must not be null");
		}
	}
	if (c.count == 0)
		return (true);
	text_trim_utf8(c.text);
	return (exception_set(e, EXCEPTION_VALIDATION,
	    "%zu validation error%s detected: %s", c.count,
	    c.count == 1 ? "" : "s", c.text));
}
