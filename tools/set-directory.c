#include <dirent.h>
#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "array.h"
#include "ask.h"
#include "message.h"
#include "pair-page.h"
#include "replacement.h"
#include "set-directory.h"

#define DER_FILE "wrapping-key.der"
#define PEM_FILE "wrapping-key.pem"
#define TOKEN_FILE "import-token.bin"
#define PAGE_FILE "README.txt"
#define SUBDIRECTORIES_MAX 64

/* The names in the directory may be anybody's. */
static bool
complain(const char *path, const char *name, const char *why)
{
	message("%s%s%s: %s", path, name == NULL ? "" : "/",
	    name == NULL ? "" : name, why);
	return (false);
}

static bool
add_set(struct set_list *l, const char *path, const char *arn)
{
	struct set_entry e, *rows;
	const char *why;

	if (!set_entry_load(&e, path, arn, &why)) {
		set_entry_free(&e);
		return (why == NULL || complain(path, NULL, why));
	}
	rows = array_grow(l->rows, &l->cap, l->count + 1, sizeof(*rows));
	if (rows == NULL) {
		set_entry_free(&e);
		message("out of memory");
		return (false);
	}
	l->rows = rows;
	rows[l->count++] = e;
	return (true);
}

/* A file system's own directory, such as lost+found, may be closed to us. */
static bool
may_be_entered(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return (false);
	if (access(path, X_OK) == 0)
		return (true);
	complain(path, NULL, "it is passed over, because it cannot be entered");
	return (false);
}

static bool
add_subdirectories(struct set_list *l, const char *path, const char *arn)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, NULL, alphasort);
	bool done = count >= 0 && count <= SUBDIRECTORIES_MAX;
	char *sub;

	for (int i = 0; i < count; i++) {
		sub = done && names[i]->d_name[0] != '.'
			  ? set_path(path, names[i]->d_name)
			  : NULL;
		if (sub != NULL && may_be_entered(sub))
			done = add_set(l, sub, arn);
		free(sub);
		free(names[i]);
	}
	free(names);
	if (count < 0)
		message_errno(path);
	else if (count > SUBDIRECTORIES_MAX)
		message("%s: it has too many files", path);
	return (done);
}

bool
set_list_read(struct set_list *l, const char *path, const char *arn)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		message_errno(path);
		return (false);
	}
	if (!add_set(l, path, arn) || !add_subdirectories(l, path, arn))
		return (false);
	if (l->count == 0)
		message("%s: there is no import set: it is the directory of "
			"keyferry pair, or the console's download, unpacked",
		    path);
	return (l->count != 0);
}

void
set_list_free(struct set_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		set_entry_free(&l->rows[i]);
	free(l->rows);
	*l = (struct set_list){NULL, 0, 0};
}

/*
 * The first of our files' names that is taken there, or NULL. False: one is
 * that of a link, which may lead anywhere, or of another thing that is no file.
 */
static bool
find_taken_name(const char *directory, const char **taken)
{
	static const char *const names[] = {
	    SET_FILE, DER_FILE, PEM_FILE, TOKEN_FILE, PAGE_FILE, WRAPPED_FILE};
	bool good = true;
	struct stat st;
	char *path;

	*taken = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path = set_path(directory, names[i]);
		if (good && path != NULL && lstat(path, &st) == 0) {
			*taken = *taken == NULL ? names[i] : *taken;
			good = S_ISREG(st.st_mode) ||
			       complain(directory, names[i],
				   "it is not a file: remove it, or name "
				   "another directory");
		}
		free(path);
	}
	return (good);
}

bool
set_directory_make(const char *path, bool *made)
{
	const char *taken;
	struct stat st;

	*made = mkdir(path, 0700) == 0;
	if ((!*made && errno != EEXIST) || stat(path, &st) != 0) {
		message_errno(path);
		return (false);
	}
	if (!S_ISDIR(st.st_mode))
		return (complain(path, NULL, "it is no directory"));
	if (access(path, W_OK | X_OK) == 0)
		return (find_taken_name(path, &taken));
	message_errno(path);
	return (false);
}

/* It was wrapped for another set. */
static bool
remove_wrapped_key(const char *directory)
{
	char *path = set_path(directory, WRAPPED_FILE);
	bool done = path != NULL && (unlink(path) == 0 || errno == ENOENT);

	if (!done)
		message_errno(path == NULL ? directory : path);
	free(path);
	return (done);
}

/* Whether there is nothing, the same set, or what may go (*replaces). */
static bool
may_write(const struct set_entry *e, bool yes, bool *replaces)
{
	const char *taken, *why;
	struct set_entry there;
	bool same;

	*replaces = false;
	if (!find_taken_name(e->path, &taken))
		return (false);
	if (taken == NULL)
		return (true);
	same = set_entry_load(&there, e->path, NULL, &why) &&
	       view_equal(buf_view(&there.set.token), buf_view(&e->set.token));
	set_entry_free(&there);
	*replaces = !same;
	return (
	    same || ask(yes, "%s has another %s: replace it?", e->path, taken));
}

/* What a file of the directory is written by. */
struct part {
	const char *name;
	bool (*write)(FILE *, const struct set_entry *);
};

static bool
write_bytes(FILE *f, struct view v)
{
	return (fwrite(v.ptr, 1, v.len, f) == v.len);
}

static bool
write_der(FILE *f, const struct set_entry *e)
{
	return (write_bytes(f, buf_view(&e->set.public_key)));
}

static bool
write_pem(FILE *f, const struct set_entry *e)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	EVP_PKEY *key = lib == NULL ? NULL : set_entry_wrapping_key(e, lib);
	bool done = key != NULL && PEM_write_PUBKEY(f, key) == 1;

	EVP_PKEY_free(key);
	OSSL_LIB_CTX_free(lib);
	return (done);
}

static bool
write_token(FILE *f, const struct set_entry *e)
{
	return (write_bytes(f, buf_view(&e->set.token)));
}

static bool
write_json(FILE *f, const struct set_entry *e)
{
	return (write_bytes(f, buf_view(&e->json)));
}

/* Into a file that does not have its name yet. */
static bool
write_part(
    const struct set_entry *e, const struct part *p, struct replacement *r)
{
	char *path = set_path(e->path, p->name);
	bool begun = path != NULL && replacement_begin(r, path, 0600);
	bool done = begun && p->write(r->f, e) && replacement_is_written(r);

	if (!done)
		message_errno(path == NULL ? p->name : path);
	if (begun && !done)
		replacement_abandon(r);
	free(path);
	return (done);
}

bool
set_entry_write(const struct set_entry *e, bool yes)
{
	/* the set is the last: where it is, all is */
	static const struct part parts[] = {{DER_FILE, write_der},
	    {PEM_FILE, write_pem}, {TOKEN_FILE, write_token},
	    {PAGE_FILE, pair_page_write}, {SET_FILE, write_json}};
	struct replacement written[sizeof(parts) / sizeof(parts[0])];
	size_t n = 0;
	bool made, replaces,
	    done = set_directory_make(e->path, &made) &&
		   may_write(e, yes, &replaces);

	for (; n < sizeof(parts) / sizeof(parts[0]) && done; n += done)
		done = write_part(e, &parts[n], &written[n]);
	done = done && (!replaces || remove_wrapped_key(e->path));
	for (size_t i = 0; i < n; i++)
		if (!done)
			replacement_abandon(&written[i]);
		else if (!(done = replacement_end(&written[i])))
			message_errno(e->path);
	return (done);
}
