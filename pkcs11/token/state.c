#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "replace-file.h"
#include "state-move.h"
#include "state.h"
#include "trusted-path.h"

#define LOCK_POLL_MS 20

/* What went wrong, for the log. Without a failure, what KMS said stays. */
static enum err
fail(struct call *c, const char *name)
{
	c->kms.error = (struct error_info){.status = 0};
	return (error_info_set(&c->kms.error, ERR_FILE, "%s/%s: %s",
	    c->token->state, name, strerror(errno)));
}

/* How opening went: ERR_FILE by errno, else as it was told. */
static enum err
opened(struct call *c, enum err e, bool may_be_missing, const char *name,
    const struct error_info *error)
{
	if (e == ERR_OK)
		return (ERR_OK);
	if (e == ERR_FILE && errno == ENOENT && may_be_missing)
		return (ERR_NOT_FOUND);
	if (e == ERR_FILE)
		return (fail(c, name));
	c->kms.error = *error;
	return (e);
}

/* Opens a directory; make: also makes it. ERR_NOT_FOUND: it is not there. */
static enum err
open_path(struct call *c, const char *path, bool make, int *dir)
{
	struct error_info error = {.status = 0};
	enum err e;

	*dir = -1;
	if (path == NULL) {
		c->kms.error = error;
		return (error_info_set(&c->kms.error, ERR_FILE,
		    "no state directory: set state in keyferry.conf"));
	}
	e = make ? trusted_make_directory(path, dir, &error)
		 : trusted_open(path, TRUSTED_DIRECTORY, O_RDONLY, dir, &error);
	return (opened(c, e, !make, "", &error));
}

static enum err
open_directory(struct call *c, bool make, int *dir)
{
	return (open_path(c, c->token->state, make, dir));
}

static enum err
open_file(struct call *c, int dir, const char *name, int flags, int *fd)
{
	struct error_info error = {.status = 0};
	enum err e = trusted_open_at(
	    dir, name, TRUSTED_FILE, flags, fd, &error);

	return (opened(c, e, true, name, &error));
}

static void
close_all(int dir, int fd)
{
	if (fd != -1)
		(void)close(fd);
	if (dir != -1)
		(void)close(dir);
}

static enum err
read_whole(struct call *c, const char *name, int fd, struct buf *out)
{
	enum err e;

	buf_reset(out);
	e = buf_read(out, fd);
	return (e == ERR_FILE ? fail(c, name) : e);
}

enum err
state_read(struct call *c, const char *name, struct buf *out)
{
	int dir = -1, fd = -1;
	enum err e;

	if ((e = open_directory(c, false, &dir)) == ERR_OK &&
	    (e = open_file(c, dir, name, O_RDONLY, &fd)) == ERR_OK)
		e = read_whole(c, name, fd, out);
	close_all(dir, fd);
	return (e);
}

static enum err
write_in(struct call *c, const char *path, const char *name, struct view v)
{
	int dir = -1;
	enum err e;

	if ((e = open_path(c, path, true, &dir)) == ERR_OK &&
	    (e = replace_file(dir, name, 0600, v, &c->kms.error)) == ERR_FILE)
		e = fail(c, name);
	close_all(dir, -1);
	return (e);
}

enum err
state_write(struct call *c, const char *name, struct view v)
{
	return (write_in(c, c->token->state, name, v));
}

enum err
state_write_in_region(
    struct call *c, size_t region, const char *name, struct view v)
{
	return (write_in(c, c->token->region_states[region], name, v));
}

enum err
state_remove(struct call *c, const char *name)
{
	int dir = -1;
	enum err e = open_directory(c, false, &dir);

	if (e == ERR_OK && unlinkat(dir, name, 0) == -1 && errno != ENOENT)
		e = fail(c, name);
	close_all(dir, -1);
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

static void
forget_elsewhere(
    const char *directory, const char *const prefixes[], const char *name)
{
	struct error_info error;
	char file[NAME_MAX + 1];
	int dir = -1;

	if (directory == NULL || trusted_open(directory, TRUSTED_DIRECTORY,
				     O_RDONLY, &dir, &error) != ERR_OK)
		return;
	for (; *prefixes != NULL; prefixes++) {
		snprintf(file, sizeof(file), "%s%.200s", *prefixes, name);
		(void)unlinkat(dir, file, 0);
	}
	(void)close(dir);
}

enum err
state_forget(struct call *c, const char *const prefixes[], const char *name,
    bool everywhere)
{
	char file[NAME_MAX + 1];
	enum err e = ERR_OK;

	for (size_t i = 0; everywhere && i < c->token->regions.count; i++)
		forget_elsewhere(c->token->region_states[i], prefixes, name);
	for (; *prefixes != NULL && e == ERR_OK; prefixes++) {
		snprintf(file, sizeof(file), "%s%.200s", *prefixes, name);
		e = state_remove(c, file);
	}
	return (e);
}

static bool
is_listed(const char *name, const char *const prefixes[])
{
	while (*prefixes != NULL &&
	       strncmp(name, *prefixes, strlen(*prefixes)) != 0)
		prefixes++;
	return (*prefixes != NULL && !state_is_lock(name));
}

enum err
state_list(struct call *c, const char *const prefixes[], struct buf *names)
{
	const struct dirent *entry;
	DIR *listing = NULL;
	int dir = -1;
	enum err e;

	if (c->token->state == NULL)
		return (ERR_OK);
	if ((e = open_directory(c, false, &dir)) != ERR_OK)
		return (e == ERR_NOT_FOUND ? ERR_OK : e);
	if ((listing = fdopendir(dir)) == NULL) {
		e = fail(c, "");
		close_all(dir, -1);
		return (e);
	}
	while (e == ERR_OK && (entry = readdir(listing)) != NULL)
		if (is_listed(entry->d_name, prefixes))
			e = buf_append(names,
			    VIEW(entry->d_name, strlen(entry->d_name) + 1));
	(void)closedir(listing);
	return (e);
}

/*
 * The holder of a lock may remove its file, so a lock counts only while the
 * name still leads to the file that was locked.
 */
static bool
is_current(int fd, int dir, const char *name)
{
	struct stat mine, there;

	return (fstat(fd, &mine) == 0 &&
		fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		mine.st_ino == there.st_ino && mine.st_dev == there.st_dev);
}

/* One try. *fd stays -1: somebody else has it. */
static enum err
try_lock(struct call *c, int dir, const char *name, int *fd)
{
	struct descriptors *held = module_descriptors();
	enum err e;

	/* a child that is forked from here on closes it */
	descriptors_lock(held);
	e = open_file(c, dir, name, O_RDWR | O_CREAT, fd);
	if (e == ERR_OK && !descriptors_add(held, *fd)) {
		(void)close(*fd);
		*fd = -1;
		e = ERR_MEMORY;
	}
	descriptors_unlock(held);
	if (e != ERR_OK ||
	    (flock(*fd, LOCK_EX | LOCK_NB) == 0 && is_current(*fd, dir, name)))
		return (e);
	descriptors_close(held, *fd);
	*fd = -1;
	return (ERR_OK);
}

static void
lock_name(const char *name, char file[NAME_MAX + 1])
{
	snprintf(file, NAME_MAX + 1, "%.200s" STATE_LOCK_SUFFIX, name);
}

enum err
state_lock(struct call *c, const char *name, int *fd)
{
	char file[NAME_MAX + 1];
	int dir = -1;
	enum err e;

	*fd = -1;
	lock_name(name, file);
	if ((e = open_directory(c, true, &dir)) != ERR_OK)
		return (e);
	while ((e = try_lock(c, dir, file, fd)) == ERR_OK && *fd == -1)
		if (!deadline_sleep(&c->kms.deadline, LOCK_POLL_MS)) {
			e = error_info_set(&c->kms.error, ERR_DEADLINE,
			    "another import under the same name is in "
			    "progress");
			break;
		}
	close_all(dir, -1);
	return (e);
}

void
state_unlock(struct call *c, const char *name, int fd)
{
	char file[NAME_MAX + 1];
	int dir = -1;

	if (fd == -1)
		return;
	lock_name(name, file);
	if (open_directory(c, false, &dir) == ERR_OK)
		(void)unlinkat(dir, file, 0);
	close_all(dir, -1);
	descriptors_close(module_descriptors(), fd);
}
