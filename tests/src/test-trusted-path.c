/* What others could have put in a place, or could change, is not opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "replace-file.h"
#include "tap.h"
#include "trusted-path.h"

#define STRANGER 12345 /* a user that is neither root nor this one */

static char base[] = "/tmp/keyferry-trusted-XXXXXX";

static const char *
path(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *p = paths[turn++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", base, name);
	return (p);
}

static void
make_file(const char *name, mode_t mode)
{
	FILE *f = fopen(path(name), "w");

	if (f == NULL || fputs("text", f) < 0 || fclose(f) != 0 ||
	    chmod(path(name), mode) != 0)
		tap_bail();
}

static void
make_dir(const char *name, mode_t mode)
{
	if (mkdir(path(name), 0700) != 0 || chmod(path(name), mode) != 0)
		tap_bail();
}

static enum err
open_it(const char *name, enum trusted_kind kind, int flags)
{
	struct error_info error = {.status = 0};
	int fd = -1, saved;
	enum err e = trusted_open(
	    name[0] == '/' ? name : path(name), kind, flags, &fd, &error);

	saved = errno;
	if (e == ERR_UNTRUSTED && error.message[0] == '\0')
		e = ERR_INTERNAL; /* it must say why */
	if ((fd != -1) != (e == ERR_OK))
		e = ERR_INTERNAL;
	if (fd != -1)
		(void)close(fd);
	errno = saved;
	return (e);
}

static enum err
read_it(const char *name)
{
	return (open_it(name, TRUSTED_FILE, O_RDONLY));
}

static void
test_modes(void)
{
	static const struct {
		mode_t dir, file;
		enum err want;
	} rows[] = {{0700, 0600, ERR_OK}, {0755, 0644, ERR_OK},
	    {0500, 0400, ERR_OK}, {0770, 0600, ERR_UNTRUSTED},
	    {0707, 0600, ERR_UNTRUSTED}, {0700, 0620, ERR_UNTRUSTED},
	    {0700, 0602, ERR_UNTRUSTED}};

	make_dir("a", 0700);
	make_dir("a/b", 0700);
	make_file("a/b/file", 0600);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)chmod(path("a"), rows[i].dir);
		(void)chmod(path("a/b/file"), rows[i].file);
		OK(read_it("a/b/file") == rows[i].want,
		    "a file of mode %o two below a directory of mode %o",
		    (unsigned)rows[i].file, (unsigned)rows[i].dir);
	}
	(void)chmod(path("a"), 0700);
	(void)chmod(path("a/b/file"), 0600);
	OK(read_it("a/b/none") == ERR_FILE && errno == ENOENT, "no such file");
	OK(read_it("a/none/file") == ERR_FILE && errno == ENOENT,
	    "no such directory");
	OK(read_it("a/b/../b//./file") == ERR_OK, "by a longer way");
	OK(read_it("a/b") == ERR_UNTRUSTED, "a directory is no file");
	OK(open_it("a/b", TRUSTED_DIRECTORY, O_RDONLY) == ERR_OK,
	    "a directory");
	OK(open_it("/tmp", TRUSTED_DIRECTORY, O_RDONLY) == ERR_UNTRUSTED,
	    "one in which everyone makes files");
	(void)chmod(path("a"), 01777);
	OK(read_it("a/b/file") == (geteuid() == 0 ? ERR_OK : ERR_UNTRUSTED),
	    "below a sticky directory, which must be root's");
	(void)chmod(path("a"), 0700);
}

static void
test_links(void)
{
	make_dir("open", 0777);
	make_dir("far", 0700);
	make_file("far/file", 0600);
	if (symlink("../a/b", path("far/link")) != 0 ||
	    symlink(path("far"), path("whole")) != 0 ||
	    symlink("far/file", path("to-file")) != 0 ||
	    symlink("open/file", path("to-open")) != 0 ||
	    symlink(path("far"), path("open/link")) != 0 ||
	    symlink("round", path("round")) != 0)
		tap_bail();
	make_file("open/file", 0600);
	OK(read_it("whole/file") == ERR_OK, "through a link");
	OK(read_it("whole/link/file") == ERR_OK, "through two links");
	OK(read_it("to-file") == ERR_OK, "a link itself");
	OK(read_it("to-open") == ERR_UNTRUSTED,
	    "a link to where others can write");
	OK(read_it("open/link/file") == ERR_UNTRUSTED,
	    "a link from where others can write");
	OK(read_it("round") == ERR_FILE && errno == ELOOP, "a link to itself");
	OK(open_it("far/new", TRUSTED_FILE, O_RDWR | O_CREAT) == ERR_OK,
	    "a new file");
	OK(link(path("far/new"), path("far/other")) == 0 &&
		open_it("far/new", TRUSTED_FILE, O_RDWR) == ERR_UNTRUSTED &&
		read_it("far/new") == ERR_OK,
	    "a file of two names is read, but not written");
}

/* Only root can give a file to somebody else. */
static void
test_owners(void)
{
	if (geteuid() != 0)
		return;
	OK(chown(path("a/b/file"), STRANGER, 0) == 0 &&
		read_it("a/b/file") == ERR_UNTRUSTED,
	    "another user's file");
	(void)chown(path("a/b/file"), 0, 0);
	OK(chown(path("a"), STRANGER, 0) == 0 &&
		read_it("a/b/file") == ERR_UNTRUSTED,
	    "a file below another user's directory");
	(void)chmod(path("a"), 01777);
	OK(read_it("a/b/file") == ERR_UNTRUSTED, "even a sticky one");
	(void)chmod(path("a"), 0700);
	(void)chown(path("a"), 0, 0);
	OK(lchown(path("to-file"), STRANGER, 0) == 0 &&
		read_it("to-file") == ERR_UNTRUSTED,
	    "another user's link");
	OK(lchown(path("whole"), STRANGER, 0) == 0 &&
		read_it("whole/file") == ERR_UNTRUSTED,
	    "in the path, too");
	OK(read_it("a/b/file") == ERR_OK, "all is well again");
}

static void
test_makes(void)
{
	struct stat st;
	int fd = -1;

	OK(trusted_make_directory(path("a/x/y"), &fd, NULL) == ERR_OK &&
		stat(path("a/x/y"), &st) == 0 && (st.st_mode & 0777) == 0700,
	    "two directories are made with mode 0700");
	(void)close(fd);
	OK(trusted_make_directory(path("open/x"), &fd, NULL) == ERR_UNTRUSTED &&
		fd == -1 && stat(path("open/x"), &st) == -1,
	    "none where others can write");
	OK(mkfifo(path("fifo"), 0600) == 0 &&
		read_it("fifo") == ERR_UNTRUSTED &&
		open_it("fifo", TRUSTED_SINK, O_WRONLY) == ERR_FILE,
	    "a FIFO is not waited for");
	OK(open_it("/dev/null", TRUSTED_SINK, O_WRONLY | O_APPEND) == ERR_OK &&
		read_it("/dev/null") == ERR_UNTRUSTED,
	    "a device takes text, and is no file");
}

static bool
has(const char *name, const char *text, mode_t mode)
{
	char have[16] = "";
	struct stat st;
	FILE *f = fopen(path(name), "r");
	bool same = f != NULL && fstat(fileno(f), &st) == 0 &&
		    (st.st_mode & 07777) == mode &&
		    fread(have, 1, sizeof(have) - 1, f) == strlen(text) &&
		    strcmp(have, text) == 0;

	if (f != NULL)
		(void)fclose(f);
	return (same);
}

/* "." and ".." not counted. */
static int
entries(const char *name)
{
	struct dirent **rows;
	int n = scandir(path(name), &rows, NULL, NULL);

	for (int i = 0; i < n; i++)
		free(rows[i]);
	if (n >= 0)
		free(rows);
	return (n - 2);
}

static void
test_replace(void)
{
	int dir = -1;

	make_dir("replace", 0700);
	make_dir("replace/directory", 0700);
	NEED(trusted_open(path("replace"), TRUSTED_DIRECTORY, O_RDONLY, &dir,
		 NULL) == ERR_OK,
	    "a directory");
	OK(replace_file(dir, "a", 0600, VIEW_STR("old"), NULL) == ERR_OK &&
		has("replace/a", "old", 0600),
	    "a new file");
	(void)umask(077);
	OK(replace_file(dir, "a", 0644, VIEW_STR("new"), NULL) == ERR_OK &&
		has("replace/a", "new", 0644),
	    "a file replaced, with the mode that was asked for");
	(void)umask(022);
	errno = 0;
	OK(replace_file(dir, "directory", 0600, VIEW_STR("x"), NULL) ==
		    ERR_FILE &&
		errno == EISDIR,
	    "a directory is not replaced, and errno says why");
	OK(entries("replace") == 2, "no temporary file stays");
	(void)close(dir);
}

int
main(void)
{
	char command[64];

	(void)umask(022);
	if (mkdtemp(base) == NULL)
		tap_bail();
	test_modes();
	test_links();
	test_owners();
	test_makes();
	test_replace();
	snprintf(command, sizeof(command), "rm -rf %s", base);
	if (system(command) != 0)
		tap_bail();
	return (tap_done());
}
