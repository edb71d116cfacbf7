#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "state.h"

#define PATH_SIZE 4096
#define LOCK_POLL_MS 20

static enum err
fail(struct call *c, const char *path)
{
	memset(&c->kms.error, 0, sizeof(c->kms.error));
	return (error_info_set(
	    &c->kms.error, ERR_FILE, "%s: %s", path, strerror(errno)));
}

static enum err
path_of(struct call *c, const char *name, const char *suffix, char *path)
{
	int n;

	if (c->token->state == NULL)
		return (error_info_set(&c->kms.error, ERR_FILE,
		    "no state directory: set state in keyferry.conf"));
	n = snprintf(path, PATH_SIZE, "%s/%s%s", c->token->state, name, suffix);
	return (n > 0 && n < PATH_SIZE ? ERR_OK : ERR_TOO_BIG);
}

/* The directory and those above it, as far as they are missing. */
static enum err
make_dirs(struct call *c)
{
	char path[PATH_SIZE];
	char *slash = path;
	int n = snprintf(path, sizeof(path), "%s/", c->token->state);

	if (n < 0 || n >= PATH_SIZE)
		return (ERR_TOO_BIG);
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return (fail(c, path));
		*slash = '/';
	}
	return (ERR_OK);
}

enum err
state_read(struct call *c, const char *name, struct buf *out)
{
	char path[PATH_SIZE];
	struct stat st;
	ssize_t n;
	int fd = -1;
	enum err e;

	if ((e = path_of(c, name, "", path)) != ERR_OK)
		return (e);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return (errno == ENOENT ? ERR_NOT_FOUND : fail(c, path));
	if (fstat(fd, &st) == -1) {
		e = fail(c, path);
		goto out;
	}
	if ((e = buf_reserve(out, (size_t)st.st_size)) != ERR_OK)
		goto out;
	for (out->len = 0; out->len < (size_t)st.st_size;
	     out->len += (size_t)n) {
		n = read(
		    fd, out->ptr + out->len, (size_t)st.st_size - out->len);
		if (n == -1)
			e = fail(c, path);
		if (n <= 0)
			break;
	}
out:
	(void)close(fd);
	return (e);
}

static enum err
write_all(struct call *c, int fd, const char *path, struct view v)
{
	ssize_t n;

	for (size_t done = 0; done < v.len; done += (size_t)n)
		if ((n = write(fd, v.ptr + done, v.len - done)) == -1)
			return (fail(c, path));
	return (fsync(fd) == 0 ? ERR_OK : fail(c, path));
}

static enum err
sync_dir(struct call *c)
{
	int fd = open(c->token->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd == -1 || fsync(fd) == -1)
		e = fail(c, c->token->state);
	if (fd != -1)
		(void)close(fd);
	return (e);
}

enum err
state_write(struct call *c, const char *name, struct view v)
{
	char path[PATH_SIZE], temp[PATH_SIZE], suffix[64];
	int fd = -1;
	enum err e;

	/* no two writers share one: a thread's stack is its own */
	snprintf(suffix, sizeof(suffix), ".%ld-%p.tmp", (long)getpid(),
	    (const void *)path);
	if ((e = path_of(c, name, "", path)) != ERR_OK ||
	    (e = path_of(c, name, suffix, temp)) != ERR_OK ||
	    (e = make_dirs(c)) != ERR_OK)
		return (e);
	fd = open(
	    temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return (fail(c, temp));
	e = write_all(c, fd, temp, v);
	if (close(fd) == -1 && e == ERR_OK)
		e = fail(c, temp);
	if (e == ERR_OK && rename(temp, path) == -1)
		e = fail(c, path);
	if (e != ERR_OK) {
		(void)unlink(temp);
		return (e);
	}
	return (sync_dir(c));
}

enum err
state_remove(struct call *c, const char *name)
{
	char path[PATH_SIZE];
	enum err e;

	if ((e = path_of(c, name, "", path)) != ERR_OK)
		return (e);
	return (unlink(path) == 0 || errno == ENOENT ? ERR_OK : fail(c, path));
}

/*
 * The holder of a lock may remove its file, so a lock counts only while the
 * path still leads to the file that was locked.
 */
static bool
is_current(int fd, const char *path)
{
	struct stat mine, there;

	return (fstat(fd, &mine) == 0 && stat(path, &there) == 0 &&
		mine.st_ino == there.st_ino && mine.st_dev == there.st_dev);
}

enum err
state_lock(struct call *c, const char *name, int *fd)
{
	char path[PATH_SIZE];
	enum err e;

	*fd = -1;
	if ((e = path_of(c, name, ".lock", path)) != ERR_OK ||
	    (e = make_dirs(c)) != ERR_OK)
		return (e);
	for (;;) {
		*fd = open(
		    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (*fd == -1)
			return (fail(c, path));
		if (flock(*fd, LOCK_EX | LOCK_NB) == 0 && is_current(*fd, path))
			return (ERR_OK);
		(void)close(*fd);
		*fd = -1;
		if (!deadline_sleep(&c->kms.deadline, LOCK_POLL_MS))
			return (error_info_set(&c->kms.error, ERR_DEADLINE,
			    "another import of the same name is under way"));
	}
}

void
state_unlock(struct call *c, const char *name, int fd)
{
	char path[PATH_SIZE];

	if (fd == -1)
		return;
	if (path_of(c, name, ".lock", path) == ERR_OK)
		(void)unlink(path);
	(void)close(fd);
}
