/* year [DAYS [KEYS]]: a year in the life of keys that came wrapped, in two Regions,
 * with KMS's clock moved from day to day. Clients use each key all the time; its
 * materials are renewed before they end, and AES keys are rotated, up to ten times.
 * No use fails, each end is right on each day, and in the end all is destroyed. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "external-key.h"
#include "p11.h"

#define KEYS_MAX 50
#define REGIONS 2
#define MATERIALS_MAX 10 /* of an AES key */
#define ROTATION_DAYS 36
#define RENEWAL_DAYS 10 /* before the end */
#define WARN_DAYS "9" /* fewer: who renews in time is not warned */
#define ROUNDS 2 /* of each client, a day: it uses each key at least so often */
#define DAY 86400
#define TEXT "a year"
#define ID_SIZE 65

static struct external_key originals[KEYS_MAX][MATERIALS_MAX];
static size_t key_count = KEYS_MAX;
static size_t material_count[KEYS_MAX];
static char ids[KEYS_MAX][MATERIALS_MAX][ID_SIZE];
static CK_ULONG ends[KEYS_MAX][REGIONS][MATERIALS_MAX];
static char labels[KEYS_MAX][32];
static CK_SESSION_HANDLE sessions[REGIONS];
static CK_OBJECT_HANDLE handles[KEYS_MAX][REGIONS];
static CK_ULONG now;
static unsigned long renewals, rotations;

static const struct external_key_kind *
kind_of(size_t key)
{
	switch (key % 5) {
	case 0:
	case 1:
		return (&external_key_aes);
	case 2:
		return (&external_key_hmacs[1]);
	case 3:
		return (&external_key_rsa_2048);
	default:
		return (&external_key_ecs[0]);
	}
}

static bool
is_aes(size_t key)
{
	return (kind_of(key) == &external_key_aes);
}

/* What clients do. */

struct client {
	pthread_t thread;
	size_t region;
	CK_SESSION_HANDLE session;
	atomic_ulong rounds, uses, failures;
	CK_BYTE sealed[KEYS_MAX][512];
	CK_ULONG sealed_len[KEYS_MAX];
};
static struct client clients[REGIONS];
static atomic_bool is_over;

static CK_RV
sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_BYTE in[] = TEXT, out[512];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_SignInit(s, &m, h);

	return (rv == CKR_OK ? p11->C_Sign(s, in, sizeof(in), out, &len) : rv);
}

/* What was encrypted on the first day is decrypted on every other. */
static CK_RV
crypt(struct client *c, size_t key, CK_OBJECT_HANDLE h)
{
	CK_BYTE in[] = TEXT, out[512];
	CK_ULONG len = sizeof(out);
	CK_RV rv;

	if (c->sealed_len[key] == 0 || c->rounds % 2 == 0) {
		rv = p11->C_EncryptInit(c->session, &kms_mechanism, h);
		if (rv == CKR_OK)
			rv = p11->C_Encrypt(
			    c->session, in, sizeof(in), out, &len);
		if (rv == CKR_OK && c->sealed_len[key] == 0) {
			memcpy(c->sealed[key], out, len);
			c->sealed_len[key] = len;
		}
		return (rv);
	}
	rv = p11->C_DecryptInit(c->session, &kms_mechanism, h);
	if (rv == CKR_OK)
		rv = p11->C_Decrypt(
		    c->session, c->sealed[key], c->sealed_len[key], out, &len);
	return (rv == CKR_OK && (len != sizeof(in) || memcmp(in, out, len) != 0)
		    ? CKR_DATA_INVALID
		    : rv);
}

static void
use(struct client *c, size_t key)
{
	CK_OBJECT_HANDLE h = handles[key][c->region];
	CK_RV rv;

	switch (key % 5) {
	case 0:
	case 1:
		rv = crypt(c, key, h);
		break;
	case 2:
		rv = sign(c->session, h, CKM_SHA256_HMAC);
		break;
	case 3:
		rv = sign(c->session, h, CKM_SHA256_RSA_PKCS);
		break;
	default:
		rv = sign(c->session, h, CKM_ECDSA_SHA256);
		break;
	}
	atomic_fetch_add(&c->uses, 1);
	if (rv == CKR_OK)
		return;
	atomic_fetch_add(&c->failures, 1);
	printf("# %s in Region %zu: 0x%lx\n", labels[key], c->region, rv);
}

static void *
run(void *arg)
{
	struct timespec pause = {.tv_nsec = 50000000};
	struct client *c = arg;

	while (!is_over) {
		for (size_t i = 0; i < key_count; i++)
			use(c, i);
		atomic_fetch_add(&c->rounds, 1);
		nanosleep(&pause, NULL);
	}
	return (NULL);
}

static void
start_clients(void)
{
	for (size_t r = 0; r < REGIONS; r++) {
		clients[r].region = r;
		NEED(p11->C_OpenSession(r, CKF_SERIAL_SESSION, NULL, NULL,
			 &clients[r].session) == CKR_OK &&
			 pthread_create(
			     &clients[r].thread, NULL, run, &clients[r]) == 0,
		    "a client");
	}
}

/* Each has used each key so often since. */
static void
wait_for_rounds(void)
{
	struct timespec pause = {.tv_nsec = 5000000};
	unsigned long since[REGIONS];

	for (size_t r = 0; r < REGIONS; r++)
		since[r] = clients[r].rounds;
	for (size_t r = 0; r < REGIONS; r++)
		while (clients[r].rounds < since[r] + ROUNDS + 1)
			nanosleep(&pause, NULL);
}

/* What their owner does. */

static CK_ULONG
new_end(size_t key, size_t region, size_t material)
{
	return (now + (60 + (key * 7 + material * 3 + region * 5) % 30) * DAY);
}

/* The import pair that the label means: of a key that waits, or beside it. */
static bool
make_pair(size_t key, struct pair_handles *p)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	struct key_template what;
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, yes), A(CKA_MODULUS_BITS, bits),
	    A(CKA_WRAP, yes),
	    A_BYTES(CKA_LABEL, labels[key], strlen(labels[key]))};
	CK_ATTRIBUTE private[] = {A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes),
	    A_BYTES(CKA_LABEL, labels[key], strlen(labels[key])),
	    A_BYTES(CKA_UNWRAP_TEMPLATE, what.t, 0)};
	CK_RV rv;

	external_key_describe(&originals[key][0], &what);
	private[3].ulValueLen = what.count * sizeof(CK_ATTRIBUTE);
	rv = p11->C_GenerateKeyPair(rw, &m, public, ELEMS(public), private,
	    ELEMS(private), &p->public, &p->private);
	if (rv != CKR_OK)
		printf("# a pair for %s: 0x%lx\n", labels[key], rv);
	return (rv == CKR_OK);
}

/* The material comes in, in the Region of rw. */
static bool
bring(size_t key, size_t region, size_t material, bool is_new)
{
	CK_BYTE der[1024], clear[EXTERNAL_KEY_MATERIAL_MAX], blob[4096];
	bool two_steps = kind_of(key)->class == CKO_PRIVATE_KEY;
	CK_MECHANISM m = {
	    two_steps ? CKM_RSA_AES_KEY_WRAP : CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ULONG end = new_end(key, region, material), len;
	CK_OBJECT_CLASS class = kind_of(key)->class;
	CK_KEY_TYPE type = kind_of(key)->type;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct pair_handles p = {0, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A(CKA_TOKEN, yes), A(CKA_KEYFERRY_VALID_TO, end),
	    A(CKA_KEYFERRY_NEW_MATERIAL, yes)};
	CK_RV rv;

	if (!make_pair(key, &p))
		return (false);
	len = attr(p.public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	NEED(len <= sizeof(der), "the wrapping key");
	rv = p11->C_UnwrapKey(rw, &m, p.private, blob,
	    external_key_wrap(
		two_steps ? "RSA_AES_KEY_WRAP_SHA_256" : "RSAES_OAEP_SHA_256",
		der, len, clear,
		external_key_material(&originals[key][material], clear), blob),
	    t, is_new ? 5 : 4, &h);
	if (rv != CKR_OK) {
		printf("# material %zu of %s in Region %zu: 0x%lx\n", material,
		    labels[key], region, rv);
		return (false);
	}
	ends[key][region][material] = end;
	if (handles[key][region] == CK_INVALID_HANDLE)
		handles[key][region] = h;
	return (handles[key][region] == h);
}

static void
go_to(size_t region)
{
	rw = sessions[region];
}

/* KMS makes current what is new when the last Region has it. */
static bool
bring_everywhere(size_t key, size_t material)
{
	CK_OBJECT_HANDLE h;

	for (size_t r = 0; r < REGIONS; r++) {
		go_to(r);
		if (!bring(key, r, material, material != 0))
			return (false);
	}
	h = handles[key][REGIONS - 1];
	if (is_aes(key) && attr(h, CKA_KEYFERRY_KEY_MATERIAL_ID,
			       ids[key][material], ID_SIZE) != ID_SIZE - 1)
		return (false);
	material_count[key] = material + 1;
	return (true);
}

static bool
make_keys(void)
{
	for (size_t i = 0; i < key_count; i++) {
		snprintf(labels[i], sizeof(labels[i]), "year-%zu", i);
		for (size_t m = 0; m < (is_aes(i) ? MATERIALS_MAX : 1); m++)
			external_key_make(
			    &originals[i][m], kind_of(i), 0, labels[i]);
		if (!bring_everywhere(i, 0))
			return (false);
	}
	return (true);
}

static bool
renew_and_rotate(size_t day)
{
	for (size_t i = 0; i < key_count; i++) {
		for (size_t r = 0; r < REGIONS; r++)
			for (size_t m = 0; m < material_count[i]; m++) {
				if (ends[i][r][m] > now + RENEWAL_DAYS * DAY)
					continue;
				go_to(r);
				if (!bring(i, r, m, false))
					return (false);
				renewals++;
			}
		if (!is_aes(i) || material_count[i] == MATERIALS_MAX ||
		    day % ROTATION_DAYS != i % ROTATION_DAYS)
			continue;
		if (!bring_everywhere(i, material_count[i]))
			return (false);
		rotations++;
	}
	return (true);
}

/* The ends of an AES key's materials, whichever way KMS orders them. */
static size_t
wrong_material_ends(size_t key, size_t region)
{
	char listed[MATERIALS_MAX * ID_SIZE] = "";
	CK_ULONG got[MATERIALS_MAX], n, len, wrong = 0;
	CK_OBJECT_HANDLE h = handles[key][region];
	const char *at;

	len = attr(h, CKA_KEYFERRY_MATERIAL_IDS, listed, sizeof(listed));
	n = attr(h, CKA_KEYFERRY_MATERIAL_ENDS, got, sizeof(got));
	if (n != material_count[key] * sizeof(got[0]) ||
	    len != material_count[key] * ID_SIZE - 1)
		return (1);
	for (size_t m = 0; m < material_count[key]; m++) {
		at = strstr(listed, ids[key][m]);
		wrong += at == NULL || got[(size_t)(at - listed) / ID_SIZE] !=
					   ends[key][region][m];
	}
	return (wrong);
}

/* What KMS shows of each key, and of each material. */
static size_t
wrong_ends(void)
{
	size_t wrong = 0, one;
	CK_ULONG first;

	for (size_t i = 0; i < key_count; i++)
		for (size_t r = 0; r < REGIONS; r++) {
			go_to(r);
			first = ends[i][r][0];
			for (size_t m = 1; m < material_count[i]; m++)
				if (ends[i][r][m] < first)
					first = ends[i][r][m];
			one = find_label(labels[i], kind_of(i)->class) !=
			      handles[i][r];
			one += attr_number(handles[i][r],
				   CKA_KEYFERRY_VALID_TO) != first;
			if (is_aes(i))
				one += wrong_material_ends(i, r);
			if (one != 0)
				printf("# an end of %s in Region %zu is "
				       "wrong\n",
				    labels[i], r);
			wrong += one;
		}
	return (wrong);
}

static size_t
uses_by_kms(void)
{
	return (calls("Encrypt") + calls("Decrypt") + calls("Sign") +
		calls("GenerateMac"));
}

/* How many keys there are in the Region of rw, whatever their state. */
static CK_ULONG
keys_with(const char *state)
{
	CK_ATTRIBUTE t = A_BYTES(
	    CKA_KEYFERRY_KEY_STATE, (void *)(uintptr_t)state, strlen(state));
	CK_OBJECT_HANDLE found[2 * KEYS_MAX];

	return (find(rw, &t, 1, found, ELEMS(found)));
}

static void
destroy_all(void)
{
	static const char *const states[] = {"Enabled", "Disabled",
	    "PendingImport", "PendingDeletion", "PendingReplicaDeletion"};
	static struct account account;
	size_t good = 0;

	go_to(0);
	for (size_t i = 0; i < key_count; i++)
		good += p11->C_DestroyObject(rw, handles[i][0]) == CKR_OK;
	COUNT(good, key_count, "all keys are destroyed");
	for (int i = 0; i < 2; i++)
		control("POST", "/clock?forward=%d", 8 * DAY);
	account_read(&account);
	COUNT(account.count, 0, "nothing is left in one Region");
	go_to(1);
	for (size_t i = 0; i < ELEMS(states); i++)
		COUNT(
		    keys_with(states[i]), 0, "nor in the other, %s", states[i]);
}

static void
live(size_t days)
{
	unsigned long uses = 0, failures = 0;
	size_t wrong = 0, good = 0, day;

	calls_clear();
	start_clients();
	for (day = 1; day <= days; day++) {
		control("POST", "/clock?forward=%d", DAY);
		now += DAY;
		good += renew_and_rotate(day);
		wait_for_rounds();
		wrong += wrong_ends();
		if (day % 30 == 0)
			printf("# day %zu: %lu renewals, %lu rotations, %lu "
			       "uses, %lu failures, %zu wrong ends\n",
			    day, renewals, rotations,
			    clients[0].uses + clients[1].uses,
			    clients[0].failures + clients[1].failures, wrong);
	}
	is_over = true;
	for (size_t r = 0; r < REGIONS; r++) {
		pthread_join(clients[r].thread, NULL);
		uses += clients[r].uses;
		failures += clients[r].failures;
	}
	COUNT(good, days, "each day's renewals and rotations");
	COUNT(failures, 0, "no use failed, of %lu", uses);
	COUNT(uses_by_kms(), uses, "KMS counts as many");
	COUNT(wrong, 0, "each end was right on each day");
	printf("# %zu keys, %zu days: %lu renewals, %lu rotations, %lu uses\n",
	    key_count, days, renewals, rotations, uses);
}

int
main(int argc, char **argv)
{
	size_t days = argc > 1 ? strtoul(argv[1], NULL, 10) : 365;
	char log[256];

	if (argc > 2)
		key_count = strtoul(argv[2], NULL, 10);
	NEED(days >= 1 && key_count >= 1 && key_count <= KEYS_MAX,
	    "year DAYS KEYS");
	testenv_start();
	snprintf(log, sizeof(log), "log = error:%s", testenv_path("log"));
	testenv_config(log,
	    "replicas = eu-west-1\ndestroy = schedule-deletion\n"
	    "deletion-days = 7\nwarn-days = " WARN_DAYS,
	    "[token west]\nregion = eu-west-1\nslot = 1\nadopt = yes\n"
	    "wrapping-bits = 2048\nsettle = 0\nwarn-days = " WARN_DAYS);
	p11_start();
	control("POST", "/wrapping-keys?share=on");
	control("POST", "/import-tokens?once=on");
	sessions[0] = rw;
	NEED(p11->C_OpenSession(1, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		 NULL, &sessions[1]) == CKR_OK,
	    "a session in the other Region");
	now = (CK_ULONG)time(NULL);
	if (OK(make_keys(), "%zu keys come wrapped, in two Regions",
		key_count)) {
		live(days);
		destroy_all();
	}
	if (!OK(strcmp(testenv_read("log"), "") == 0, "the log has no error"))
		printf("# %.900s\n", testenv_read("log"));
	go_to(0);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
