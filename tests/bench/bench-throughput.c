/*
 * How fast the local KMS is beside a server that does nothing: Encrypt on
 * keep-alive connections, against libmicrohttpd answering "hello" to the same
 * bytes, with stores of different sizes; and what its memory does meanwhile.
 * Both also in processor time of the server, which a busy machine does not
 * distort as much. bench-throughput keyferry-localkms
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <microhttpd.h>
#include "auth/auth.h"
#include "crypto.h"
#include "key/material.h"
#include "sigv4.h"
#include "store/store.h"

#define CONNECTIONS 4
#define ROUNDS 25
#define EACH 1000 /* requests on a connection in a round */
#define TARGETS 512 /* different keys that are asked */
#define REQUEST_MAX 1024
#define ACCOUNT "111122223333"
#define REGION "us-east-1"

struct target {
	char request[REQUEST_MAX];
	size_t len;
};

/* A server under measurement. */
struct side {
	uint16_t port;
	pid_t pid;
};

struct worker {
	pthread_t thread;
	const struct side *side;
	const struct target *targets;
	size_t count, first;
};

static _Noreturn void
die(const char *why)
{
	fprintf(stderr, "bench-throughput: %s\n", why);
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

/* The bare server: reads the body, says hello. */
static enum MHD_Result
hello(void *ctx, struct MHD_Connection *con, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **slot)
{
	static char text[] = "hello\n";
	struct MHD_Response *m;
	enum MHD_Result ok;

	(void)ctx, (void)url, (void)method, (void)version, (void)data;
	if (*slot == NULL) {
		*slot = text;
		return (MHD_YES);
	}
	if (*size != 0) {
		*size = 0;
		return (MHD_YES);
	}
	m = MHD_create_response_from_buffer(
	    sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
	ok = MHD_queue_response(con, MHD_HTTP_OK, m);
	MHD_destroy_response(m);
	return (ok);
}

/* In a process of its own, with the threads that localkms/server.c asks for. */
static struct side
start_hello(void)
{
	struct side s;
	struct MHD_Daemon *d;
	int fd[2];

	if (pipe(fd) == -1 || (s.pid = fork()) == -1)
		die("no process");
	if (s.pid == 0) {
		d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
					 MHD_USE_THREAD_PER_CONNECTION |
					 MHD_USE_POLL | MHD_USE_ITC,
		    0, NULL, NULL, hello, NULL, MHD_OPTION_END);
		if (d == NULL)
			die("no server");
		s.port =
		    MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port;
		if (write(fd[1], &s.port, sizeof(s.port)) != sizeof(s.port))
			_exit(1);
		for (;;)
			pause();
	}
	close(fd[1]);
	if (read(fd[0], &s.port, sizeof(s.port)) != sizeof(s.port))
		die("no server");
	close(fd[0]);
	return (s);
}

static struct side
start_localkms(const char *program, const char *dir)
{
	struct side s;
	char env[128], line[512], *colon;
	FILE *f;

	snprintf(env, sizeof(env), "%s/env", dir);
	(void)unlink(env);
	if ((s.pid = fork()) == -1)
		die("no process");
	if (s.pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		execl(program, program, "--store", dir, "--env-file", env,
		    "--listen", "127.0.0.1:0", (char *)NULL);
		_exit(1);
	}
	while ((f = fopen(env, "r")) == NULL) {
		if (waitpid(s.pid, NULL, WNOHANG) != 0)
			die("keyferry-localkms does not start");
		usleep(20000);
	}
	if (fgets(line, sizeof(line), f) == NULL ||
	    (colon = strrchr(line, ':')) == NULL)
		die("no environment");
	s.port = (uint16_t)atoi(colon + 1);
	fclose(f);
	return (s);
}

static void
stop(struct side *s)
{
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
}

static int
dial(const struct side *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(s->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		die("no connection");
	return (fd);
}

/* One reply, which must be a success. */
static void
read_reply(int fd)
{
	char text[4096], *end = NULL, *length;
	size_t n = 0, whole = sizeof(text);
	ssize_t got;

	while (n < whole) {
		got = read(fd, text + n, sizeof(text) - 1 - n);
		if (got <= 0)
			die("the connection ended");
		n += (size_t)got;
		text[n] = '\0';
		if (end == NULL && (end = strstr(text, "\r\n\r\n")) != NULL) {
			length = strstr(text, "Content-Length: ");
			if (length == NULL)
				die("no length");
			whole = (size_t)(end - text) + 4 +
				strtoul(length + 16, NULL, 10);
		}
	}
	if (strncmp(text, "HTTP/1.1 200", 12) != 0)
		die(text);
}

static void *
work(void *ctx)
{
	const struct worker *w = ctx;
	int fd = dial(w->side);

	for (size_t i = 0; i < w->count; i++) {
		const struct target *t =
		    &w->targets[(w->first + i * 7) % TARGETS];

		if (send(fd, t->request, t->len, MSG_NOSIGNAL) !=
		    (ssize_t)t->len)
			die("the connection ended");
		read_reply(fd);
	}
	close(fd);
	return (NULL);
}

/* Requests a second. */
static double
measure(const struct side *s, const struct target *targets, size_t connections,
    size_t each)
{
	struct worker w[CONNECTIONS];
	double begin = now_s();

	for (size_t i = 0; i < connections; i++) {
		w[i] = (struct worker){.side = s,
		    .targets = targets,
		    .count = each,
		    .first = i * 101};
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			die("no thread");
	}
	for (size_t i = 0; i < connections; i++)
		pthread_join(w[i].thread, NULL);
	return ((double)(connections * each) / (now_s() - begin));
}

/* Spread over the index, as random ids are. */
static void
key_name(size_t i, char id[KEY_ID_SIZE])
{
	snprintf(id, KEY_ID_SIZE, "%08x-0000-4000-8000-%012x",
	    (unsigned)(i * 2654435761u), (unsigned)i);
}

static struct key *
make_key(size_t i)
{
	struct key *k = key_new();
	struct material *m;

	if (k == NULL || (m = key_material_add(k)) == NULL)
		die("out of memory");
	snprintf(k->region, sizeof(k->region), REGION);
	key_name(i, k->id);
	k->spec = spec_find(VIEW_STR("SYMMETRIC_DEFAULT"));
	k->usage = USAGE_ENCRYPT;
	k->enabled = true;
	k->created_ms = 1;
	k->description = strdup("");
	if (!material_generate(m, k->spec, NULL) || !material_set_id(m, k->id))
		die("out of memory");
	return (k);
}

/* Adds keys until there are so many. */
static void
fill(const char *dir, size_t from, size_t count)
{
	struct key *batch[1000];
	struct store *s;
	char why[256];
	size_t n = 0;

	if (!store_open(dir, &s, why, sizeof(why)))
		die(why);
	store_lock(s);
	for (size_t i = from; i < count; i++) {
		batch[n++] = make_key(i);
		if (n < 1000 && i + 1 < count)
			continue;
		if (!store_put_keys(s, batch, n))
			die("the store cannot be written");
		n = 0;
	}
	store_unlock(s);
	store_close(s);
}

/* Requests for keys from all over the store, signed once. */
static void
sign_targets(const char *dir, size_t keys, struct target *targets)
{
	const struct crypto crypto = {.lib = NULL};
	struct sigv4_header h[3] = {{VIEW_STR("host"), VIEW_STR("127.0.0.1")},
	    {VIEW_STR("x-amz-date"), {NULL, 0}},
	    {VIEW_STR("x-amz-target"), VIEW_STR("TrentService.Encrypt")}};
	struct sigv4_request r = {.method = VIEW_STR("POST"),
	    .path = VIEW_STR("/"),
	    .headers = h,
	    .header_count = 3,
	    .region = VIEW_STR(REGION),
	    .service = VIEW_STR("kms")};
	char date[SIGV4_DATE_SIZE], body[256], hash[SIGV4_HEX_SIZE],
	    sig[SIGV4_HEX_SIZE], why[256], id[KEY_ID_SIZE];
	struct buf authorization = BUF_INIT(2048);
	uint8_t key[SIGV4_KEY_SIZE];
	struct sigv4 *sigv4;
	struct store *s;
	struct auth *a;

	if (!store_open(dir, &s, why, sizeof(why)))
		die(why);
	if ((a = auth_open(s, ACCOUNT)) == NULL ||
	    sigv4_open(&crypto, &sigv4) != ERR_OK)
		die("out of memory");
	sigv4_date(time(NULL), date);
	r.date = h[1].value = view_str(date);
	if (sigv4_key(sigv4, view_str(auth_secret_key(a)), VIEW(date, 8),
		r.region, r.service, key) != ERR_OK)
		die("signing");
	for (size_t i = 0; i < TARGETS; i++) {
		key_name(i * keys / TARGETS, id);
		snprintf(body, sizeof(body),
		    "{\"KeyId\":\"%s\","
		    "\"Plaintext\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
		    id);
		buf_reset(&authorization);
		if (sigv4_hash(sigv4, view_str(body), hash) != ERR_OK)
			die("signing");
		r.payload_hash = view_str(hash);
		if (sigv4_sign(sigv4, &r, key, sig) != ERR_OK ||
		    sigv4_authorization(&r, view_str(auth_access_key(a)), sig,
			&authorization) != ERR_OK)
			die("signing");
		targets[i].len = (size_t)snprintf(targets[i].request,
		    REQUEST_MAX,
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		    "Content-Type: application/x-amz-json-1.1\r\n"
		    "X-Amz-Date: %s\r\nX-Amz-Target: TrentService.Encrypt\r\n"
		    "Authorization: %.*s\r\nContent-Length: %zu\r\n\r\n%s",
		    date, (int)authorization.len,
		    (const char *)authorization.ptr, strlen(body), body);
	}
	buf_free(&authorization);
	sigv4_close(sigv4);
	auth_close(a);
	store_close(s);
}

/* Processor time that a server has used. */
static double
cpu_s(const struct side *s)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(s->pid, &clock) != 0 ||
	    clock_gettime(clock, &t) == -1)
		die("no clock");
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static long
rss_kib(const struct side *s)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)s->pid);
	if ((f = fopen(path, "r")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	fclose(f);
	return (kib);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

static double
median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return (v[ROUNDS / 2]);
}

/* In turn, so that the machine's moods meet both. */
static void
duel(const struct side *kms, const struct side *bare,
    const struct target *targets, size_t keys, size_t connections)
{
	double a[ROUNDS], b[ROUNDS], ratio[ROUNDS];
	double kms_s = cpu_s(kms), bare_s = cpu_s(bare), n;

	for (size_t i = 0; i < ROUNDS; i++) {
		a[i] = measure(kms, targets, connections, EACH);
		b[i] = measure(bare, targets, connections, EACH);
		ratio[i] = a[i] / b[i];
	}
	n = (double)(ROUNDS * connections * EACH) / 1e6;
	printf("%7zu keys, %zu connection%s: Encrypt %6.0f/s, hello %6.0f/s, "
	       "%.2f of it; processor %4.1f and %4.1f us\n",
	    keys, connections, connections == 1 ? " " : "s", median(a),
	    median(b), median(ratio), (cpu_s(kms) - kms_s) / n,
	    (cpu_s(bare) - bare_s) / n);
	fflush(stdout);
}

/* Memory after few calls and after many: of the same connections. */
static void
watch_memory(const struct side *kms, const struct target *targets)
{
	long few, many;

	(void)measure(kms, targets, CONNECTIONS, 1000 / CONNECTIONS);
	few = rss_kib(kms);
	(void)measure(kms, targets, CONNECTIONS, 199000 / CONNECTIONS);
	many = rss_kib(kms);
	printf("memory: %ld KiB after 1,000 calls, %ld KiB after 200,000\n",
	    few, many);
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = {100, 10000, 100000};
	static struct target targets[TARGETS];
	char dir[] = "/tmp/localkms-bench-XXXXXX", command[128];
	struct side bare, kms;
	size_t have = 0;

	if (argc != 2 || mkdtemp(dir) == NULL)
		die("usage: bench-throughput keyferry-localkms");
	signal(SIGPIPE, SIG_IGN);
	bare = start_hello();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(dir, have, sizes[i]);
		have = sizes[i];
		sign_targets(dir, have, targets);
		kms = start_localkms(argv[1], dir);
		(void)measure(&kms, targets, CONNECTIONS, EACH / 4);
		duel(&kms, &bare, targets, have, 1);
		duel(&kms, &bare, targets, have, CONNECTIONS);
		stop(&kms);
	}
	kms = start_localkms(argv[1], dir);
	watch_memory(&kms, targets);
	stop(&kms);
	stop(&bare);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return (system(command) == 0 ? 0 : 1);
}
