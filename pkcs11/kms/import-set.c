#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "describe.h"
#include "import-set.h"
#include "keydata/names.h"
#include "keydata/public-key.h"
#include "keydata/rsa.h"
#include "replace-file.h"
#include "token/state.h"
#include "trusted-path.h"
#include "wrapping-algorithm.h"

#define LIST_MAX (256 * 1024)
#define SUFFIX ".json"
#define RENEWAL "renew-"
#define GIVEN "/import-sets" /* in the state directory */
#define NAME_SIZE (KMS_ID_SIZE + 32)
#define LEAST_EXPONENT_BITS 17 /* 65537 */

/* That of the subdirectory; the file's has a suffix. */
static void
set_name(const char *key_id, bool renewal, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s%s", renewal ? RENEWAL : "", key_id);
}

static void
file_name(const char *key_id, bool renewal, char name[NAME_SIZE])
{
	snprintf(
	    name, NAME_SIZE, "%s%s" SUFFIX, renewal ? RENEWAL : "", key_id);
}

/* Where sets are: the directory of the option, or, without it, that of those
 * which programs gave. ERR_NOT_FOUND: there is none. */
static enum err
open_sets(struct call *c, bool make, int *dir)
{
	const char *option = c->token->config->import_sets;
	struct error_info *error = &c->kms.error;
	char path[PATH_MAX];
	enum err e;

	*dir = -1;
	if (option == NULL && c->token->state == NULL)
		return (ERR_NOT_FOUND);
	snprintf(path, sizeof(path), "%s%s",
	    option != NULL ? option : c->token->state,
	    option != NULL ? "" : GIVEN);
	e = make ? trusted_make_directory(path, dir, error)
		 : trusted_open(path, TRUSTED_DIRECTORY, O_RDONLY, dir, error);
	if (e == ERR_FILE && errno == ENOENT)
		return (ERR_NOT_FOUND);
	if (e == ERR_FILE)
		(void)error_info_set(
		    error, e, "import-sets: %s: %s", path, strerror(errno));
	return (e);
}

/* The file in that directory. ERR_NOT_FOUND: there is none. */
static enum err
read_file(struct call *c, int dir, const char *name, struct buf *out)
{
	int fd = -1;
	enum err e = trusted_open_at(
	    dir, name, TRUSTED_FILE, O_RDONLY, &fd, &c->kms.error);

	if (e == ERR_OK)
		e = buf_read(out, fd);
	else if (e == ERR_FILE && errno == ENOENT)
		e = ERR_NOT_FOUND;
	if (fd != -1)
		(void)close(fd);
	return (e);
}

/* When the file was written: with it begin the 24 hours. */
static double
time_of(int dir, const char *name)
{
	struct stat st;

	return (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		    ? (double)st.st_mtime
		    : 0);
}

/* One file of the console's download. */
static enum err
read_downloaded(struct call *c, int dir, const char *name, struct import_set *s)
{
	struct buf content = BUF_INIT(IMPORT_SET_FILE_MAX);
	enum err e;

	if ((e = read_file(c, dir, name, &content)) == ERR_OK)
		e = import_set_take_file(
		    s, name, buf_view(&content), time_of(dir, name));
	buf_free(&content);
	return (e);
}

/* The console's download, unpacked into a directory. */
static enum err
read_subdirectory(
    struct call *c, int sets, const char *name, struct import_set *s)
{
	const struct dirent *entry;
	DIR *listing = NULL;
	int dir = -1;
	enum err e = trusted_open_at(
	    sets, name, TRUSTED_DIRECTORY, O_RDONLY, &dir, &c->kms.error);

	if (e != ERR_OK)
		return (e == ERR_FILE && errno == ENOENT ? ERR_NOT_FOUND : e);
	if ((listing = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return (ERR_MEMORY);
	}
	/* what the user wrote is believed before what was downloaded */
	e = read_downloaded(c, dir, IMPORT_SET_ARN_FILE, s);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	while (e == ERR_OK && (entry = readdir(listing)) != NULL)
		if (import_set_has_file(entry->d_name))
			e = read_downloaded(c, dir, entry->d_name, s);
	(void)closedir(listing);
	return (e);
}

static enum err
read_set(struct call *c, const char *key_id, bool renewal, struct import_set *s)
{
	struct buf text = BUF_INIT(IMPORT_SET_FILE_MAX);
	char name[NAME_SIZE];
	int dir = -1;
	enum err e = open_sets(c, false, &dir);

	if (e != ERR_OK)
		return (e);
	file_name(key_id, renewal, name);
	if ((e = read_file(c, dir, name, &text)) == ERR_OK)
		e = import_set_decode(buf_view(&text), s);
	else if (e == ERR_NOT_FOUND) {
		set_name(key_id, renewal, name);
		e = read_subdirectory(c, dir, name, s);
	}
	buf_free(&text);
	(void)close(dir);
	return (e);
}

/* The size of the wrapping key, which is one that KMS hands out. */
static bool
read_wrapping_spec(struct import_set *s)
{
	struct public_key k;

	if (public_key_read(buf_view(&s->public_key), &k) != ERR_OK ||
	    k.type != CKK_RSA)
		return (false);
	for (size_t bits = 2048; bits <= 4096; bits += 1024)
		if (rsa_is_public(
			k.modulus, k.exponent, bits, LEAST_EXPONENT_BITS)) {
			snprintf(s->wrapping_spec, sizeof(s->wrapping_spec),
			    "RSA_%zu", bits);
			return (true);
		}
	return (false);
}

/* arn:PARTITION:kms:REGION:ACCOUNT:key/KEYID of that Region and key. */
static bool
is_arn_of(const char *arn, const char *region, const char *key_id)
{
	const char *at = arn, *key = strstr(arn, ":key/");
	size_t len = strlen(region);

	for (int i = 0; i < 3 && at != NULL; i++)
		if ((at = strchr(at, ':')) != NULL)
			at++;
	return (strncmp(arn, "arn:", 4) == 0 && at != NULL && key != NULL &&
		strncmp(at, region, len) == 0 && at[len] == ':' &&
		strcmp(key + strlen(":key/"), key_id) == 0);
}

/* SHA-256 of the token, in hexadecimal digits. */
static enum err
put_digest(struct call *c, const struct import_set *s, struct buf *out)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	if (EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, s->token.ptr,
		s->token.len, hash, NULL) != 1)
		return (ERR_INTERNAL);
	return (buf_put_hex(out, VIEW(hash, sizeof(hash))));
}

static void
spent_name(const char *key_id, bool renewal, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "spent-%s%s", renewal ? RENEWAL : "", key_id);
}

static bool
is_spent(struct call *c, const char *key_id, bool renewal,
    const struct import_set *s)
{
	struct buf mine = BUF_INIT(2 * SHA256_DIGEST_LENGTH);
	struct buf spent = BUF_INIT(2 * SHA256_DIGEST_LENGTH);
	struct error_info before = c->kms.error;
	char name[NAME_SIZE];
	bool yes;

	spent_name(key_id, renewal, name);
	yes = state_read(c, name, &spent) == ERR_OK &&
	      put_digest(c, s, &mine) == ERR_OK &&
	      view_equal(buf_view(&mine), buf_view(&spent));
	buf_free(&mine);
	buf_free(&spent);
	c->kms.error = before;
	return (yes);
}

const char *
import_set_why_useless(
    struct call *c, const char *key_id, bool renewal, struct import_set *s)
{
	if (s->token.len == 0)
		return ("it has no import token");
	if (!read_wrapping_spec(s))
		return ("its wrapping key is not an RSA key of 2048, 3072 or "
			"4096 bits with an exponent from 65537 on");
	if (s->arn[0] != '\0' &&
	    !is_arn_of(s->arn, client_region(c->token->client), key_id))
		return ("its key ARN is not of this Region and that key id");
	if (s->algorithm[0] != '\0' &&
	    wrapping_algorithm_find(s->algorithm) == NULL)
		return ("its wrapping algorithm is not known");
	if (!(s->valid_to > service_time(c)))
		return ("its 24 hours are over");
	if (is_spent(c, key_id, renewal, s))
		return ("it was used already");
	return (NULL);
}

enum err
import_set_read(
    struct call *c, const char *key_id, bool renewal, struct import_set *s)
{
	struct error_info before = c->kms.error;
	const char *why = NULL;
	enum err e;

	if (!name_is_key_id(view_str(key_id)))
		return (ERR_NOT_FOUND);
	e = read_set(c, key_id, renewal, s);
	if (e == ERR_OK)
		why = import_set_why_useless(c, key_id, renewal, s);
	else if (e == ERR_UNTRUSTED || e == ERR_FILE)
		why = c->kms.error.message;
	else if (e == ERR_REPLY || e == ERR_TOO_BIG)
		why = "it is damaged";
	if (why != NULL) {
		call_note(
		    c, "the import set of key %s is not used: %s", key_id, why);
		e = ERR_NOT_FOUND;
	}
	c->kms.error = before;
	return (e);
}

/* The key id that the name stands for, KEYID.json or KEYID, behind renew- or
 * not; empty: none. */
static struct view
key_id_of(const char *name, bool renewal)
{
	size_t begin = strlen(RENEWAL), len, end = strlen(SUFFIX);

	if (renewal && strncmp(name, RENEWAL, begin) != 0)
		return (VIEW(NULL, 0));
	if (renewal)
		name += begin;
	len = strlen(name);
	if (len > end && strcmp(name + len - end, SUFFIX) == 0)
		len -= end;
	if (len >= KMS_ID_SIZE || !name_is_key_id(VIEW(name, len)))
		return (VIEW(NULL, 0));
	return (VIEW(name, len));
}

enum err
import_set_list(struct call *c, bool renewal, struct buf *key_ids)
{
	const struct dirent *entry;
	DIR *listing = NULL;
	int dir = -1;
	struct view id;
	enum err e = open_sets(c, false, &dir);

	if (e == ERR_NOT_FOUND)
		return (ERR_OK);
	if (e != ERR_OK)
		return (e);
	if ((listing = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return (ERR_MEMORY);
	}
	while (e == ERR_OK && (entry = readdir(listing)) != NULL) {
		id = key_id_of(entry->d_name, renewal);
		if (id.len == 0)
			continue;
		e = buf_append(key_ids, id);
		if (e == ERR_OK)
			e = buf_append(key_ids, VIEW("", 1));
	}
	(void)closedir(listing);
	return (e);
}

enum err
import_set_keep(struct call *c, const char *key_id, bool renewal,
    const struct import_set *s)
{
	struct buf text = BUF_INIT(IMPORT_SET_FILE_MAX);
	char name[NAME_SIZE];
	int dir = -1;
	enum err e;

	file_name(key_id, renewal, name);
	if ((e = import_set_encode(s, &text)) == ERR_OK &&
	    (e = open_sets(c, true, &dir)) == ERR_OK &&
	    (e = replace_file(
		 dir, name, 0600, buf_view(&text), &c->kms.error)) == ERR_FILE)
		(void)error_info_set(&c->kms.error, e, "import-sets: %s: %s",
		    name, strerror(errno));
	if (dir != -1)
		(void)close(dir);
	buf_free(&text);
	return (e);
}

enum err
import_set_write(struct call *c, const char *key_id, bool renewal,
    const struct import_set *s)
{
	if (c->token->config->import_sets == NULL)
		return (ERR_OK);
	return (import_set_keep(c, key_id, renewal, s));
}

bool
import_set_drop(struct call *c, const char *key_id, bool renewal)
{
	char name[NAME_SIZE];
	int dir = -1;
	bool gone = false;

	if (open_sets(c, false, &dir) != ERR_OK)
		return (false);
	file_name(key_id, renewal, name);
	gone = unlinkat(dir, name, 0) == 0;
	(void)close(dir);
	return (gone);
}

enum err
import_set_spend(struct call *c, const char *key_id, bool renewal)
{
	struct import_set s = IMPORT_SET_INIT;
	struct buf digest = BUF_INIT(2 * SHA256_DIGEST_LENGTH);
	char name[NAME_SIZE];
	enum err e = import_set_read(c, key_id, renewal, &s);

	if (e == ERR_OK && !import_set_drop(c, key_id, renewal) &&
	    (e = put_digest(c, &s, &digest)) == ERR_OK) {
		spent_name(key_id, renewal, name);
		e = state_write(c, name, buf_view(&digest));
	}
	buf_free(&digest);
	import_set_free(&s);
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}
