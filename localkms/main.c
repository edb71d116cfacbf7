#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "auth/auth.h"
#include "base/file.h"
#include "service/control-address.h"
#include "http/server.h"
#include "service/service.h"
#include "base/text.h"
#include "http/tls.h"

#define CONNECTIONS 1100 /* threads: what a test may want, with room */
#define CONTROL_CONNECTIONS 32
#define BODY_SECONDS 60
#define BODY_MAX ((size_t)1024 * 1024)
#define WHY_SIZE 512
#define EXIT_MISUSE 2

static const char usage[] =
    "usage: keyferry-localkms --store DIR [options]\n"
    "A KMS on this machine, for tests and for trying things out. It protects "
    "nothing.\n"
    "  --store DIR        where the keys are kept; created if necessary\n"
    "  --listen ADDR:PORT where to listen (default 127.0.0.1:4599; port 0: "
    "any)\n"
    "  --control ADDR:PORT  where tests cause faults, set the time and\n"
    "                     read counters (default 127.0.0.1:0)\n"
    "  --env-file FILE    environment for clients, written when ready\n"
    "  --tls              serve HTTPS with a self-signed certificate\n"
    "  --region REGION    named in the environment (default us-east-1)\n"
    "  --account ID       the account, 12 digits (default 111122223333)\n"
    "  --credentials ID:SECRET  that clients sign with (default: generated)\n"
    "  --help, --version\n";

struct options {
	const char *store, *listen, *control, *env_file, *region, *account,
	    *credentials;
	bool tls;
};

static int
misuse(const char *what, const char *which)
{
	fprintf(stderr, "keyferry-localkms: %s %s\n%s", what, which, usage);
	return (EXIT_MISUSE + 1);
}

/* 0: go on; else the exit status plus one. */
static int
read_options(int argc, char **argv, struct options *o)
{
	const struct option rows[] = {
	    {"store", required_argument, NULL, 's'},
	    {"listen", required_argument, NULL, 'l'},
	    {"control", required_argument, NULL, 'c'},
	    {"env-file", required_argument, NULL, 'e'},
	    {"region", required_argument, NULL, 'r'},
	    {"account", required_argument, NULL, 'a'},
	    {"credentials", required_argument, NULL, 'k'},
	    {"tls", no_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0},
	};
	const struct {
		int ch;
		const char **to;
	} places[] = {{'s', &o->store}, {'l', &o->listen}, {'c', &o->control},
	    {'e', &o->env_file}, {'r', &o->region}, {'a', &o->account},
	    {'k', &o->credentials}};
	int ch;

	while ((ch = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (ch == 'h') {
			fputs(usage, stdout);
			return (1);
		}
		if (ch == 'v') {
			puts("keyferry-localkms " PACKAGE_VERSION);
			return (1);
		}
		o->tls |= ch == 't';
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			if (places[i].ch == ch)
				*places[i].to = optarg;
		if (ch == '?') {
			fputs(usage, stderr);
			return (EXIT_MISUSE + 1);
		}
	}
	if (optind < argc)
		return (misuse("unexpected argument:", argv[optind]));
	if (o->store == NULL || o->store[0] == '\0')
		return (misuse("missing option:", "--store DIR"));
	if (strlen(o->account) != 12 || strspn(o->account, "0123456789") != 12)
		return (misuse("account is not 12 digits:", o->account));
	if (!text_is_region(o->region))
		return (misuse("not a Region:", o->region));
	return (0);
}

/* The two servers that were started. */
struct front {
	struct server *kms, *control;
	struct tls tls;
	const char *scheme;
};

static void
print_env(FILE *f, const struct options *o, const struct auth *a,
    const struct front *w)
{
	fprintf(f,
	    "export AWS_ENDPOINT_URL_KMS='%s://%s'\n"
	    "export AWS_ENDPOINT_URL_STS='%s://%s'\n"
	    "export AWS_REGION='%s'\n"
	    "export AWS_DEFAULT_REGION='%s'\n"
	    "export AWS_ACCESS_KEY_ID='%s'\n"
	    "export AWS_SECRET_ACCESS_KEY='%s'\n"
	    "export KEYFERRY_LOCALKMS_CONTROL='http://%s'\n",
	    w->scheme, server_address(w->kms), w->scheme,
	    server_address(w->kms), o->region, o->region, auth_access_key(a),
	    auth_secret_key(a), server_address(w->control));
	if (o->tls)
		fprintf(f, "export AWS_CA_BUNDLE='%s'\n", w->tls.path);
}

/* The file appears whole or not at all, for its reader waits for it. */
static bool
write_env(const struct options *o, const struct auth *a, const struct front *w)
{
	char *text = NULL;
	size_t len;
	FILE *f;
	bool ok;

	if (o->env_file == NULL)
		return (true);
	if ((f = open_memstream(&text, &len)) == NULL)
		return (false);
	print_env(f, o, a, w);
	ok = fclose(f) == 0 && file_replace(o->env_file, text);
	free(text);
	return (ok);
}

static void
answer_kms(void *ctx, const struct web_request *q, struct web_reply *r)
{
	service_answer(ctx, q, r);
}

static void
answered_kms(void *ctx)
{
	service_answered(ctx);
}

static void
answer_control(void *ctx, const struct web_request *q, struct web_reply *r)
{
	control_address_answer(ctx, q, r);
}

static bool
start(const struct options *o, struct service *s, struct front *w, char *why,
    size_t size)
{
	struct server_conf kms = {.address = o->listen,
	    .connections = CONNECTIONS,
	    .body_seconds = BODY_SECONDS,
	    .body_max = BODY_MAX,
	    .answer = answer_kms,
	    .answered = answered_kms,
	    .ctx = s};
	struct server_conf control = {.address = o->control,
	    .loopback_only = true,
	    .connections = CONTROL_CONNECTIONS,
	    .body_seconds = BODY_SECONDS,
	    .body_max = BODY_MAX,
	    .answer = answer_control,
	    .ctx = s->controls};
	char host[SERVER_HOST_SIZE] = "";
	const char *port;

	w->scheme = o->tls ? "https" : "http";
	/* server_start() reports a wrong address */
	if (o->tls && server_host(o->listen, host, sizeof(host), &port) &&
	    !tls_open(o->store, host, &w->tls, why, size))
		return (false);
	kms.certificate = w->tls.certificate;
	kms.key = w->tls.key;
	return (server_start(&kms, &w->kms, why, size) &&
		server_start(&control, &w->control, why, size));
}

/* Serves until one of the signals comes. False: why says what is wrong. */
static bool
serve(const struct options *o, struct service *s, const sigset_t *ends,
    char *why, size_t size)
{
	struct front w = {.kms = NULL};
	bool ok;
	int sig;

	ok = start(o, s, &w, why, size);
	if (ok) {
		snprintf(why, size, "%s: cannot be written", o->env_file);
		ok = write_env(o, s->auth, &w);
	}
	if (ok) {
		fprintf(stderr,
		    "keyferry-localkms: serving %s://%s, control http://%s\n"
		    "keyferry-localkms: for tests only: it protects nothing\n",
		    w.scheme, server_address(w.kms), server_address(w.control));
		(void)sigwait(ends, &sig);
	}
	server_stop(w.control);
	server_stop(w.kms);
	tls_free(&w.tls);
	return (ok);
}

/* Each connection needs two file descriptors: the usual limit is too low for
 * the number of connections that is documented. */
static void
raise_limits(void)
{
	struct rlimit r;
	const rlim_t want = 2 * CONNECTIONS + 256;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur >= want)
		return;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

int
main(int argc, char **argv)
{
	struct options o = {.listen = "127.0.0.1:4599",
	    .control = "127.0.0.1:0",
	    .region = "us-east-1",
	    .account = "111122223333"};
	struct service s;
	char why[WHY_SIZE];
	sigset_t ends;
	bool ok = false;
	int end;

	if ((end = read_options(argc, argv, &o)) != 0)
		return (end - 1);
	/* before any thread starts: only sigwait() shall get these */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	raise_limits();
	if (service_open(&s, o.store, o.account, why, sizeof(why))) {
		snprintf(why, sizeof(why), "--credentials: not ID:SECRET");
		ok = (o.credentials == NULL ||
			 auth_set(s.auth, o.credentials)) &&
		     serve(&o, &s, &ends, why, sizeof(why));
		service_close(&s);
	}
	if (!ok)
		fprintf(stderr, "keyferry-localkms: %s\n", why);
	return (ok ? 0 : 1);
}
