#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "change-key.h"
#include "command.h"
#include "delete.h"
#include "doctor.h"
#include "import.h"
#include "list.h"
#include "message.h"
#include "move.h"
#include "pair.h"
#include "restore.h"
#include "renew.h"
#include "rotate.h"
#include "show-fingerprint.h"
#include "unwrap.h"
#include "wrap.h"

/* The keyferry command: its subcommands, a row each. */

static const struct command commands[] = {
    {"list", "list the keys in KMS, and when their material ends", list_usage,
	list_run, false},
    {"rename", "give a key in KMS another label or id", rename_usage,
	rename_run, true},
    {"enable", "let a disabled key be used again", enable_usage, enable_run,
	true},
    {"disable", "let a key not be used", disable_usage, disable_run, true},
    {"delete", "delete a key's material, or a key", delete_usage, delete_run,
	true},
    {"cancel-deletion", "bring back a key that is to be deleted",
	cancel_deletion_usage, cancel_deletion_run, true},
    {"wrap", "wrap a key for KMS as an HSM does, without AWS", wrap_usage,
	wrap_run, true},
    {"import", "import keys from files and tokens into KMS", import_usage,
	import_run, true},
    {"restore", "build the keys of a manifest, or compare with it",
	restore_usage, restore_run, true},
    {"pair", "write what an HSM needs to wrap a key for KMS", pair_usage,
	pair_run, true},
    {"unwrap", "import what an HSM wrapped for that", unwrap_usage, unwrap_run,
	true},
    {"move", "move keys, wrapped, from one PKCS#11 token to another",
	move_usage, move_run, true},
    {"renew", "bring keys that end soon again from their sources", renew_usage,
	renew_run, true},
    {"rotate", "give an AES key in KMS new material", rotate_usage, rotate_run,
	true},
    {"fingerprint", "show the fingerprints of RSA public keys",
	show_fingerprint_usage, show_fingerprint_run, false},
    {"doctor", "say what the module finds here, and what is wrong",
	doctor_usage, doctor_run, false},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
print_usage(FILE *f)
{
	fputs("usage: keyferry COMMAND [options]\n", f);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(
		    f, "  %-15s %s\n", commands[i].name, commands[i].summary);
	fputs("  --help          show this; keyferry COMMAND --help shows its "
	      "options\n"
	      "  --version\n",
	    f);
}

/* The first descriptors are nothing else than standard input and output: a
 * file or a connection would be written to. One that is closed stays unusable.
 */
static void
keep_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null",
			    fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
}

/* What was printed must have arrived. */
static int
end(int status, bool changes)
{
	bool printed;

	errno = 0;
	printed = fflush(stdout) == 0 && ferror(stdout) == 0;
	if (printed)
		return (status);
	if (errno == 0)
		message("standard output: not written completely");
	else
		message_errno("standard output");
	if (!changes)
		return (EXIT_NOTHING_DONE);
	return (status == EXIT_ALL_DONE ? EXIT_SOME_FAILED : status);
}

static int
run_command(const struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0) {
			fputs(c->usage, stdout);
			return (end(EXIT_ALL_DONE, false));
		}
	/* what is begun is finished, though nobody reads of it any more */
	if (c->changes)
		signal(SIGPIPE, SIG_IGN);
	return (end(c->run(argc, argv), c->changes));
}

int
main(int argc, char **argv)
{
	/* PINs pass through this process: it must leave no core file */
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	keep_standard_descriptors();
	setlocale(LC_CTYPE, "");
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return (end(EXIT_ALL_DONE, false));
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("keyferry " PACKAGE_VERSION);
		return (end(EXIT_ALL_DONE, false));
	}
	for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return (run_command(&commands[i], argc - 1, argv + 1));
	if (argc > 1)
		message("there is no command %s", argv[1]);
	print_usage(stderr);
	return (EXIT_NOTHING_DONE);
}
