#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "files.h"
#include "ini.h"
#include "tap.h"

static enum err
read_text(const char *text, struct ini *ini, struct error_info *error)
{
	int fd = open(file_write("a.ini", text), O_RDONLY);
	enum err e = ini_read(ini, fd, "a.ini", error);

	(void)close(fd);
	return (e);
}

static bool
has(const struct ini *ini, const char *section, const char *parent,
    const char *key, const char *want)
{
	const char *got = ini_get(ini, section, parent, key);

	if (want == NULL || got == NULL)
		return (want == got);
	return (strcmp(got, want) == 0);
}

static const char text[] = "# a comment\n"
			   "early = 0\n"
			   "[ first ] ; spaces go\n"
			   "key = a value with spaces \t\r\n"
			   "hash=a#b;c # but this goes\n"
			   "  ; a comment that is indented\n"
			   "Empty =\n"
			   "twice = 1\n"
			   "twice = 2\n"
			   "url = https://h/?a=b\n"
			   "outer =\n"
			   "  inner = 3\n"
			   "    bare\n"
			   "after = 4\n"
			   "[second]\n"
			   "  key = all keys are indented\n"
			   "  other = 5\n"
			   "colon: c:d=e\n"
			   "spaced : f\n"
			   "[nothing]\n"
			   "[first]\n"
			   "last = 6";

static void
test_good(void)
{
	struct ini ini = INI_INIT;

	NEED(read_text(text, &ini, NULL) == ERR_OK, "read");
	OK(has(&ini, "", "", "early", "0"), "a key before the first section");
	OK(has(&ini, "first", "", "key", "a value with spaces"), "spaces");
	OK(has(&ini, "first", "", "KEY", "a value with spaces"),
	    "a key in another case");
	OK(has(&ini, "First", "", "key", NULL), "a section in another case");
	OK(has(&ini, "first", "", "hash", "a#b;c"), "comments");
	OK(has(&ini, "first", "", "empty", ""), "an empty value");
	OK(has(&ini, "first", "", "none", NULL), "no value");
	OK(has(&ini, "second", "", "colon", "c:d=e") &&
		has(&ini, "second", "", "spaced", "f"),
	    "a colon for '='");
	OK(has(&ini, "first", "", "twice", "2"), "the last line counts");
	OK(has(&ini, "first", "", "url", "https://h/?a=b"), "the first '='");
	OK(has(&ini, "first", "outer", "inner", "3"), "a nested key");
	OK(has(&ini, "first", "", "inner", NULL), "is not one of the section");
	OK(has(&ini, "first", "outer", "bare", ""), "a nested line without =");
	OK(has(&ini, "first", "", "after", "4"), "the nesting ends");
	OK(has(&ini, "second", "", "key", "all keys are indented") &&
		has(&ini, "second", "", "other", "5"),
	    "keys that are all indented are not nested");
	OK(has(&ini, "first", "", "last", "6"),
	    "a section continued, no end of line");
	OK(ini_has_section(&ini, "nothing") && !ini_has_section(&ini, "none"),
	    "a section without keys");
	OK(ini.items[2].line == 4, "lines are counted from 1");
	ini_free(&ini);
	OK(read_text("", &ini, NULL) == ERR_OK && ini.count == 0 &&
		has(&ini, "a", "", "b", NULL),
	    "an empty file");
	ini_free(&ini);
}

static void
test_bad(void)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
	    {"[a\nkey = 1\n", "a.ini line 1: ']' is missing"},
	    {"[a] b\n", "a.ini line 1: text after ']'"},
	    {"[a]\n\nbare\n", "a.ini line 3: '=' is missing"},
	    {"[a]\nkeys arn:aws:kms\n", "a.ini line 2: '=' is missing"},
	    {"[a]\n= 1\n", "a.ini line 2: a key is missing before '='"},
	};
	struct error_info error;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ini ini = INI_INIT;

		OK(read_text(bad[i].text, &ini, &error) == ERR_CONFIG &&
			strcmp(error.message, bad[i].message) == 0,
		    "refused: %s", error.message);
		ini_free(&ini);
	}
}

static void
test_unreadable(void)
{
	static const char nul[] = "[a]\nb = \0c\n";
	struct ini ini = INI_INIT;
	struct error_info error;
	int fds[2];

	OK(ini_read(&ini, -1, "x", &error) == ERR_FILE, "%s", error.message);
	NEED(pipe(fds) == 0 && write(fds[1], nul, sizeof(nul) - 1) > 0, "pipe");
	(void)close(fds[1]);
	OK(ini_read(&ini, fds[0], "x", &error) == ERR_CONFIG, "%s",
	    error.message);
	(void)close(fds[0]);
	ini_free(&ini);
	fds[0] = open("/dev/zero", O_RDONLY);
	OK(ini_read(&ini, fds[0], "x", &error) == ERR_TOO_BIG, "%s",
	    error.message);
	(void)close(fds[0]);
	ini_free(&ini);
}

int
main(void)
{
	test_good();
	test_bad();
	test_unreadable();
	files_remove();
	return (tap_done());
}
