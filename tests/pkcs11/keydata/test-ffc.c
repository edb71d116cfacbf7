/* Groups whose primes are looked for end with the deadline. */
#include "keydata/ffc.h"
#include "tap.h"

static struct crypto crypto;

static void
test_deadline(void)
{
	struct deadline past = deadline_in(&clock_system, 0);
	struct deadline ahead = deadline_in(&clock_system, 600 * 1000);
	struct buf n[3] = {BUF_INIT(FFC_BYTES_MAX), BUF_INIT(FFC_BYTES_MAX),
	    BUF_INIT(FFC_BYTES_MAX)};

	OK(ffc_generate_dsa(&crypto, 3072, 256, &past, n) == ERR_DEADLINE &&
		n[0].len == 0 && n[1].len == 0 && n[2].len == 0,
	    "DSA ends with the deadline");
	OK(ffc_generate_dh(&crypto, 1016, &past, &n[0]) == ERR_DEADLINE &&
		n[0].len == 0,
	    "so does Diffie-Hellman");
	OK(ffc_generate_dh(&crypto, 2048, &past, &n[0]) == ERR_OK &&
		n[0].len == 256,
	    "but for what is published");
	OK(ffc_generate_dsa(&crypto, 512, 160, &ahead, n) == ERR_OK &&
		n[0].len == 64 && n[1].len == 20 && n[2].len != 0,
	    "before it, there is a group");
	for (int i = 0; i < 3; i++)
		buf_free(&n[i]);
}

int
main(void)
{
	struct crypto_guard guard;

	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "library context");
	crypto_enter(&crypto, &guard);
	test_deadline();
	crypto_leave(&guard);
	crypto_close(&crypto);
	return (tap_done());
}
