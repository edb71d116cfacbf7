#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "creds-cache.h"
#include "env.h"
#include "hex.h"
#include "replace-file.h"
#include "trusted-path.h"

#define PATH_SIZE_MAX 4096
#define NAME_SIZE (2 * EVP_MAX_MD_SIZE + 6)

static enum err
name_make(const struct creds_search *s, const struct creds_cache *c,
    char name[NAME_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct crypto_guard guard;
	size_t len = 0;
	bool ok;

	crypto_enter(s->conf->crypto, &guard);
	ok = EVP_Q_digest(s->conf->crypto->lib, c->digest, NULL, c->text,
		 strlen(c->text), digest, &len) == 1;
	crypto_leave(&guard);
	if (!ok)
		return (ERR_INTERNAL);
	hex_write(digest, len, name);
	strcpy(name + 2 * len, ".json");
	return (ERR_OK);
}

/* What the file or the folder is, for a message. */
static enum err
fault(const struct creds_cache *c, enum err e, struct error_info *error)
{
	if (e != ERR_FILE && e != ERR_TOO_BIG)
		return (e); /* ERR_UNTRUSTED says what */
	return (error_info_set(error, ERR_CREDS, "%s: %s", c->folder,
	    e == ERR_FILE ? strerror(errno) : err_text(e)));
}

enum err
creds_cache_read(const struct creds_search *s, const struct creds_cache *c,
    bool *found, struct buf *out, struct error_info *error)
{
	struct buf path = BUF_INIT(PATH_SIZE_MAX);
	char name[NAME_SIZE];
	enum err e;
	int fd = -1;

	*found = false;
	if ((e = name_make(s, c, name)) != ERR_OK ||
	    (e = env_path(c->folder, &path)) != ERR_OK)
		goto out;
	buf_cut(&path, path.len - 1); /* its NUL */
	if ((e = buf_puts(&path, "/")) != ERR_OK ||
	    (e = buf_puts(&path, name)) != ERR_OK ||
	    (e = buf_append(&path, VIEW("", 1))) != ERR_OK)
		goto out;
	e = trusted_open(
	    (const char *)path.ptr, TRUSTED_FILE, O_RDONLY, &fd, error);
	if (e == ERR_FILE && (errno == ENOENT || errno == ENOTDIR)) {
		e = ERR_OK;
		goto out;
	}
	*found = e == ERR_OK;
	if (e == ERR_OK)
		e = buf_read(out, fd);
out:
	if (fd != -1)
		(void)close(fd);
	buf_free(&path);
	return (e == ERR_OK ? e : fault(c, e, error));
}

enum err
creds_cache_write(const struct creds_search *s, const struct creds_cache *c,
    struct view content, struct error_info *error)
{
	struct buf path = BUF_INIT(PATH_SIZE_MAX);
	char name[NAME_SIZE];
	enum err e;
	int dir = -1;

	if ((e = name_make(s, c, name)) == ERR_OK &&
	    (e = env_path(c->folder, &path)) == ERR_OK &&
	    (e = trusted_make_directory((const char *)path.ptr, &dir, error)) ==
		ERR_OK)
		e = replace_file(dir, name, 0600, content, error);
	if (dir != -1)
		(void)close(dir);
	buf_free(&path);
	return (e == ERR_OK ? e : fault(c, e, error));
}
