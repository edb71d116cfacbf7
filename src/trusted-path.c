#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "trusted-path.h"

#define PATH_SIZE 4096
#define LINKS_MAX 40 /* as the kernel has it */

/* A path on its way from its first directory to its end. */
struct walk {
	int dir; /* the directory that was reached */
	char rest[PATH_SIZE]; /* what is still to be walked from there */
	int links; /* how many were followed */
	bool make; /* missing directories */
	struct error_info *error;
};

static enum err
untrusted(struct error_info *error, const char *name, const char *why)
{
	errno = EPERM;
	return (error_info_set(error, ERR_UNTRUSTED, "%s: %s", name, why));
}

static bool
owner_is_trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid());
}

/* A directory that stands above what is opened. */
static enum err
check_above(struct error_info *error, const char *name, const struct stat *st)
{
	if (!owner_is_trusted(st))
		return (untrusted(error, name,
		    "this directory belongs to another user, who can change "
		    "what is in it"));
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    (st->st_uid != 0 || (st->st_mode & S_ISVTX) == 0))
		return (untrusted(error, name,
		    "users other than its owner can write to this directory"));
	return (ERR_OK);
}

static enum err
check_opened(struct error_info *error, const char *name, int fd,
    enum trusted_kind kind, int flags)
{
	struct stat st;
	bool device;

	if (fstat(fd, &st) == -1)
		return (ERR_FILE);
	device = kind == TRUSTED_SINK &&
		 (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode));
	if (kind == TRUSTED_DIRECTORY ? !S_ISDIR(st.st_mode)
				      : !S_ISREG(st.st_mode) && !device)
		return (untrusted(error, name,
		    kind == TRUSTED_DIRECTORY ? "it is not a directory"
					      : "it is not a regular file"));
	if (!owner_is_trusted(&st))
		return (untrusted(error, name, "it belongs to another user"));
	if (S_ISCHR(st.st_mode))
		return (ERR_OK); /* whoever writes there changes nothing */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return (untrusted(
		    error, name, "users other than its owner can write to it"));
	/* another name may be one that somebody else gave it */
	if (S_ISREG(st.st_mode) && (flags & O_ACCMODE) != O_RDONLY &&
	    st.st_nlink > 1)
		return (untrusted(error, name, "it has more than one name"));
	return (ERR_OK);
}

/* Takes the next name off the path; *last: nothing is behind it. */
static void
take_name(struct walk *w, char name[PATH_SIZE], bool *last)
{
	char *start = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(start, "/");
	char *behind = start + len + strspn(start + len, "/");

	memcpy(name, start, len);
	name[len] = '\0';
	if (len == 0)
		memcpy(name, ".", 2); /* the path is "/" */
	*last = *behind == '\0';
	memmove(w->rest, behind, strlen(behind) + 1);
}

/* The directory is the one that fd is, from now on. */
static enum err
enter(struct walk *w, const char *name, int fd)
{
	struct stat st;
	enum err e = ERR_FILE;

	if (fd != -1 && fstat(fd, &st) == 0)
		e = check_above(w->error, name, &st);
	if (e != ERR_OK) {
		if (fd != -1)
			(void)close(fd);
		return (e);
	}
	if (w->dir != -1)
		(void)close(w->dir);
	w->dir = fd;
	return (ERR_OK);
}

static enum err
enter_root(struct walk *w)
{
	return (enter(w, "/", open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
}

/* Puts what a link says before the rest of the path. */
static enum err
follow(struct walk *w, const char *name, int link, const struct stat *st)
{
	char target[PATH_SIZE], rest[PATH_SIZE];
	ssize_t n;

	if (!owner_is_trusted(st))
		return (untrusted(
		    w->error, name, "this link belongs to another user"));
	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return (ERR_FILE);
	}
	if ((n = readlinkat(link, "", target, sizeof(target) - 1)) == -1)
		return (ERR_FILE);
	target[n] = '\0';
	memcpy(rest, w->rest, sizeof(rest));
	n = snprintf(w->rest, sizeof(w->rest), "%s%s%s", target,
	    rest[0] != '\0' ? "/" : "", rest);
	if (n < 0 || (size_t)n >= sizeof(w->rest)) {
		errno = ENAMETOOLONG;
		return (ERR_FILE);
	}
	return (target[0] == '/' ? enter_root(w) : ERR_OK);
}

/* Follows the name if it is a link. *was: it is one. */
static enum err
try_link(struct walk *w, const char *name, bool *was)
{
	int fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	enum err e = ERR_OK;

	*was = false;
	if (fd == -1)
		return (ERR_OK);
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		*was = true;
		e = follow(w, name, fd, &st);
	}
	(void)close(fd);
	return (e);
}

static enum err
enter_directory(struct walk *w, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool was;
	enum err e;
	int fd;

	if ((e = try_link(w, name, &was)) != ERR_OK || was)
		return (e);
	fd = openat(w->dir, name, flags);
	if (fd == -1 && errno == ENOENT && w->make &&
	    (mkdirat(w->dir, name, 0700) == 0 || errno == EEXIST))
		fd = openat(w->dir, name, flags);
	return (enter(w, name, fd));
}

static enum err
walk_begin(struct walk *w, const char *path)
{
	char here[PATH_SIZE] = "";
	int n;

	if (path[0] == '\0') {
		errno = ENOENT;
		return (ERR_FILE);
	}
	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return (ERR_FILE);
	n = snprintf(w->rest, sizeof(w->rest), "%s%s%s", here,
	    here[0] != '\0' ? "/" : "", path);
	if (n < 0 || (size_t)n >= sizeof(w->rest)) {
		errno = ENAMETOOLONG;
		return (ERR_FILE);
	}
	return (enter_root(w));
}

enum err
trusted_open_at(int dir, const char *name, enum trusted_kind kind, int flags,
    int *fd, struct error_info *error)
{
	int saved;
	enum err e;

	/* nothing but a file is waited for: no FIFO, no terminal */
	flags |= O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	if (kind == TRUSTED_DIRECTORY)
		flags |= O_DIRECTORY;
	if ((*fd = openat(dir, name, flags, 0600)) == -1)
		return (ERR_FILE);
	if ((e = check_opened(error, name, *fd, kind, flags)) == ERR_OK)
		return (ERR_OK);
	saved = errno;
	(void)close(*fd);
	*fd = -1;
	errno = saved;
	return (e);
}

static enum err
walk_to_end(struct walk *w, enum trusted_kind kind, int flags, int *fd)
{
	char name[PATH_SIZE];
	bool last, was;
	enum err e;

	for (;;) {
		take_name(w, name, &last);
		if (!last) {
			if ((e = enter_directory(w, name)) != ERR_OK)
				return (e);
			continue;
		}
		if ((e = try_link(w, name, &was)) != ERR_OK)
			return (e);
		if (was)
			continue;
		if (w->make && mkdirat(w->dir, name, 0700) == -1 &&
		    errno != EEXIST)
			return (ERR_FILE);
		return (
		    trusted_open_at(w->dir, name, kind, flags, fd, w->error));
	}
}

static enum err
open_path(const char *path, enum trusted_kind kind, int flags, bool make,
    int *fd, struct error_info *error)
{
	struct walk w = {.dir = -1, .make = make, .error = error};
	char what[sizeof(error->message)];
	int saved;
	enum err e;

	*fd = -1;
	if ((e = walk_begin(&w, path)) == ERR_OK)
		e = walk_to_end(&w, kind, flags, fd);
	saved = errno;
	if (w.dir != -1)
		(void)close(w.dir);
	if (e == ERR_UNTRUSTED && error != NULL) {
		memcpy(what, error->message, sizeof(what));
		(void)error_info_set(error, e, "%s: %s", path, what);
	}
	errno = saved;
	return (e);
}

enum err
trusted_open(const char *path, enum trusted_kind kind, int flags, int *fd,
    struct error_info *error)
{
	return (open_path(path, kind, flags, false, fd, error));
}

enum err
trusted_make_directory(const char *path, int *fd, struct error_info *error)
{
	return (open_path(path, TRUSTED_DIRECTORY, O_RDONLY, true, fd, error));
}
