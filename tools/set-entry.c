#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "set-entry.h"

char *
set_path(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = malloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", directory, name);
	return (path);
}

bool
set_read_file(const char *path, struct buf *out, double *written)
{
	/* a FIFO must not hold us up */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	bool done = fd != -1 && fstat(fd, &st) == 0;
	int saved;

	if (done && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		done = false;
	}
	if (done) {
		errno = EFBIG;
		*written = (double)st.st_mtime;
		done = buf_read(out, fd) == ERR_OK;
	}
	saved = errno;
	if (fd != -1)
		close(fd);
	errno = saved;
	return (done);
}

const char *
set_file_error(int error)
{
	return (error == EINVAL	 ? "it is not a file"
		: error == EFBIG ? "it is too long"
				 : strerror(error));
}

void
set_entry_free(struct set_entry *e)
{
	import_set_free(&e->set);
	buf_free(&e->json);
	free(e->path);
}

EVP_PKEY *
set_entry_wrapping_key(const struct set_entry *e, OSSL_LIB_CTX *lib)
{
	const unsigned char *at = e->set.public_key.ptr;
	long len = (long)e->set.public_key.len;
	EVP_PKEY *key;

	key = at == NULL ? NULL : d2i_PUBKEY_ex(NULL, &at, len, lib, NULL);
	if (key != NULL && !EVP_PKEY_is_a(key, "RSA")) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return (key);
}

/* The parts of it that others are shown. */
static void
look_at_set(struct set_entry *e)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	EVP_PKEY *key = lib == NULL ? NULL : set_entry_wrapping_key(e, lib);

	if (key == NULL || !public_key_fingerprint(lib, key, e->fingerprint))
		e->fingerprint[0] = '\0';
	EVP_PKEY_free(key);
	OSSL_LIB_CTX_free(lib);
	if (sscanf(e->set.arn, "arn:%*[^:]:kms:%63[^:]", e->region) != 1)
		e->region[0] = '\0';
}

bool
set_entry_read(struct set_entry *e)
{
	e->set = (struct import_set)IMPORT_SET_INIT;
	if (import_set_decode(buf_view(&e->json), &e->set) != ERR_OK ||
	    e->set.token.len == 0)
		return (false);
	look_at_set(e);
	return (true);
}

/* One file of the console's download. */
static bool
take_file(struct set_entry *e, const char *name)
{
	struct buf content = BUF_INIT(IMPORT_SET_FILE_MAX);
	char *path = set_path(e->path, name);
	double written = 0;
	bool done = path != NULL && set_read_file(path, &content, &written) &&
		    import_set_take_file(
			&e->set, name, buf_view(&content), written) == ERR_OK;

	buf_free(&content);
	free(path);
	return (done);
}

/* What the user wrote is believed before what was downloaded. */
static bool
load_download(struct set_entry *e, const char *arn)
{
	const struct dirent *entry;
	DIR *listing = opendir(e->path);

	if (listing == NULL)
		return (false);
	if (arn != NULL)
		snprintf(e->set.arn, sizeof(e->set.arn), "%s", arn);
	(void)take_file(e, IMPORT_SET_ARN_FILE);
	while ((entry = readdir(listing)) != NULL)
		if (import_set_has_file(entry->d_name))
			(void)take_file(e, entry->d_name);
	closedir(listing);
	look_at_set(e);
	e->json.max = IMPORT_SET_FILE_MAX;
	return (e->set.token.len != 0 &&
		import_set_encode(&e->set, &e->json) == ERR_OK);
}

bool
set_entry_load(
    struct set_entry *e, const char *path, const char *arn, const char **why)
{
	static const char damaged[] = "its import set is damaged";
	char *file = set_path(path, SET_FILE);
	double written;
	bool done;

	*e = (struct set_entry){
	    .set = IMPORT_SET_INIT, .json = BUF_INIT(IMPORT_SET_FILE_MAX)};
	*why = NULL;
	if ((e->path = strdup(path)) == NULL || file == NULL) {
		free(file);
		return (false);
	}
	if (set_read_file(file, &e->json, &written)) {
		done = set_entry_read(e);
		*why = done ? NULL : damaged;
	} else if (errno != ENOENT) {
		done = false;
		*why = errno == ENOTDIR ? NULL : set_file_error(errno);
	} else {
		done = load_download(e, arn);
		*why = done || e->set.public_key.len == 0 ? NULL : damaged;
	}
	free(file);
	return (done);
}
