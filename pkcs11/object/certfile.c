#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "array.h"
#include "crypto.h"
#include "certfile.h"
#include "hex.h"
#include "replace-file.h"
#include "trusted-path.h"

#define PATH_SIZE 4096
#define FILE_MAX (4 * 1024 * 1024)
#define CERTS_MAX 4096 /* of a directory */
#define NAMES_MAX (4 * 1024 * 1024) /* bytes, of its files */
#define SETTLED 2 /* seconds after which a change shows in the times */
#define OURS "keyferry-"
#define OUR_NAME_SIZE (sizeof(OURS "0123456789abcdef0123456789abcdef.pem"))
#define LABEL_LINE "CKA_LABEL: "
#define ID_LINE "CKA_ID: "
#define BEGIN_LINE "-----BEGIN "
#define END_LINE "-----END "

static enum err
fail(struct call *c, const char *path)
{
	return (error_info_set(
	    &c->kms.error, ERR_FILE, "%s: %s", path, strerror(errno)));
}

/* Hidden files are none of ours: editors and writers leave them. */
static int
is_shown(const struct dirent *d)
{
	return (d->d_name[0] != '.');
}

/* Ours come first: they know names. */
static int
by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	bool ours_x = strncmp(x, OURS, strlen(OURS)) == 0;
	bool ours_y = strncmp(y, OURS, strlen(OURS)) == 0;

	return (ours_x != ours_y ? (ours_x ? -1 : 1) : strcmp(x, y));
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		h = (h ^ (v & 0xff)) * 0x100000001b3U; /* FNV-1a */
	return (h);
}

static void
mix_file(uint64_t *h, const struct stat *st, time_t *latest)
{
	*h = mix(*h, (uint64_t)st->st_ino);
	*h = mix(*h, (uint64_t)st->st_size);
	*h = mix(*h, (uint64_t)st->st_mtim.tv_sec);
	*h = mix(*h, (uint64_t)st->st_mtim.tv_nsec);
	if (st->st_mtim.tv_sec > *latest)
		*latest = st->st_mtim.tv_sec;
}

uint64_t
certfile_stamp(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	struct stat st;
	uint64_t h = 0xcbf29ce484222325U, files = 0, one;
	time_t latest = 0, now = time(NULL);

	if (d == NULL)
		return (0);
	if (fstat(dirfd(d), &st) == 0)
		mix_file(&h, &st, &latest);
	/* in whatever order they come */
	while ((e = readdir(d)) != NULL) {
		one = h;
		if (is_shown(e) && fstatat(dirfd(d), e->d_name, &st, 0) == 0) {
			mix_file(&one, &st, &latest);
			files += one;
		}
	}
	(void)closedir(d);
	/* what changes within one tick of the clock shows in no time */
	if (latest <= now && now - latest < SETTLED)
		return (0);
	h = mix(h, files);
	return (h != 0 ? h : 1);
}

void
certfile_free(struct certfiles *l)
{
	for (size_t i = 0; i < l->count; i++) {
		buf_free(&l->rows[i].der);
		buf_free(&l->rows[i].label);
		buf_free(&l->rows[i].id);
	}
	free(l->rows);
	*l = (struct certfiles){.rows = NULL};
}

static bool
is_there(const struct certfiles *l, struct view der)
{
	for (size_t i = 0; i < l->count; i++)
		if (view_equal(buf_view(&l->rows[i].der), der))
			return (true);
	return (false);
}

static enum err
add_certificate(
    struct certfiles *l, struct view der, const struct certfile *names)
{
	struct certfile *rows, *f;
	enum err e;

	if (is_there(l, der) || l->count == CERTS_MAX)
		return (ERR_OK);
	rows = array_grow(l->rows, &l->cap, l->count + 1, sizeof(*rows));
	if (rows == NULL)
		return (ERR_MEMORY);
	l->rows = rows;
	f = &l->rows[l->count++];
	*f = (struct certfile){.der = BUF_INIT(CERTFILE_DER_MAX),
	    .label = BUF_INIT(CERTFILE_NAME_MAX),
	    .id = BUF_INIT(CERTFILE_NAME_MAX),
	    .ours = names->ours};
	if ((e = buf_append(&f->der, der)) == ERR_OK &&
	    (e = buf_append(&f->label, buf_view(&names->label))) == ERR_OK)
		e = buf_append(&f->id, buf_view(&names->id));
	return (e);
}

/* DER, one after the other; false: there is something else. */
static bool
take_der(struct certfiles *l, struct view v, const struct certfile *names,
    enum err *e)
{
	const unsigned char *at = v.ptr, *from;
	X509 *x;

	while (*e == ERR_OK && at < v.ptr + v.len) {
		from = at;
		x = d2i_X509(NULL, &at, (long)(v.ptr + v.len - at));
		if (x == NULL || at - from > CERTFILE_DER_MAX) {
			X509_free(x);
			return (false);
		}
		*e = add_certificate(l, VIEW(from, (size_t)(at - from)), names);
		X509_free(x);
	}
	return (v.len != 0);
}

static bool
hex_byte(struct view v, size_t at, uint8_t *out)
{
	return (at + 1 < v.len && hex_read((const char *)v.ptr + at, out, 1));
}

static bool
starts(struct view line, const char *with)
{
	return (line.len >= strlen(with) &&
		memcmp(line.ptr, with, strlen(with)) == 0);
}

static struct view
after(struct view line, const char *with)
{
	return (VIEW(line.ptr + strlen(with), line.len - strlen(with)));
}

static void
take_label(struct certfile *f, struct view text)
{
	uint8_t ch;

	buf_reset(&f->label);
	for (size_t i = 0; i < text.len; i++) {
		ch = text.ptr[i];
		if (ch == '\\' && hex_byte(text, i + 1, &ch))
			i += 2;
		if (buf_append(&f->label, VIEW(&ch, 1)) != ERR_OK)
			return;
	}
}

static void
take_id(struct certfile *f, struct view text)
{
	uint8_t ch;

	buf_reset(&f->id);
	for (size_t i = 0; hex_byte(text, i, &ch); i += 2)
		if (buf_append(&f->id, VIEW(&ch, 1)) != ERR_OK)
			return;
}

/* Cuts the next line off, without its end. */
static struct view
next_line(struct view *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end == NULL ? text->len : (size_t)(end - text->ptr);
	struct view line = VIEW(text->ptr, len);

	*text = end == NULL ? VIEW(text->ptr + len, 0)
			    : VIEW(end + 1, text->len - len - 1);
	if (line.len != 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return (line);
}

/* From its first to its last line. */
static bool
take_block(struct certfiles *l, struct view block, const struct certfile *names,
    enum err *e)
{
	BIO *bio = BIO_new_mem_buf(block.ptr, (int)block.len);
	unsigned char *der = NULL;
	long len = 0;
	bool fine;

	fine = bio != NULL &&
	       PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, bio,
		   crypto_no_passphrase, NULL) == 1 &&
	       take_der(l, VIEW(der, (size_t)len), names, e);
	OPENSSL_free(der);
	BIO_free(bio);
	return (fine);
}

static bool
is_certificate(struct view line)
{
	return (starts(line, BEGIN_LINE PEM_STRING_X509 "-----") ||
		starts(line, BEGIN_LINE PEM_STRING_X509_OLD "-----"));
}

/* Blocks of other kinds are passed over. */
static bool
take_pem(
    struct certfiles *l, struct view text, struct certfile *names, enum err *e)
{
	const uint8_t *from = NULL;
	bool fine = true;
	struct view line;

	while (text.len != 0 && *e == ERR_OK) {
		line = next_line(&text);
		if (starts(line, BEGIN_LINE))
			from = is_certificate(line) ? line.ptr : NULL;
		else if (from != NULL && starts(line, END_LINE))
			fine &= take_block(
			    l, VIEW(from, (size_t)(text.ptr - from)), names, e);
		else if (from == NULL && starts(line, LABEL_LINE))
			take_label(names, after(line, LABEL_LINE));
		else if (from == NULL && starts(line, ID_LINE))
			take_id(names, after(line, ID_LINE));
		if (starts(line, END_LINE)) {
			from = NULL;
			buf_reset(&names->label);
			buf_reset(&names->id);
		}
	}
	return (fine && from == NULL);
}

static bool
has_pem(struct view v)
{
	struct view line;

	while (v.len != 0) {
		line = next_line(&v);
		if (starts(line, BEGIN_LINE))
			return (true);
	}
	return (false);
}

/* Not one that others could have put there, no pipe that nobody writes to, and
 * not more than it may be. */
static enum err
read_file(struct call *c, const char *path, struct buf *out)
{
	int fd = -1;
	enum err e;

	memset(&c->kms.error, 0, sizeof(c->kms.error));
	e = trusted_open(path, TRUSTED_FILE, O_RDONLY, &fd, &c->kms.error);
	if (e == ERR_OK)
		e = buf_read(out, fd);
	if (e == ERR_FILE)
		e = fail(c, path);
	if (fd != -1)
		(void)close(fd);
	return (e);
}

static enum err
take_file(
    struct call *c, const char *dir, const char *name, struct certfiles *l)
{
	struct certfile names = {.label = BUF_INIT(CERTFILE_NAME_MAX),
	    .id = BUF_INIT(CERTFILE_NAME_MAX)};
	struct buf text = BUF_INIT(FILE_MAX);
	char path[PATH_SIZE];
	bool fine = true;
	enum err e;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	names.ours = strncmp(name, OURS, strlen(OURS)) == 0;
	if ((e = read_file(c, path, &text)) != ERR_OK) {
		call_note(c, "%s is left out: %s", path,
		    e == ERR_FILE || e == ERR_UNTRUSTED ? c->kms.error.message
							: err_text(e));
		e = e == ERR_MEMORY ? e : ERR_OK;
		goto out;
	}
	if (has_pem(buf_view(&text)))
		fine = take_pem(l, buf_view(&text), &names, &e);
	else
		fine = take_der(l, buf_view(&text), &names, &e);
	if (!fine)
		call_note(c, "of %s is left out what is no certificate", path);
out:
	buf_free(&text);
	buf_free(&names.label);
	buf_free(&names.id);
	return (e);
}

static enum err
open_directory(struct call *c, const char *dir, int *fd)
{
	enum err e;

	memset(&c->kms.error, 0, sizeof(c->kms.error));
	e = trusted_open(dir, TRUSTED_DIRECTORY, O_RDONLY, fd, &c->kms.error);
	return (e == ERR_FILE ? fail(c, dir) : e);
}

/* The files of a directory. */
struct names {
	struct buf text; /* each with its NUL */
	const char **rows; /* in by_name()'s order */
	size_t count;
};

static void
names_free(struct names *n)
{
	buf_free(&n->text);
	free(n->rows);
}

static enum err
names_read(struct call *c, const char *dir, struct names *n)
{
	const struct dirent *entry;
	DIR *listing;
	int fd = -1;
	enum err e;

	if ((e = open_directory(c, dir, &fd)) != ERR_OK)
		return (e);
	if ((listing = fdopendir(fd)) == NULL) {
		e = fail(c, dir);
		(void)close(fd);
		return (e);
	}
	while (e == ERR_OK && (entry = readdir(listing)) != NULL) {
		if (!is_shown(entry))
			continue;
		e = buf_append(
		    &n->text, VIEW(entry->d_name, strlen(entry->d_name) + 1));
		n->count += e == ERR_OK;
	}
	(void)closedir(listing);
	return (e);
}

static enum err
names_sort(struct names *n)
{
	const char *name = (const char *)n->text.ptr;

	if (n->count == 0)
		return (ERR_OK);
	if ((n->rows = calloc(n->count, sizeof(*n->rows))) == NULL)
		return (ERR_MEMORY);
	for (size_t i = 0; i < n->count; i++, name += strlen(name) + 1)
		n->rows[i] = name;
	qsort(n->rows, n->count, sizeof(*n->rows), by_name);
	return (ERR_OK);
}

enum err
certfile_read(struct call *c, const char *dir, struct certfiles *l)
{
	struct names names = {.text = BUF_INIT(NAMES_MAX)};
	enum err e;

	*l = (struct certfiles){.rows = NULL};
	/* whoever can write there decides which certificate a key has */
	if ((e = names_read(c, dir, &names)) != ERR_OK)
		call_note(c, "certificates: %s",
		    e == ERR_TOO_BIG ? "there are too many files"
				     : c->kms.error.message);
	if ((e = names_sort(&names)) == ERR_MEMORY)
		goto out;
	for (size_t i = 0; i < names.count && e == ERR_OK; i++)
		e = take_file(c, dir, names.rows[i], l);
	if (l->count == CERTS_MAX)
		call_note(c, "of %s no more than %d certificates are seen", dir,
		    CERTS_MAX);
out:
	names_free(&names);
	if (e != ERR_OK)
		certfile_free(l);
	return (e);
}

static enum err
our_name(struct call *c, struct view der, char name[OUR_NAME_SIZE])
{
	unsigned char hash[32];
	size_t n = 0;

	if (EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, der.ptr,
		der.len, hash, &n) != 1)
		return (ERR_INTERNAL);
	strcpy(name, OURS);
	hex_write(hash, 16, name + strlen(OURS));
	strcat(name, ".pem");
	return (ERR_OK);
}

static enum err
put_escaped(struct buf *out, struct view v, bool all)
{
	char text[] = "\\xx";
	bool plain;
	enum err e = ERR_OK;

	for (size_t i = 0; i < v.len && e == ERR_OK; i++) {
		plain = !all && v.ptr[i] > ' ' && v.ptr[i] != 0x7f &&
			v.ptr[i] != '\\';
		plain |= !all && v.ptr[i] == ' ' && i != 0 && i + 1 < v.len;
		hex_write(v.ptr + i, 1, text + 1);
		e = plain ? buf_append(out, VIEW(v.ptr + i, 1))
			  : buf_puts(out, all ? text + 1 : text);
	}
	return (e);
}

static enum err
put_line(struct buf *out, const char *head, struct view v, bool hex)
{
	enum err e;

	if (v.len == 0)
		return (ERR_OK);
	if ((e = buf_puts(out, head)) == ERR_OK &&
	    (e = put_escaped(out, v, hex)) == ERR_OK)
		e = buf_puts(out, "\n");
	return (e);
}

static enum err
put_pem(struct buf *out, struct view der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;
	enum err e = ERR_MEMORY;

	if (bio != NULL && PEM_write_bio(bio, PEM_STRING_X509, "", der.ptr,
			       (long)der.len) != 0)
		len = BIO_get_mem_data(bio, &text);
	if (len > 0)
		e = buf_append(out, VIEW(text, (size_t)len));
	BIO_free(bio);
	return (e);
}

static bool
is_read_only(enum err e)
{
	return (e == ERR_FILE &&
		(errno == EACCES || errno == EROFS || errno == EPERM));
}

enum err
certfile_write(
    struct call *c, const char *dir, const struct certfile *f, bool *read_only)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char name[OUR_NAME_SIZE];
	int fd = -1;
	enum err e;

	if ((e = our_name(c, buf_view(&f->der), name)) != ERR_OK ||
	    (e = put_line(&text, LABEL_LINE, buf_view(&f->label), false)) !=
		ERR_OK ||
	    (e = put_line(&text, ID_LINE, buf_view(&f->id), true)) != ERR_OK ||
	    (e = put_pem(&text, buf_view(&f->der))) != ERR_OK ||
	    (e = open_directory(c, dir, &fd)) != ERR_OK)
		goto out;
	/* certificates are for everybody to read */
	e = replace_file(fd, name, 0644, buf_view(&text), &c->kms.error);
	if (e == ERR_FILE)
		e = fail(c, dir);
out:
	*read_only = is_read_only(e);
	if (fd != -1)
		(void)close(fd);
	buf_free(&text);
	return (e);
}

enum err
certfile_remove(
    struct call *c, const char *dir, struct view der, bool *read_only)
{
	char name[OUR_NAME_SIZE];
	int fd = -1;
	enum err e;

	if ((e = our_name(c, der, name)) == ERR_OK &&
	    (e = open_directory(c, dir, &fd)) == ERR_OK &&
	    ((unlinkat(fd, name, 0) == -1 && errno != ENOENT) ||
		fsync(fd) == -1))
		e = fail(c, dir);
	*read_only = is_read_only(e);
	if (fd != -1)
		(void)close(fd);
	return (e);
}
