/* The typed requests against the local KMS: that both mean the same by them. */
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "account.h"
#include "arena.h"
#include "tap.h"
#include "testenv.h"

static struct kms kms;
static struct arena *arena;

/* Its id, in static memory: four at a time. */
static const char *
key_new(const char *spec, const char *usage, const char *origin, bool regions)
{
	static char ids[4][KMS_ID_SIZE];
	static unsigned next;
	struct kms_create_key_in in = {.spec = spec,
	    .usage = usage,
	    .origin = origin,
	    .multi_region = regions ? JSON_TRUE : JSON_UNSET};
	struct kms_key key = KMS_KEY_INIT;
	char *id = ids[next++ % 4];

	NEED(kms_create_key(&kms, &in, &key) == ERR_OK, "a key: %s", spec);
	memcpy(id, key.id, KMS_ID_SIZE);
	kms_key_free(&key);
	return (id);
}

static void
test_rsa(void)
{
	const char *id = key_new("RSA_2048", "ENCRYPT_DECRYPT", NULL, false);
	struct kms_crypt_in in = {.key = id,
	    .data = VIEW_STR("clear"),
	    .algorithm = "RSAES_OAEP_SHA_1"};
	struct buf sealed = BUF_INIT(KMS_BLOB_MAX);
	struct buf clear = BUF_SECRET(KMS_PLAINTEXT_MAX, arena);

	OK(kms_encrypt(&kms, &in, &sealed) == ERR_OK && sealed.len == 256,
	    "Encrypt with OAEP");
	in.data = buf_view(&sealed);
	OK(kms_decrypt(&kms, &in, &clear) == ERR_OK &&
		view_equal(buf_view(&clear), VIEW_STR("clear")),
	    "Decrypt with OAEP");
	buf_reset(&clear);
	in.algorithm = "RSAES_OAEP_SHA_256";
	OK(kms_decrypt(&kms, &in, &clear) == ERR_CIPHERTEXT && clear.len == 0,
	    "Decrypt with another hash");
	buf_free(&clear);
	buf_free(&sealed);
}

static void
test_sign(void)
{
	const char *id = key_new("ECC_NIST_P256", "SIGN_VERIFY", NULL, false);
	struct kms_sign_in in = {.key = id,
	    .message = VIEW_STR("message"),
	    .algorithm = "ECDSA_SHA_256"};
	struct buf sig = BUF_INIT(KMS_BLOB_MAX);
	struct buf spki = BUF_INIT(KMS_PUBLIC_KEY_MAX);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *pkey = NULL;
	const unsigned char *p;
	uint8_t digest[32];

	NEED(kms_get_public_key(&kms, id, &spki) == ERR_OK, "GetPublicKey");
	p = spki.ptr;
	pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	NEED(pkey != NULL && ctx != NULL, "a public key");
	OK(kms_sign(&kms, &in, &sig) == ERR_OK &&
		EVP_DigestVerifyInit_ex(
		    ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
		EVP_DigestVerify(
		    ctx, sig.ptr, sig.len, (const uint8_t *)"message", 7) == 1,
	    "Sign of a message");
	NEED(EVP_Digest("message", 7, digest, NULL, EVP_sha256(), NULL) == 1,
	    "a digest");
	in.message = VIEW(digest, sizeof(digest));
	in.message_type = "DIGEST";
	buf_reset(&sig);
	EVP_MD_CTX_reset(ctx);
	OK(kms_sign(&kms, &in, &sig) == ERR_OK &&
		EVP_DigestVerifyInit_ex(
		    ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
		EVP_DigestVerify(
		    ctx, sig.ptr, sig.len, (const uint8_t *)"message", 7) == 1,
	    "Sign of a digest");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	buf_free(&spki);
	buf_free(&sig);
}

static void
test_mac(void)
{
	struct kms_mac_in in = {
	    .key = key_new("HMAC_384", "GENERATE_VERIFY_MAC", NULL, false),
	    .message = VIEW_STR("message"),
	    .algorithm = "HMAC_SHA_384"};
	struct buf mac = BUF_INIT(KMS_BLOB_MAX);

	OK(kms_generate_mac(&kms, &in, &mac) == ERR_OK && mac.len == 48,
	    "GenerateMac");
	in.mac = buf_view(&mac);
	OK(kms_verify_mac(&kms, &in) == ERR_OK, "VerifyMac");
	mac.ptr[0] ^= 1;
	OK(kms_verify_mac(&kms, &in) == ERR_BAD_MAC, "VerifyMac of another");
	buf_free(&mac);
}

static void
test_agree(void)
{
	const char *a = key_new("ECC_NIST_P384", "KEY_AGREEMENT", NULL, false);
	const char *b = key_new("ECC_NIST_P384", "KEY_AGREEMENT", NULL, false);
	struct buf pub_a = BUF_INIT(KMS_PUBLIC_KEY_MAX), pub_b = pub_a;
	struct buf one = BUF_SECRET(KMS_SECRET_MAX, arena), other = one;

	NEED(kms_get_public_key(&kms, a, &pub_a) == ERR_OK &&
		 kms_get_public_key(&kms, b, &pub_b) == ERR_OK,
	    "two public keys");
	OK(kms_derive_shared_secret(&kms, a, buf_view(&pub_b), &one) ==
		    ERR_OK &&
		kms_derive_shared_secret(&kms, b, buf_view(&pub_a), &other) ==
		    ERR_OK &&
		one.len == 48 && view_equal(buf_view(&one), buf_view(&other)),
	    "DeriveSharedSecret on both sides");
	buf_free(&one);
	buf_free(&other);
	buf_free(&pub_a);
	buf_free(&pub_b);
}

static void
test_data_key(void)
{
	struct kms_data_key_in in = {
	    .key = key_new("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", NULL, false),
	    .spec = "AES_128",
	    .context = VIEW("a\0b", 4)};
	struct kms_data_key d = KMS_DATA_KEY_INIT(arena);
	struct kms_crypt_in open = {.context = in.context};
	struct buf clear = BUF_SECRET(KMS_PLAINTEXT_MAX, arena);

	NEED(kms_generate_data_key(&kms, &in, &d) == ERR_OK, "a data key");
	open.key = d.arn;
	open.data = buf_view(&d.ciphertext);
	OK(d.plaintext.len == 16 &&
		kms_decrypt(&kms, &open, &clear) == ERR_OK &&
		view_equal(buf_view(&clear), buf_view(&d.plaintext)),
	    "which its own key decrypts");
	kms_data_key_free(&d);
	in.spec = NULL;
	in.n = 1000;
	OK(kms_generate_data_key(&kms, &in, &d) == ERR_OK &&
		d.plaintext.len == 1000,
	    "a data key of any length");
	kms_data_key_free(&d);
	buf_free(&clear);
}

static void
wrap(struct view spki, struct view material, struct buf *out)
{
	const unsigned char *p = spki.ptr;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t n = 512;

	NEED(EVP_PKEY_encrypt_init(ctx) == 1 &&
		 EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) ==
		     1 &&
		 EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) == 1 &&
		 buf_reserve(out, n) == ERR_OK &&
		 EVP_PKEY_encrypt(
		     ctx, out->ptr, &n, material.ptr, material.len) == 1,
	    "material is wrapped");
	out->len = n;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static enum err
import(const char *key, uint8_t fill, const char *type,
    char id[KMS_MATERIAL_ID_SIZE])
{
	struct kms_import_parameters p = KMS_IMPORT_PARAMETERS_INIT;
	struct buf blob = BUF_INIT(KMS_BLOB_MAX);
	struct kms_import_in in = {
	    .key = key, .type = type, .description = "from a test"};
	uint8_t material[32];
	enum err e;

	memset(material, fill, sizeof(material));
	NEED(kms_get_parameters_for_import(
		 &kms, key, "RSAES_OAEP_SHA_256", "RSA_2048", &p) == ERR_OK,
	    "parameters");
	wrap(buf_view(&p.public_key), VIEW(material, sizeof(material)), &blob);
	in.token = buf_view(&p.token);
	in.material = buf_view(&blob);
	e = kms_import_key_material_id(&kms, &in, id);
	buf_free(&blob);
	kms_import_parameters_free(&p);
	return (e);
}

static void
test_rotate(void)
{
	const char *key = key_new(
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EXTERNAL", false);
	char first[KMS_MATERIAL_ID_SIZE], second[KMS_MATERIAL_ID_SIZE];
	char id[KMS_MATERIAL_ID_SIZE];
	struct kms_page page = {.marker = ""};
	const struct kms_rotation *r;
	size_t waiting = 0;

	OK(import(key, 1, NULL, first) == ERR_OK && strlen(first) == 64,
	    "the material's id comes back");
	OK(import(key, 2, "EXISTING_KEY_MATERIAL", id) == ERR_WRONG_MATERIAL,
	    "another material is not the existing one");
	OK(import(key, 2, "NEW_KEY_MATERIAL", second) == ERR_OK &&
		strlen(second) == 64 && strcmp(first, second) != 0,
	    "it is a new one");
	NEED(kms_list_key_rotations(&kms, key, "ALL_KEY_MATERIAL", &page) ==
		     ERR_OK &&
		 page.rows.count == 2,
	    "both are listed");
	r = page.rows.ptr;
	for (size_t i = 0; i < page.rows.count; i++)
		waiting += strcmp(r[i].material_id, second) == 0 &&
			   strcmp(r[i].state, "PENDING_ROTATION") == 0 &&
			   strcmp(r[i].import_state, "IMPORTED") == 0 &&
			   strcmp(r[i].description, "from a test") == 0;
	OK(waiting == 1, "the new one waits");
	json_rows_free(&page.rows);
	OK(kms_rotate_key_on_demand(&kms, key) == ERR_OK, "RotateKeyOnDemand");
	OK(kms_rotate_key_on_demand(&kms, key) == ERR_KEY_STATE,
	    "there is nothing more to rotate to");
	NEED(kms_list_key_rotations(&kms, key, NULL, &page) == ERR_OK &&
		 page.rows.count == 1,
	    "one rotation was made");
	r = page.rows.ptr;
	OK(strcmp(r->type, "ON_DEMAND") == 0 && r->rotated != 0, "on demand");
	json_rows_free(&page.rows);
}

static void
test_regions(void)
{
	static struct kms_tag tag = {"owner", "a test"};
	const char *id = key_new("HMAC_256", "GENERATE_VERIFY_MAC", NULL, true);
	struct kms_replicate_in in = {.key = id,
	    .region = "us-west-2",
	    .description = "a replica",
	    .tags = {&tag, 1}};
	struct kms_key key = KMS_KEY_INIT;
	const struct kms_region_key *r;
	struct json_rows rows;
	char arn[KMS_ID_SIZE];

	OK(kms_replicate_key(&kms, &in, arn) == ERR_OK &&
		strstr(arn, ":us-west-2:") != NULL,
	    "ReplicateKey");
	NEED(
	    kms_describe_replicas(&kms, id, &rows) == ERR_OK && rows.count == 1,
	    "a replica is there");
	r = rows.ptr;
	OK(strcmp(r->arn, arn) == 0 && strcmp(r->region, "us-west-2") == 0,
	    "of that ARN and Region");
	json_rows_free(&rows);
	OK(kms_describe_key(&kms, id, &key) == ERR_OK &&
		key.multi_region_type == KMS_PRIMARY &&
		strcmp(key.primary.arn, key.arn) == 0 &&
		strstr(key.arn, key.primary.region) != NULL,
	    "a primary is its own primary");
	kms_key_free(&key);
	OK(kms_replicate_key(&kms, &in, arn) == ERR_EXISTS, "once a Region");
}

static void
test_changes(void)
{
	static struct kms_tag tag = {"owner", "a test"};
	const struct json_rows tags = {&tag, 1};
	const char *id = key_new("SYMMETRIC_DEFAULT", NULL, NULL, false);
	struct kms_key key = KMS_KEY_INIT;
	struct kms_page page = {.marker = ""};

	OK(kms_update_key_description(&kms, id, "of a test") == ERR_OK &&
		kms_disable_key(&kms, id) == ERR_OK &&
		kms_describe_key(&kms, id, &key) == ERR_OK &&
		view_equal(buf_view(&key.description), VIEW_STR("of a test")) &&
		key.state == KMS_STATE_DISABLED,
	    "described and disabled");
	kms_key_free(&key);
	OK(kms_enable_key(&kms, id) == ERR_OK &&
		kms_describe_key(&kms, id, &key) == ERR_OK &&
		key.state == KMS_STATE_ENABLED &&
		key.multi_region_type == KMS_REGION_TYPE_UNKNOWN,
	    "enabled");
	kms_key_free(&key);
	OK(kms_tag_resource(&kms, id, &tags) == ERR_OK &&
		kms_untag_resource(&kms, id, VIEW("owner", 6)) == ERR_OK &&
		kms_list_resource_tags(&kms, id, &page) == ERR_OK &&
		page.rows.count == 0,
	    "tagged and untagged");
	json_rows_free(&page.rows);
}

int
main(void)
{
	bool locked;

	testenv_start();
	kms = account_kms();
	NEED(arena_open(65536, &arena, &locked) == ERR_OK, "an arena");
	test_rsa();
	test_sign();
	test_mac();
	test_agree();
	test_data_key();
	test_rotate();
	test_regions();
	test_changes();
	arena_close(arena);
	testenv_stop();
	return (tap_done());
}
