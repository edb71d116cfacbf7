#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"

#define MARK "--child"

static int result = -1;

int
child_result(void)
{
	return (result);
}

void
child_main(int argc, char **argv, const struct child_row *rows, size_t count)
{
	CK_RV rv = CKR_GENERAL_ERROR;

	if (argc != 5 || strcmp(argv[1], MARK) != 0)
		return;
	testenv_join();
	result = atoi(argv[2]);
	fcntl(result, F_SETFD, FD_CLOEXEC);
	if (p11_open() == CKR_OK)
		for (size_t i = 0; i < count; i++)
			if (strcmp(rows[i].name, argv[3]) == 0)
				rv = rows[i].run(argv[4]);
	if (write(result, &rv, sizeof(rv)) != (ssize_t)sizeof(rv))
		exit(2);
	exit(0);
}

struct child
child_start(const char *name, const char *argument)
{
	struct child s;
	int ends[2], out;
	char fd[16];

	fflush(stdout);
	if (pipe(ends) != 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 ||
	    (s.pid = fork()) == -1) {
		perror("a child");
		tap_bail();
	}
	if (s.pid == 0) {
		out = open(testenv_path("child.out"),
		    O_WRONLY | O_CREAT | O_APPEND, 0600);
		snprintf(fd, sizeof(fd), "%d", ends[1]);
		if (out == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1)
			_exit(127);
		execl("/proc/self/exe", "child", MARK, fd, name, argument,
		    (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	s.fd = ends[0];
	return (s);
}

CK_RV
child_wait(struct child *s)
{
	CK_RV rv = CKR_VENDOR_DEFINED;
	int status = 0;

	if (read(s->fd, &rv, sizeof(rv)) != (ssize_t)sizeof(rv))
		rv = CKR_VENDOR_DEFINED;
	close(s->fd);
	/* sanitizers tell of leaks by the status */
	if (waitpid(s->pid, &status, 0) != s->pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		rv = CKR_VENDOR_DEFINED;
	if (rv == CKR_VENDOR_DEFINED)
		printf("# a child ended with 0x%x: %s\n", (unsigned)status,
		    testenv_read("child.out"));
	return (rv);
}

void
child_kill(struct child *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->fd);
}

CK_RV
child_run(const char *name, const char *argument)
{
	struct child s = child_start(name, argument);

	return (child_wait(&s));
}

CK_RV
child_create(const char *argument)
{
	char label[64] = "";
	unsigned n = 0;
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (sscanf(argument, "%63s %u", label, &n) != 2)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	key_template(&k, material(n), label);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}
