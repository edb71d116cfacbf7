#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "buf.h"
#include "arena.h"
#include "array.h"
#include "hex.h"
#include "tap.h"

static void
test_ceiling(void)
{
	struct buf b = BUF_INIT(5);

	OK(buf_puts(&b, "abc") == ERR_OK && b.len == 3, "below the ceiling");
	OK(buf_puts(&b, "def") == ERR_TOO_BIG &&
		view_equal(buf_view(&b), VIEW_STR("abc")),
	    "above it nothing changes");
	OK(buf_puts(&b, "de") == ERR_OK &&
		view_equal(buf_view(&b), VIEW_STR("abcde")),
	    "up to it");
	OK(buf_append(&b, VIEW(NULL, 0)) == ERR_OK && b.len == 5,
	    "nothing fits into a full one");
	OK(buf_reserve(&b, 6) == ERR_TOO_BIG && buf_reserve(&b, 5) == ERR_OK,
	    "room is bound by it too");
	buf_reset(&b);
	OK(buf_put_hex(&b, VIEW("\x0a\xf9", 2)) == ERR_OK &&
		view_equal(buf_view(&b), VIEW_STR("0af9")),
	    "hexadecimal digits");
	OK(buf_put_hex(&b, VIEW("x", 1)) == ERR_TOO_BIG && b.len == 4,
	    "no more of them than fit");
	buf_free(&b);
	OK(b.len == 0 && buf_puts(&b, "again") == ERR_OK, "used again");
	buf_free(&b);
}

static void
test_hex(void)
{
	uint8_t bytes[2] = {0};
	char text[5];

	hex_write((const uint8_t *)"\x0a\xf9", 2, text);
	OK(strcmp(text, "0af9") == 0, "hexadecimal digits and a NUL");
	OK(hex_read("0aF9", bytes, 2) && bytes[0] == 0x0a && bytes[1] == 0xf9,
	    "read in either case");
	OK(!hex_read("0a9", bytes, 2) && !hex_read("0g", bytes, 1) &&
		!hex_read("", bytes, 1),
	    "not without all the digits");
	OK(hex_is_lower("09af", 4) && !hex_is_lower("09aF", 4) &&
		!hex_is_lower("09a", 4),
	    "lower case is told from upper case");
}

static void
test_array(void)
{
	size_t cap = 0, before;
	uint16_t *rows = array_grow(NULL, &cap, 3, sizeof(*rows)), *grown;

	NEED(rows != NULL, "memory");
	rows[2] = 7;
	OK(cap == 3 && array_grow(rows, &cap, 2, sizeof(*rows)) == rows &&
		cap == 3,
	    "an array with room stays where it is");
	if ((grown = array_grow(rows, &cap, 4, sizeof(*rows))) != NULL)
		rows = grown;
	OK(grown != NULL && cap == 6 && rows[2] == 7,
	    "one without room doubles, and its rows are kept");
	before = cap;
	OK(array_grow(rows, &cap, SIZE_MAX / 2 + 1, sizeof(*rows)) == NULL &&
		cap == before && rows[2] == 7,
	    "more bytes than can be counted are refused");
	free(rows);
}

static void
test_growth(void)
{
	struct buf b = BUF_INIT(100000);
	bool same = true;

	for (int i = 0; i < 100000; i++)
		same = same &&
		       buf_append(&b, VIEW(&(char){(char)i}, 1)) == ERR_OK;
	for (size_t i = 0; i < b.len; i++)
		same = same && b.ptr[i] == (uint8_t)i;
	OK(same && b.len == 100000, "bytes are kept when it grows");
	buf_reset(&b);
	same = b.len == 0 && b.cap == 100000;
	for (size_t i = 0; i < b.cap; i++)
		same = same && b.ptr[i] == 0;
	OK(same, "emptied means wiped, and the memory is kept");
	buf_free(&b);
}

static void
test_arena(void)
{
	struct arena *a = NULL;
	struct buf b, c;
	bool locked, wiped = true;
	const uint8_t *old;

	NEED(arena_open(4096, &a, &locked) == ERR_OK, "arena");
	b = (struct buf)BUF_SECRET(8192, a);
	c = (struct buf)BUF_SECRET(8192, a);
	NEED(buf_puts(&b, "secret") == ERR_OK, "a secret");
	old = b.ptr;
	OK(buf_reserve(&b, 1000) == ERR_OK && b.ptr != old, "it moves");
	for (size_t i = 0; i < 64; i++)
		wiped = wiped && old[i] == 0;
	OK(wiped, "and is wiped where it was");
	OK(buf_reserve(&c, 8192) == ERR_OK, "more than it began with");
	memset(c.ptr, 1, 8192);
	buf_free(&b);
	buf_free(&c);
	OK(buf_reserve(&b, 4096) == ERR_OK, "all of it, given back");
	buf_free(&b);
	arena_close(a);
}

/* What is on its way is not a child's; what is kept is. */
static void
test_arena_fork(void)
{
	struct arena *wiped = NULL, *kept = NULL;
	struct buf a, b;
	bool locked;
	int status = -1;
	pid_t child;

	NEED(arena_open(4096, &wiped, &locked) == ERR_OK, "an arena");
	NEED(arena_open_kept(4096, &kept, &locked) == ERR_OK, "one to keep");
	a = (struct buf)BUF_SECRET(64, wiped);
	b = (struct buf)BUF_SECRET(64, kept);
	NEED(buf_puts(&a, "secret") == ERR_OK &&
		 buf_puts(&b, "secret") == ERR_OK,
	    "secrets");
	fflush(stdout);
	arena_before_fork(kept);
	child = fork();
	arena_after_fork(kept);
	if (child == 0) {
		(void)arena_lock_in_child(kept);
		if (memcmp(b.ptr, "secret", 6) != 0)
			_exit(1);
		buf_free(&b);
		if (buf_puts(&b, "another") != ERR_OK)
			_exit(2);
		_exit(memcmp(a.ptr, "\0\0\0\0\0\0", 6) == 0 ? 0 : 3);
	}
	OK(waitpid(child, &status, 0) == child && status == 0,
	    "a child sees one wiped, and goes on with the other: %d", status);
	OK(memcmp(a.ptr, "secret", 6) == 0 && memcmp(b.ptr, "secret", 6) == 0,
	    "the parent has both");
	buf_free(&a);
	buf_free(&b);
	arena_close(wiped);
	arena_close(kept);
}

/* Memory that may not be written cannot be wiped either. */
static void
test_arena_refused(void)
{
	const struct rlimit none = {0, 0};
	struct arena *a = NULL;
	bool locked;
	int status = -1;
	void *map;
	pid_t child;

	fflush(stdout);
	if ((child = fork()) == 0) {
		/* what the heap and a sanitizer need they have by then */
		if (arena_open(4096, &a, &locked) == ERR_OK)
			arena_close(a);
		map = mmap(
		    NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		/* no more private memory to write in */
		if (setrlimit(RLIMIT_DATA, &none) != 0 || map == MAP_FAILED ||
		    mprotect(map, 4096, PROT_READ | PROT_WRITE) == 0)
			_exit(77);
		_exit(arena_open(4096, &a, &locked) == ERR_MEMORY ? 0 : 1);
	}
	NEED(child > 0 && waitpid(child, &status, 0) == child, "a child");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		tap_skip("RLIMIT_DATA has no effect here", "an arena refused");
	else
		OK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    "an arena that the system refuses is ERR_MEMORY (0x%x)",
		    (unsigned)status);
}

/* A file of ten bytes, into buffers of which it fills all, or is too much. */
static void
test_read(void)
{
	static const struct {
		size_t max;
		enum err err;
	} rows[] = {{100, ERR_OK}, {10, ERR_OK}, {9, ERR_TOO_BIG}};
	FILE *f = tmpfile();

	OK(f != NULL && fputs("0123456789", f) >= 0 && fflush(f) == 0,
	    "a file");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(rows[i].max);

		rewind(f);
		OK(buf_read(&b, fileno(f)) == rows[i].err &&
			(rows[i].err != ERR_OK ||
			    view_equal(buf_view(&b), VIEW_STR("0123456789"))),
		    "ten bytes into %zu", rows[i].max);
		buf_free(&b);
	}
	fclose(f);
}

static void
test_strings(void)
{
	static const char bytes[] = "one\0\0three";
	struct view rest = VIEW(bytes, sizeof(bytes)), none = VIEW(NULL, 0);
	const char *first = view_take_string(&rest);

	OK(first == bytes && rest.len == sizeof(bytes) - 4, "the first");
	OK(*view_take_string(&rest) == '\0', "an empty one");
	OK(strcmp(view_take_string(&rest), "three") == 0, "the last");
	OK(view_take_string(&rest) == NULL && view_take_string(&none) == NULL,
	    "none any more");
}

int
main(void)
{
	test_arena_refused();
	test_ceiling();
	test_hex();
	test_read();
	test_array();
	test_growth();
	test_arena();
	test_arena_fork();
	OK(view_equal(VIEW(NULL, 0), VIEW_STR("")) &&
		!view_equal(VIEW_STR("a"), VIEW_STR("b")) &&
		!view_equal(VIEW_STR("a"), VIEW_STR("aa")),
	    "views are equal by length and bytes");
	test_strings();
	return (tap_done());
}
