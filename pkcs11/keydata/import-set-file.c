#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "import-set-file.h"
#include "names.h"

/* Names as KMS's API has them; KeyId is the key's ARN. */
#define SET(member, name, kind) \
	JSON_FIELD(struct import_set, member, name, kind)
static const struct json_field fields[] = {
    SET(arn, "KeyId", TEXT),
    SET(spec, "KeySpec", TEXT),
    SET(usage, "KeyUsage", TEXT),
    SET(state, "KeyState", TEXT),
    SET(material_id, "CurrentKeyMaterialId", TEXT),
    SET(algorithm, "WrappingAlgorithm", TEXT),
    SET(token, "ImportToken", BYTES),
    SET(public_key, "PublicKey", BYTES),
    SET(valid_to, "ParametersValidTo", NUMBER),
    SET(aliases, "Aliases", NAMES),
    JSON_END,
};

void
import_set_free(struct import_set *s)
{
	buf_free(&s->token);
	buf_free(&s->public_key);
	buf_free(&s->aliases);
}

enum err
import_set_decode(struct view json, struct import_set *s)
{
	return (json_decode(fields, json, s));
}

enum err
import_set_encode(const struct import_set *s, struct buf *out)
{
	return (json_encode(fields, s, out));
}

/* The text from what to as far as letters, digits and the signs of an ARN go;
 * empty: it is not there. */
static struct view
find_word(struct view text, const char *what)
{
	const char *signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			    "XYZ0123456789-_:/";
	size_t len = strlen(what), n = 0;
	const char *at = len > text.len ? NULL
					: memmem(text.ptr, text.len, what, len);

	if (at == NULL)
		return (VIEW(NULL, 0));
	while ((const uint8_t *)at + n < text.ptr + text.len && at[n] != '\0' &&
	       strchr(signs, at[n]) != NULL)
		n++;
	return (VIEW(at, n));
}

/* What the text beside the two files tells: ARN and algorithm. */
static void
read_text(struct import_set *s, struct view text)
{
	static const char *const algorithms[] = {"RSA_AES_KEY_WRAP_SHA_256",
	    "RSA_AES_KEY_WRAP_SHA_1", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"};
	struct view arn = find_word(text, "arn:");

	if (s->arn[0] == '\0' && arn.len != 0 && arn.len < sizeof(s->arn))
		snprintf(s->arn, sizeof(s->arn), "%.*s", (int)arn.len,
		    (const char *)arn.ptr);
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (s->algorithm[0] == '\0' &&
		    find_word(text, algorithms[i]).len != 0)
			snprintf(s->algorithm, sizeof(s->algorithm), "%s",
			    algorithms[i]);
}

/* Of the files of the download it is known how their names begin. */
static bool
is_token(const char *name)
{
	return (strncasecmp(name, "ImportToken", 11) == 0);
}

static bool
is_public_key(const char *name)
{
	return (strncasecmp(name, "Wrapping", 8) == 0);
}

bool
import_set_has_file(const char *name)
{
	return (is_token(name) || is_public_key(name) ||
		strcmp(name, IMPORT_SET_ARN_FILE) == 0 ||
		strncasecmp(name, "README", 6) == 0);
}

enum err
import_set_take_file(
    struct import_set *s, const char *name, struct view content, double written)
{
	struct buf *to = is_token(name)	       ? &s->token
			 : is_public_key(name) ? &s->public_key
					       : NULL;

	if (to == NULL) {
		read_text(s, content);
		return (ERR_OK);
	}
	if (to == &s->token)
		s->valid_to = written + IMPORT_SET_HOURS_24;
	buf_reset(to);
	return (buf_append(to, content));
}

const char *
import_set_key_id(const struct import_set *s)
{
	const char *key = strstr(s->arn, ":key/");

	key = key == NULL ? "" : key + strlen(":key/");
	return (name_is_key_id(view_str(key)) ? key : "");
}
