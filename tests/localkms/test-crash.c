/* kill -9 at any moment: what was answered is there, and nothing is half
 * written. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "localkms.h"
#include "tap.h"

#define ROUNDS 8
#define IDS_MAX 4096
#define ID_LEN 36

/* Makes keys, each with an alias, until it is killed; tells each id when both
 * have been answered. */
static void
work(const char *dir, int out)
{
	struct localkms l;
	const char *key;
	char id[ID_LEN + 1];

	localkms_open_at(&l, dir);
	for (;;) {
		if (!localkms_call(&l, "CreateKey",
			"{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]}"))
			_exit(1);
		key = localkms_text(&l, "KeyMetadata.KeyId");
		snprintf(id, sizeof(id), "%s", key);
		if (!localkms_call(&l, "CreateAlias",
			"{\"AliasName\":\"alias/%s\",\"TargetKeyId\":"
			"\"%s\"}",
			id, id) ||
		    write(out, id, ID_LEN) != ID_LEN)
			_exit(1);
	}
}

/* Reads ids until there are so many, then kills who writes them; adds what
 * came. */
static size_t
run_and_kill(const char *dir, size_t until, char ids[][ID_LEN + 1], size_t n)
{
	size_t most = n + until;
	int fd[2], status;
	pid_t pid;

	if (pipe(fd) == -1 || (pid = fork()) == -1)
		tap_bail();
	if (pid == 0) {
		close(fd[0]);
		work(dir, fd[1]);
	}
	close(fd[1]);
	while (n < IDS_MAX && read(fd[0], ids[n], ID_LEN) == ID_LEN) {
		ids[n++][ID_LEN] = '\0';
		if (n == most)
			kill(pid, SIGKILL);
	}
	close(fd[0]);
	waitpid(pid, &status, 0);
	OK(WIFSIGNALED(status), "killed after %zu keys", n);
	return (n);
}

static void
check(const char *dir, char ids[][ID_LEN + 1], size_t n)
{
	struct localkms l;
	size_t lost = 0, broken = 0;

	localkms_open_at(&l, dir);
	for (size_t i = 0; i < n; i++)
		if (!localkms_call(&l, "Encrypt",
			"{\"KeyId\":\"alias/%s\",\"Plaintext\":\"AAAA\"}",
			ids[i]))
			lost++;
	OK(lost == 0, "all of %zu keys and aliases are there", n);
	/* the one that was being made is whole, or is not there */
	if (!localkms_call(&l, "ListKeys", "{\"Limit\":1000}"))
		tap_bail();
	OK(json_tree_member(l.reply, "Keys")->count >= (n < 1000 ? n : 1000),
	    "the list holds them");
	while (localkms_text(&l, "NextMarker")[0] != '\0') {
		char marker[128];

		snprintf(marker, sizeof(marker), "%s",
		    localkms_text(&l, "NextMarker"));
		if (!localkms_call(&l, "ListKeys",
			"{\"Limit\":1000,\"Marker\":\"%s\"}", marker))
			broken++;
	}
	OK(broken == 0, "to its end");
	localkms_close(&l);
}

int
main(void)
{
	static char ids[IDS_MAX][ID_LEN + 1];
	char dir[] = "/tmp/localkms-XXXXXX";
	size_t n = 0;

	if (mkdtemp(dir) == NULL)
		tap_bail();
	/* at another place of its work each time */
	for (size_t i = 0; i < ROUNDS; i++)
		n = run_and_kill(dir, 3 + 5 * i, ids, n);
	check(dir, ids, n);
	return (tap_done());
}
