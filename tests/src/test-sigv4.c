#include <string.h>
#include "sigv4.h"
#include "tap.h"

/* AWS's published examples: keys that open nothing. */
#define ACCESS_KEY "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE "20150830T123600Z"
#define HOST                                                        \
	{                                                           \
		VIEW_STR("host"), VIEW_STR("example.amazonaws.com") \
	}
#define X_AMZ_DATE                                     \
	{                                              \
		VIEW_STR("x-amz-date"), VIEW_STR(DATE) \
	}

static struct crypto crypto;
static struct sigv4 *v4;

/* clang-format off */
static const struct {
	const char *name, *method, *query, *body, *signature;
	struct sigv4_header headers[4];
	size_t header_count;
} vectors[] = {
	{ "get-vanilla", "GET", "", "",
	    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	    { HOST, X_AMZ_DATE }, 2 },
	{ "get-vanilla-query-order-key-case", "GET",
	    "Param1=value1&Param2=value2", "",
	    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	    { HOST, X_AMZ_DATE }, 2 },
	{ "get-header-value-trim", "GET", "", "",
	    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	    { HOST, { VIEW_STR("my-header1"), VIEW_STR(" value1") },
	      { VIEW_STR("my-header2"), VIEW_STR(" \"a   b   c\" ") },
	      X_AMZ_DATE }, 4 },
	{ "post-vanilla", "POST", "", "",
	    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	    { HOST, X_AMZ_DATE }, 2 },
	{ "post-x-www-form-urlencoded", "POST", "", "Param1=value1",
	    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
	    { { VIEW_STR("content-type"),
		VIEW_STR("application/x-www-form-urlencoded") },
	      HOST, X_AMZ_DATE }, 3 },
};
/* clang-format on */

static void
test_vector(size_t i)
{
	char hash[SIGV4_HEX_SIZE], hex[SIGV4_HEX_SIZE];
	uint8_t key[SIGV4_KEY_SIZE];
	struct sigv4_request r = {
	    .method = view_str(vectors[i].method),
	    .path = VIEW_STR("/"),
	    .query = view_str(vectors[i].query),
	    .headers = vectors[i].headers,
	    .header_count = vectors[i].header_count,
	    .date = VIEW_STR(DATE),
	    .region = VIEW_STR("us-east-1"),
	    .service = VIEW_STR("service"),
	};

	NEED(sigv4_hash(v4, view_str(vectors[i].body), hash) == ERR_OK &&
		 sigv4_key(v4, VIEW_STR(SECRET), VIEW_STR("20150830"), r.region,
		     r.service, key) == ERR_OK,
	    "%s: hash and key", vectors[i].name);
	r.payload_hash = view_str(hash);
	OK(sigv4_sign(v4, &r, key, hex) == ERR_OK &&
		strcmp(hex, vectors[i].signature) == 0,
	    "%s: the published signature", vectors[i].name);
	key[0] ^= 1;
	OK(sigv4_sign(v4, &r, key, hex) == ERR_OK &&
		strcmp(hex, vectors[i].signature) != 0,
	    "%s: another key signs otherwise", vectors[i].name);
}

static void
test_key(void)
{
	static const uint8_t want[SIGV4_KEY_SIZE] =
	    "\xc4\xaf\xb1\xcc\x57\x71\xd8\x71\x76\x3a\x39\x3e\x44\xb7\x03\x57"
	    "\x1b\x55\xcc\x28\x42\x4d\x1a\x5e\x86\xda\x6e\xd3\xc1\x54\xa4\xb9";
	uint8_t key[SIGV4_KEY_SIZE];

	OK(sigv4_key(v4, VIEW_STR(SECRET), VIEW_STR("20150830"),
	       VIEW_STR("us-east-1"), VIEW_STR("iam"), key) == ERR_OK &&
		memcmp(key, want, sizeof(key)) == 0,
	    "the published signing key");
}

static void
test_texts(void)
{
	struct sigv4_request r = {
	    .headers = (const struct sigv4_header[]){HOST, X_AMZ_DATE},
	    .header_count = 2,
	    .date = VIEW_STR(DATE),
	    .region = VIEW_STR("us-east-1"),
	    .service = VIEW_STR("kms"),
	};
	struct buf out = BUF_INIT(512), tight = BUF_INIT(100);
	char date[SIGV4_DATE_SIZE];

	OK(sigv4_authorization(&r, VIEW_STR(ACCESS_KEY), "abc", &out) ==
		    ERR_OK &&
		view_equal(buf_view(&out),
		    VIEW_STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/"
			     "us-east-1/kms/aws4_request, SignedHeaders=host;"
			     "x-amz-date, Signature=abc")),
	    "Authorization");
	OK(sigv4_authorization(&r, VIEW_STR(ACCESS_KEY), "abc", &tight) ==
		ERR_TOO_BIG,
	    "Authorization over the buffer's ceiling");
	sigv4_date(1440938160, date);
	OK(strcmp(date, DATE) == 0, "X-Amz-Date");
	buf_free(&tight);
	buf_free(&out);
}

int
main(void)
{
	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "library context");
	NEED(sigv4_open(&crypto, &v4) == ERR_OK, "signer");
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		test_vector(i);
	test_key();
	test_texts();
	sigv4_close(v4);
	return (tap_done());
}
