#include <string.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "hex.h"

/* clang-format off */
#define P0 \
    "8df2a494492276aa3d25759bb06869cbeac0d83afb8d0cf7cbb8324f0d7882e5" \
    "d0762fc5b7210eafc2e9adac32ab7aac49693dfbf83724c2ec0736ee31c80291"
#define Q0 \
    "c773218c737ec8ee993b4f2ded30f48edace915f"
#define G0 \
    "626d027839ea0a13413163a55b4cb500299d5522956cefcb3bff10f399ce2c2e" \
    "71cb9de5fa24babf58e5b79521925c9cc42e9f6f464b088cc572af53e6d78802"
#define X0 \
    "2070b3223dba372fde1c0ffc7b2e3b498b260614"
#define Y0 \
    "19131871d75b1612a819f29d78d1b0d7346f7aa77bb62a859bfd6c5675da9d21" \
    "2d3a36ef1672ef660b8c7c255cc0ec74858fba33f44c06699630a76b030ee333"
#define P1 \
    "86f5ca03dcfeb225063ff830a0c769b9dd9d6153ad91d7ce27f787c43278b447" \
    "e6533b86b18bed6e8a48b784a14c252c5be0dbf60b86d6385bd2f12fb763ed88" \
    "73abfd3f5ba2e0a8c0a59082eac056935e529daf7c610467899c77adedfc846c" \
    "881870b7b19b2b58f9be0521a17002e3bdd6b86685ee90b3d9a1b02b782b1779"
#define Q1 \
    "996f967f6c8e388d9e28d01e205fba957a5698b1"
#define G1 \
    "07b0f92546150b62514bb771e2a0c0ce387f03bda6c56b505209ff25fd3c133d" \
    "89bbcd97e904e09114d9a7defdeadfc9078ea544d2e401aeecc40bb9fbbf78fd" \
    "87995a10a1c27cb7789b594ba7efb5c4326a9fe59a070e136db77175464adca4" \
    "17be5dce2f40d10a46a3a3943f26ab7fd9c0398ff8c76ee0a56826a8a88f1dbd"
#define X1 \
    "411602cb19a6ccc34494d79d98ef1e7ed5af25f7"
#define Y1 \
    "5df5e01ded31d0297e274e1691c192fe5868fef9e19a84776454b100cf16f653" \
    "92195a38b90523e2542ee61871c0440cb87c322fc4b4d2ec5e1e7ec766e1be8d" \
    "4ce935437dc11c3c8fd426338933ebfe739cb3465f4d3668c5e473508253b1e6" \
    "82f65cbdc4fae93c2ea212390e54905a86e2223170b44eaa7da5dd9ffcfb7f3b"
#define P2 \
    "9db6fb5951b66bb6fe1e140f1d2ce5502374161fd6538df1648218642f0b5c48" \
    "c8f7a41aadfa187324b87674fa1822b00f1ecf8136943d7c55757264e5a1a44f" \
    "fe012e9936e00c1d3e9310b01c7d179805d3058b2a9f4bb6f9716bfe6117c6b5" \
    "b3cc4d9be341104ad4a80ad6c94e005f4b993e14f091eb51743bf33050c38de2" \
    "35567e1b34c3d6a5c0ceaa1a0f368213c3d19843d0b4b09dcb9fc72d39c8de41" \
    "f1bf14d4bb4563ca28371621cad3324b6a2d392145bebfac748805236f5ca2fe" \
    "92b871cd8f9c36d3292b5509ca8caa77a2adfc7bfd77dda6f71125a7456fea15" \
    "3e433256a2261c6a06ed3693797e7995fad5aabbcfbe3eda2741e375404ae25b"
#define Q2 \
    "f2c3119374ce76c9356990b465374a17f23f9ed35089bd969f61c6dde9998c1f"
#define G2 \
    "5c7ff6b06f8f143fe8288433493e4769c4d988ace5be25a0e24809670716c613" \
    "d7b0cee6932f8faa7c44d2cb24523da53fbe4f6ec3595892d1aa58c4328a06c4" \
    "6a15662e7eaa703a1decf8bbb2d05dbe2eb956c142a338661d10461c0d135472" \
    "085057f3494309ffa73c611f78b32adbb5740c361c9f35be90997db2014e2ef5" \
    "aa61782f52abeb8bd6432c4dd097bc5423b285dafb60dc364e8161f4a2a35aca" \
    "3a10b1c4d203cc76a470a33afdcbdd92959859abd8b56e1725252d78eac66e71" \
    "ba9ae3f1dd2487199874393cd4d832186800654760e1e34c09e4d155179f9ec0" \
    "dc4473f996bdce6eed1cabed8b6f116f7ad9cf505df0f998e34ab27514b0ffe7"
#define X2 \
    "69c7548c21d0dfea6b9a51c9ead4e27c33d3b3f180316e5bcab92c933f0e4dbc"
#define Y2 \
    "667098c654426c78d7f8201eac6c203ef030d43605032c2f1fa937e5237dbd94" \
    "9f34a0a2564fe126dc8b715c5141802ce0979c8246463c40e6b6bdaa2513fa61" \
    "1728716c2e4fd53bc95b89e69949d96512e873b9c8f8dfd499cc312882561ade" \
    "cb31f658e934c0c197f2c4d96b05cbad67381e7b768891e4da3843d24d94cdfb" \
    "5126e9b8bf21e8358ee0e0a30ef13fd6a664c0dce3731f7fb49a4845a4fd8254" \
    "687972a2d382599c9bac4e0ed7998193078913032558134976410b89d2c171d1" \
    "23ac35fd977219597aa7d15c1a9a428e59194f75c721ebcbcfae44696a499afa" \
    "74e04299f132026601638cb87ab79190d4a0986315da8eec6561c938996beadf"
#define P3 \
    "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b61" \
    "6073e28675a23d189838ef1e2ee652c013ecb4aea906112324975c3cd49b83bf" \
    "accbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0" \
    "a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371"
#define G3 \
    "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31" \
    "266fea1e5c41564b777e690f5504f213160217b4b01b886a5e91547f9e2749f4" \
    "d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28a" \
    "d662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5"
#define X3 \
    "b9a3b3ae8fefc1a2930496507086f8455d48943e"
#define Y3 \
    "2a853b3d92197501b9015b2deb3ed84f5e021dcc3e52f109d3273d2b7521281c" \
    "babe0e76ff5727fa8acce26956ba9a1fca26f20228d8693feb10841d84a73600" \
    "54ece5a7f5b7a61ad3dfb3c60d2e43106d8727da37df9cce95b478755d06bcea" \
    "8f9d45965f75a5f3d1df3701165fc9e50c4279ceb07f989540ae96d5d88ed776"
/* clang-format on */

static void
take(const char *digits, struct number *n)
{
	n->len = strlen(digits) / 2;
	if (!hex_read(digits, n->bytes, n->len))
		tap_bail();
}

void
ffc_key_512(struct ffc_key *k)
{
	k->type = CKK_DSA;
	take(P0, &k->p);
	take(Q0, &k->q);
	take(G0, &k->g);
	take(X0, &k->x);
	take(Y0, &k->y);
}

void
ffc_key_1024(struct ffc_key *k)
{
	k->type = CKK_DSA;
	take(P1, &k->p);
	take(Q1, &k->q);
	take(G1, &k->g);
	take(X1, &k->x);
	take(Y1, &k->y);
}

void
ffc_key_2048(struct ffc_key *k)
{
	k->type = CKK_DSA;
	take(P2, &k->p);
	take(Q2, &k->q);
	take(G2, &k->g);
	take(X2, &k->x);
	take(Y2, &k->y);
}

void
ffc_key_dh(struct ffc_key *k)
{
	k->type = CKK_DH;
	k->q.len = 0;
	take(P3, &k->p);
	take(G3, &k->g);
	take(X3, &k->x);
	take(Y3, &k->y);
}

static void
put_bn(const BIGNUM *n, struct number *to)
{
	to->len = (CK_ULONG)BN_num_bytes(n);
	if (to->len > sizeof(to->bytes))
		tap_bail();
	(void)BN_bn2bin(n, to->bytes);
}

/* The prime times 2mq + 1; a base that is the published one to the prime, and
 * 1 to the other factor, has the same order. */
void
ffc_key_lengthen(struct ffc_key *k, int bits)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = BN_bin2bn(k->p.bytes, (int)k->p.len, NULL);
	BIGNUM *q = BN_bin2bn(k->q.bytes, (int)k->q.len, NULL);
	BIGNUM *g = BN_bin2bn(k->g.bytes, (int)k->g.len, NULL);
	BIGNUM *y = BN_bin2bn(k->x.bytes, (int)k->x.len, NULL);
	BIGNUM *r = BN_new(), *n = BN_new();

	NEED(BN_set_bit(r, bits - BN_num_bits(p) - BN_num_bits(q)) == 1 &&
		 BN_mul(r, r, q, ctx) == 1 && BN_lshift1(r, r) == 1 &&
		 BN_add_word(r, 1) == 1 && BN_mul(n, p, r, ctx) == 1 &&
		 /* 1 + r * ((g - 1) / r mod p) */
		 BN_sub_word(g, 1) == 1 &&
		 BN_mod_inverse(q, r, p, ctx) != NULL &&
		 BN_mod_mul(g, g, q, p, ctx) == 1 &&
		 BN_mul(g, g, r, ctx) == 1 && BN_add_word(g, 1) == 1 &&
		 BN_mod_exp(y, g, y, n, ctx) == 1,
	    "a longer key");
	COUNT((CK_ULONG)BN_num_bits(n), (CK_ULONG)bits, "its bits");
	put_bn(n, &k->p);
	put_bn(g, &k->g);
	put_bn(y, &k->y);
	BN_free(p);
	BN_free(q);
	BN_free(g);
	BN_free(y);
	BN_free(r);
	BN_free(n);
	BN_CTX_free(ctx);
}

static CK_ULONG
put_group(struct ffc_key *k, CK_ATTRIBUTE *t)
{
	CK_ULONG n = 0;

	t[n++] = (CK_ATTRIBUTE)A_BYTES(CKA_PRIME, k->p.bytes, k->p.len);
	t[n++] = (CK_ATTRIBUTE)A_BYTES(CKA_BASE, k->g.bytes, k->g.len);
	if (k->type == CKK_DSA)
		t[n++] = (CK_ATTRIBUTE)A_BYTES(
		    CKA_SUBPRIME, k->q.bytes, k->q.len);
	return (n);
}

CK_ULONG
ffc_key_template(
    struct ffc_key *k, CK_OBJECT_CLASS *class, CK_ATTRIBUTE t[FFC_ROWS])
{
	bool private = *class == CKO_PRIVATE_KEY;
	struct number *value = private ? &k->x : &k->y;
	CK_ULONG n = 0;

	t[n++] = (CK_ATTRIBUTE)A(CKA_CLASS, *class);
	t[n++] = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, k->type);
	t[n++] = (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, value->bytes, value->len);
	n += put_group(k, t + n);
	if (!private)
		return (n);
	t[n++] = (CK_ATTRIBUTE)A(CKA_SENSITIVE, no);
	if (k->type == CKK_DH)
		t[n++] = (CK_ATTRIBUTE)A(CKA_DERIVE, yes);
	return (n);
}

CK_RV
ffc_key_create(struct ffc_key *k, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[FFC_ROWS];
	CK_ULONG n = ffc_key_template(k, &class, t);

	return (p11->C_CreateObject(rw, t, n, h));
}

static void
read_number(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct number *n)
{
	n->len = attr(h, type, n->bytes, sizeof(n->bytes));
	NEED(n->len <= sizeof(n->bytes), "attribute 0x%lx", type);
}

void
ffc_key_read(CK_OBJECT_HANDLE h, struct ffc_key *k)
{
	bool private = attr_number(h, CKA_CLASS) == CKO_PRIVATE_KEY;

	k->type = attr_number(h, CKA_KEY_TYPE);
	k->x.len = k->y.len = k->q.len = 0;
	read_number(h, CKA_PRIME, &k->p);
	read_number(h, CKA_BASE, &k->g);
	if (k->type == CKK_DSA)
		read_number(h, CKA_SUBPRIME, &k->q);
	read_number(h, CKA_VALUE, private ? &k->x : &k->y);
}

CK_RV
ffc_key_generate(struct ffc_key *k, CK_MECHANISM_TYPE type,
    const CK_ATTRIBUTE *private, struct pair_handles *p)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE public_t[3],
	    private_t[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
		A(CKA_SIGN, yes)};
	CK_ULONG n = put_group(k, public_t);

	if (k->type == CKK_DH)
		private_t[2].type = CKA_DERIVE;
	if (private != NULL)
		private_t[0] = *private;
	return (p11->C_GenerateKeyPair(
	    rw, &m, public_t, n, private_t, 3, &p->public, &p->private));
}

EVP_PKEY *
ffc_key_openssl(CK_OBJECT_HANDLE h)
{
	CK_BYTE info[3000];
	const CK_BYTE *p = info;
	CK_ULONG n = attr(h, CKA_PUBLIC_KEY_INFO, info, sizeof(info));
	EVP_PKEY *k = n <= sizeof(info) ? d2i_PUBKEY(NULL, &p, (long)n) : NULL;

	NEED(k != NULL && p == info + n, "OpenSSL reads CKA_PUBLIC_KEY_INFO");
	return (k);
}

bool
ffc_key_has(const EVP_PKEY *k, const char *name, const struct number *n)
{
	BIGNUM *of_key = NULL, *given = BN_bin2bn(n->bytes, (int)n->len, NULL);
	bool same = EVP_PKEY_get_bn_param(k, name, &of_key) == 1 &&
		    BN_cmp(of_key, given) == 0;

	BN_free(of_key);
	BN_free(given);
	return (same);
}
