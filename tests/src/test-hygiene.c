/*
 * What is left of secrets in this process's memory. A child makes them, writes
 * the credentials file and serves the reply; this process knows them only
 * masked, so that what it finds is what the client left.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include "client-env.h"
#include "files.h"
#include "tap.h"
#include "tls-cert.h"

#define MASK 0x80 /* secrets here are ASCII: the mask makes no other ASCII */
#define SECRET_SIZE 40

struct masked {
	uint8_t bytes[SECRET_SIZE];
};

struct told { /* by the child */
	char url[64];
	struct masked key, plaintext;
};

static void
secret_make(char text[SECRET_SIZE + 1], struct masked *m)
{
	uint8_t r[SECRET_SIZE];

	if (RAND_bytes(r, sizeof(r)) != 1)
		_exit(2);
	for (size_t i = 0; i < SECRET_SIZE; i++) {
		text[i] = (char)('A' + r[i] % 26);
		m->bytes[i] = (uint8_t)text[i] ^ MASK;
	}
	text[SECRET_SIZE] = '\0';
}

/* The child: serves until it is killed. */
static _Noreturn void
serve(int to, const char *credentials, SSL_CTX *tls)
{
	char key[SECRET_SIZE + 1], plaintext[SECRET_SIZE + 1], text[256],
	    body[128];
	struct http_step step = {.status = 200, .body = body};
	struct told told;
	FILE *f;

	memset(&told, 0, sizeof(told));
	secret_make(key, &told.key);
	/* 40 characters of the alphabet: base64 of 30 bytes */
	secret_make(plaintext, &told.plaintext);
	(void)snprintf(text, sizeof(text),
	    "[default]\naws_access_key_id = A\naws_secret_access_key = %s\n",
	    key);
	(void)snprintf(body, sizeof(body),
	    "{\"KeyId\":\"1\",\"Plaintext\":\"%s\"}", plaintext);
	if ((f = fopen(credentials, "w")) == NULL || fputs(text, f) < 0 ||
	    fclose(f) != 0)
		_exit(2);
	(void)snprintf(told.url, sizeof(told.url), "%s",
	    http_server_url(http_server_start(&step, 1, tls)));
	if (write(to, &told, sizeof(told)) != sizeof(told))
		_exit(2);
	for (;;)
		pause();
}

/* How often a secret's bytes stand in memory that this process can write. */
static int
copies(const struct masked *m)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	const uint8_t *p, *end;
	unsigned long from, to;
	char line[512], mode[8];
	int n = 0;
	size_t i;

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0 || strstr(line, "[v") != NULL)
			continue;
		end = (const uint8_t *)to - SECRET_SIZE;
		for (p = (const uint8_t *)from; p <= end; p++) {
			for (i = 0; i < SECRET_SIZE; i++)
				if ((p[i] ^ MASK) != m->bytes[i])
					break;
			n += i == SECRET_SIZE;
		}
	}
	if (maps != NULL)
		(void)fclose(maps);
	return (n);
}

/* The plaintext's text decodes to 30 bytes that no one masks: their first
 * would do as well, but the text is what passes through curl and yajl. */
static enum err
decrypt(struct client *c, struct buf *out)
{
	struct kms k = {.transport = client_transport(c),
	    .deadline = deadline_in(&clock_system, 20000)};
	struct kms_crypt_in in = {.key = "alias/x", .data = VIEW_STR("blob")};

	return (kms_decrypt(&k, &in, out));
}

static void
test_secrets(const struct told *told)
{
	struct buf out = BUF_INIT(KMS_PLAINTEXT_MAX);
	struct client *c = test_client(NULL);

	for (int i = 0; i < 3; i++) {
		buf_reset(&out);
		OK(decrypt(c, &out) == ERR_OK && out.len == 30, "Decrypt");
	}
	OK(copies(&told->plaintext) == 0,
	    "no copy of the plaintext in the reply's form: %d",
	    copies(&told->plaintext));
	OK(copies(&told->key) == 1, "one copy of the secret key, in use: %d",
	    copies(&told->key));
	buf_free(&out);
	client_close(c);
	OK(copies(&told->key) == 0 && copies(&told->plaintext) == 0,
	    "none after the end: %d, %d", copies(&told->key),
	    copies(&told->plaintext));
}

int
main(void)
{
	const char *credentials = strdup(file_write("credentials", "")), *ca;
	SSL_CTX *tls = tls_context("IP:127.0.0.1", &ca);
	struct told told;
	struct masked self;
	char text[SECRET_SIZE + 1];
	int fds[2];
	pid_t child;

	NEED(pipe(fds) == 0, "a pipe");
	if ((child = fork()) == 0)
		serve(fds[1], credentials, tls);
	NEED(read(fds[0], &told, sizeof(told)) == sizeof(told), "a server");
	secret_make(text, &self);
	OK(copies(&self) == 1, "a secret in plain sight is found");
	test_crypto_open();
	test_env(told.url);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials, 1);
	setenv("AWS_CA_BUNDLE", ca, 1);
	test_secrets(&told);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	SSL_CTX_free(tls);
	files_remove();
	return (tap_done());
}
