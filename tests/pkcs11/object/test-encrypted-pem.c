/* A certificate's file that is encrypted: nobody is asked for a passphrase. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define CHILD_SECONDS 30 /* then it waits for an answer */
#define HANGS 99

static X509 *
certificate(EVP_PKEY *key, const char *name)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	NEED(X509_sign(x, key, EVP_sha256()) > 0, "certificate %s", name);
	return (x);
}

static BIO *
file(const char *name)
{
	char path[64];
	BIO *b;

	snprintf(path, sizeof(path), "certs/%s", name);
	b = BIO_new_file(testenv_path(path), "w");
	NEED(b != NULL, "%s", path);
	return (b);
}

/* With Proc-Type: 4,ENCRYPTED. */
static void
write_encrypted(const char *name, const char *type, X509 *x)
{
	BIO *b = file(name);

	NEED(PEM_ASN1_write_bio((i2d_of_void *)i2d_X509, type, b, x,
		 EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL,
		 NULL) == 1,
	    "%s is encrypted", name);
	BIO_free(b);
}

static void
write_plain(const char *name, X509 *x)
{
	BIO *b = file(name);

	NEED(PEM_write_bio_X509(b, x) == 1, "%s is not", name);
	BIO_free(b);
}

/* How many certificates a program at a terminal finds. */
static int
at_terminal(const char *terminal)
{
	static CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE t = A(CKA_CLASS, class);
	CK_OBJECT_HANDLE h[8];
	int fd;

	if (setsid() == -1 || (fd = open(terminal, O_RDWR)) == -1 ||
	    ioctl(fd, TIOCSCTTY, 0) == -1 || dup2(fd, 0) == -1 ||
	    p11_begin() != CKR_OK)
		return (50);
	return ((int)find(rw, &t, 1, h, 8));
}

/* What it exits with. OpenSSL holds off all signals that can be while it asks,
 * so that no alarm ends it. */
static int
wait_for(pid_t pid)
{
	int status = 0;

	for (int i = 0; i < 10 * CHILD_SECONDS; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return (
			    WIFEXITED(status) ? WEXITSTATUS(status) : HANGS);
		(void)poll(NULL, 0, 100);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return (HANGS);
}

static void
test_terminal(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), status = 0;
	struct pollfd p = {.fd = terminal, .events = POLLIN};
	char said[256] = "";
	ssize_t n = 0;
	pid_t pid;

	NEED(
	    terminal != -1 && grantpt(terminal) == 0 && unlockpt(terminal) == 0,
	    "a terminal");
	fflush(stdout);
	if ((pid = fork()) == 0)
		_exit(at_terminal(ptsname(terminal)));
	NEED(pid > 0, "a program");
	status = wait_for(pid);
	COUNT((unsigned long)status, 1,
	    "the certificate that is not encrypted is found");
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0)
		n = read(terminal, said, sizeof(said) - 1);
	OK(n <= 0, "nothing is asked at the terminal: %s", said);
	close(terminal);
}

int
main(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *plain, *secret;
	char config[512];

	testenv_start();
	snprintf(
	    config, sizeof(config), "certificates = %s", testenv_path("certs"));
	testenv_config(NULL, config, NULL);
	NEED(mkdir(testenv_path("certs"), 0700) == 0, "a folder");
	plain = certificate(key, "plain");
	secret = certificate(key, "secret");
	write_encrypted("a.pem", PEM_STRING_X509, secret);
	write_encrypted("b.pem", PEM_STRING_X509_OLD, secret);
	write_encrypted("c.pem", PEM_STRING_X509_TRUSTED, secret);
	write_encrypted("d.pem", "RSA PRIVATE KEY", secret);
	write_plain("e.pem", plain);
	p11_load();
	test_terminal();
	X509_free(plain);
	X509_free(secret);
	EVP_PKEY_free(key);
	testenv_stop();
	return (tap_done());
}
