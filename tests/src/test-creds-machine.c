/* Credentials of the container or the instance that a program runs in. */
#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "client-env.h"
#include "creds-env.h"
#include "files.h"
#include "http-server.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define JSON_UNTIL(id, end)                                                  \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"" id                        \
	"\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"" end \
	"\",\"LastUpdated\":\"2020-01-01T00:00:00Z\"}"
#define JSON(id) JSON_UNTIL(id, "2099-01-01T00:00:00Z")
#define SAYS(text)                          \
	{                                   \
		.status = 200, .body = text \
	}
#define STATUS(n)           \
	{                   \
		.status = n \
	}

static struct http_server *server;

static void
scene(const struct http_step *steps, size_t count, const char *config)
{
	if (server != NULL)
		http_server_stop(server);
	server = http_server_start(steps, count, NULL);
	test_creds_files(NULL, config);
}

static void
container(const struct http_step *steps, size_t count)
{
	char url[96];

	scene(steps, count, NULL);
	(void)snprintf(
	    url, sizeof(url), "%s/role?x=1", http_server_url(server));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	/* one that does not answer is not passed over */
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(server), 1);
}

static void
instance(const struct http_step *steps, size_t count, const char *config)
{
	scene(steps, count, config);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(server), 1);
}
#define CONTAINER(steps) container(steps, ELEMS(steps))
#define INSTANCE(steps) instance(steps, ELEMS(steps), NULL)

static bool
asked(int i, const char *what)
{
	bool yes = strstr(http_server_request(server, i), what) != NULL;

	if (!yes)
		printf("# request %d: %s\n", i, http_server_request(server, i));
	return (yes);
}

static void
test_container(void)
{
	static const struct http_step gives[] = {SAYS(JSON("CONT"))};
	static const struct http_step passing[] = {
	    STATUS(500), STATUS(404), SAYS(JSON("CONT"))};
	static const struct http_step never[] = {STATUS(403)};
	static const struct http_step elsewhere[] = {{.status = 302,
	    .headers = "Location: http://192.0.2.1/sign-in\r\n"}};
	static const struct http_step pod[] = {{.status = 400,
	    .body = "{\"code\":\"AccessDenied\",\"message\":\"no identity "
		    "for this pod\"}"}};
	static const struct http_step no_end[] = {
	    SAYS("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":"
		 "\"t\"}")};

	CONTAINER(gives);
	OK(test_creds_are(test_creds_find(NULL, 8000), "CONT", "s", "t") &&
		asked(0, "GET /role?x=1 HTTP/1.1") &&
		*test_header(http_server_request(server, 0), "Authorization") ==
		    '\0' &&
		*test_header(http_server_request(server, 0), "Content-Type") ==
		    '\0',
	    "a container's");
	OK(!test_has_awscli() || test_creds_awscli(NULL, "CONT"),
	    "the AWS command line takes it for one");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc", 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "CONT", "s", "t"),
	    "with a token");
	OK(strcmp(test_header(http_server_request(
				  server, http_server_requests(server) - 1),
		      "Authorization"),
	       "Basic abc") == 0,
	    "which arrives");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	    file_write("token", "from-file"), 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "CONT", "s", "t") &&
		strcmp(test_header(http_server_request(server,
				       http_server_requests(server) - 1),
			   "Authorization"),
		    "from-file") == 0,
	    "its file comes first");
	(void)file_write("token", "from-file\nX: y");
	OK(test_creds_failed(
	       test_creds_find(NULL, 8000), ERR_CREDS, "line's end"),
	    "a line's end in it");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent", 1);
	OK(test_creds_failed(
	       test_creds_find(NULL, 8000), ERR_CREDS, "/nonexistent"),
	    "no such file");
	CONTAINER(pod);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS,
	       "HTTP status 400: AccessDenied: no identity for this pod"),
	    "what the endpoint says is told");
	CONTAINER(elsewhere);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS,
	       "HTTP status 302, Location http://192.0.2.1/sign-in"),
	    "a redirection is told, and not followed");
	CONTAINER(passing);
	OK(test_creds_are(test_creds_find(NULL, 8000), "CONT", "s", "t"),
	    "any other status is tried again");
	CONTAINER(never);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS, "403") &&
		http_server_requests(server) == 3,
	    "three times");
	CONTAINER(no_end);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS_SERVICE,
	       "Token and Expiration"),
	    "without an end");
}

static void
test_container_hosts(void)
{
	static const char *const refused[] = {"http://192.0.2.1/x",
	    "http://example.com/x", "http://127.0.0.1@192.0.2.1/x",
	    "http://169.254.170.24/", "ftp://127.0.0.1/", "http:///x",
	    "http://127.0.0.1.example.com/"};

	for (size_t i = 0; i < ELEMS(refused); i++) {
		test_creds_files(NULL, NULL);
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
		OK(test_creds_failed(test_creds_find(NULL, 500), ERR_CONFIG,
		       "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		    "refused: %s", refused[i]);
	}
	test_creds_files(NULL, NULL);
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@192.0.2.1/", 1);
	OK(test_creds_failed(test_creds_find(NULL, 500), ERR_CONFIG,
	       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
	    "refused: a path that is none");
}

static void
test_instance(void)
{
	static const struct http_step gives[] = {SAYS("TOKEN=="),
	    SAYS("my-role"), SAYS(JSON("IMDS")), SAYS("TOKEN=="),
	    SAYS("my-role"), SAYS(JSON("IMDS"))};
	static const struct http_step first[] = {
	    STATUS(403), SAYS("my-role\n"), SAYS(JSON("ONE"))};
	static const struct http_step ended[] = {SAYS("T"), SAYS("r"),
	    SAYS(JSON_UNTIL("OLD", "2020-01-01T00:00:00Z"))};
	static const struct http_step no_role[] = {SAYS("T"), STATUS(404)};
	static const struct http_step complains[] = {SAYS("T"), SAYS("r"),
	    SAYS("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 "
		 "cannot assume the role\"}")};
	struct found *f;

	INSTANCE(gives);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "IMDS", "s", "t"),
	    "an instance's, without a proxy");
	unsetenv("http_proxy");
	OK(asked(0, "PUT /latest/api/token HTTP/1.1") &&
		asked(0, "x-aws-ec2-metadata-token-ttl-seconds: 21600") &&
		asked(1, "GET /latest/meta-data/iam/security-credentials/ ") &&
		asked(1, "x-aws-ec2-metadata-token: TOKEN==") &&
		asked(2, "security-credentials/my-role HTTP") &&
		asked(2, "x-aws-ec2-metadata-token: TOKEN=="),
	    "its requests");
	OK(!test_has_awscli() || test_creds_awscli(NULL, "IMDS"),
	    "the AWS command line takes it for one");
	INSTANCE(first);
	OK(test_creds_are(test_creds_find(NULL, 8000), "ONE", "s", "t") &&
		*test_header(http_server_request(server, 1),
		    "x-aws-ec2-metadata-token") == '\0',
	    "version 1");
	INSTANCE(first);
	setenv("AWS_EC2_METADATA_V1_DISABLED", "true", 1);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS_SERVICE,
	       "version 1 is disabled") &&
		http_server_requests(server) == 1,
	    "which can be disabled");
	INSTANCE(gives);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_NO_CREDS, "") &&
		http_server_requests(server) == 0,
	    "so can all of it");
	INSTANCE(ended);
	f = test_creds_find(NULL, 8000);
	OK(test_creds_are(f, "OLD", "s", "t") &&
		f->expires_ms > clock_system.wall_ms(NULL),
	    "what has ended, by this clock, is used for a while");
	INSTANCE(no_role);
	OK(test_creds_failed(
	       test_creds_find(NULL, 8000), ERR_CREDS, "instance profile"),
	    "no role");
	INSTANCE(complains);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS_SERVICE,
	       "AssumeRoleUnauthorizedAccess: EC2 cannot"),
	    "a role that cannot be taken");
	instance(gives, ELEMS(gives),
	    "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/p\n"
	    "credential_source = Ec2InstanceMetadata\n");
	setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1", 1);
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "STS") &&
		http_server_requests(server) == 3,
	    "as the source of a role");
}

static void
test_nobody(void)
{
	struct found *f;

	test_creds_files(NULL, NULL);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
	f = test_creds_find(NULL, 8000);
	OK(test_creds_failed(f, ERR_NO_CREDS, "no AWS credentials") &&
		f->took_ms < 3000,
	    "no instance");
	test_creds_files("[profile p]\naws_access_key_id = A\n"
			 "aws_secret_access_key = s\n",
	    "[profile p]\nregion = x\n");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_NO_CREDS,
	       "in the credentials file a profile's section is [NAME]"),
	    "and a profile's header that is config's");
	test_creds_files(NULL, NULL);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "there", 1);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CONFIG, "there"),
	    "an address that is none");
}

/* A network of this process's own, whose loopback has the address that
 * instances have for their metadata. Whether there is one. */
static bool
network_with(const char *address)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	struct in6_ifreq a = {.ifr6_prefixlen = 128};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	int fd = -1;
	bool ok = (unshare(CLONE_NEWNET) == 0 ||
		      unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		  (fd = socket(AF_INET6, SOCK_DGRAM, 0)) != -1 &&
		  ioctl(fd, SIOCSIFFLAGS, &up) == 0 &&
		  (a.ifr6_ifindex = (int)if_nametoindex("lo")) != 0 &&
		  inet_pton(AF_INET6, address, &a.ifr6_addr) == 1 &&
		  ioctl(fd, SIOCSIFADDR, &a) == 0;

	/* the kernel takes a moment to make it usable */
	to.sin6_addr = a.ifr6_addr;
	for (int i = 0; ok && i < 1000; i++) {
		if (bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		(void)usleep(10000);
	}
	if (fd != -1)
		(void)close(fd);
	return (ok);
}

static const struct http_step ipv6_gives[] = {SAYS("TOKEN=="), SAYS("my-role"),
    SAYS(JSON("IPV6")), SAYS("TOKEN=="), SAYS("my-role"), SAYS(JSON("IPV6")),
    SAYS("TOKEN=="), SAYS("my-role"), SAYS(JSON("IPV6"))};

/* As an address that is set, and in a profile. */
static void
test_ipv6_address(void)
{
	test_creds_files(NULL, NULL);
	http_server_stop(server);
	server = http_server_start_ipv6(
	    ipv6_gives, ELEMS(ipv6_gives), "::1", 0);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(server), 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "IPV6", "s", "t"),
	    "an IPv6 address: %s", http_server_url(server));
	test_creds_files(NULL, NULL);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", 1);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CONFIG,
	       "ec2_metadata_service_endpoint_mode = IPv5 is neither IPv4 nor "
	       "IPv6"),
	    "a mode that is none");
}

/* Last of all: this process then has no other network. */
static void
test_ipv6_mode(void)
{
	static const char *const modes[] = {"IPv6", "ipv6"};
	static const char profile[] =
	    "[default]\nec2_metadata_service_endpoint_mode = IPv6\n";

	http_server_stop(server);
	server = NULL;
	if (!network_with("fd00:ec2::254")) {
		tap_skip("no network namespace can be made here",
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
		return;
	}
	server = http_server_start_ipv6(
	    ipv6_gives, ELEMS(ipv6_gives), "fd00:ec2::254", 80);
	for (size_t i = 0; i <= ELEMS(modes); i++) {
		test_creds_files(NULL, i < ELEMS(modes) ? NULL : profile);
		if (i < ELEMS(modes))
			setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
			    modes[i], 1);
		OK(test_creds_are(
		       test_creds_find(NULL, 8000), "IPV6", "s", "t") &&
			asked((int)(3 * i), "Host: [fd00:ec2::254]\r\n"),
		    "[fd00:ec2::254], by %s",
		    i < ELEMS(modes) ? modes[i] : "the profile");
	}
	http_server_stop(server);
	server = NULL;
}

int
main(void)
{
	test_creds_open();
	test_container();
	test_container_hosts();
	test_instance();
	test_nobody();
	test_ipv6_address();
	test_ipv6_mode();
	test_creds_close();
	return (tap_done());
}
