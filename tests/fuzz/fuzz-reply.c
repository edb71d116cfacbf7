/* Whatever a server answers, each request's reply is taken or refused whole. */
#include <stddef.h>
#include "kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
answer(void *ctx, const char *operation, struct view body,
    const struct deadline *deadline, struct buf *reply,
    struct error_info *error)
{
	(void)operation, (void)body, (void)deadline, (void)error;
	return (buf_append(reply, *(const struct view *)ctx));
}

static void
describe(struct kms *kms)
{
	struct kms_key key = KMS_KEY_INIT;

	(void)kms_describe_key(kms, "k", &key);
	kms_key_free(&key);
}

static void
parameters(struct kms *kms)
{
	struct kms_import_parameters p = KMS_IMPORT_PARAMETERS_INIT;

	(void)kms_get_parameters_for_import(
	    kms, "k", "RSAES_OAEP_SHA_256", "RSA_3072", &p);
	kms_import_parameters_free(&p);
}

static void
aliases(struct kms *kms)
{
	struct kms_page page = {.marker = ""};

	(void)kms_list_aliases(kms, NULL, &page);
	json_rows_free(&page.rows);
}

static void
decrypt(struct kms *kms)
{
	struct kms_crypt_in in = {.key = "k", .data = VIEW_STR("x")};
	struct buf out = BUF_INIT(KMS_PLAINTEXT_MAX);

	(void)kms_decrypt(kms, &in, &out);
	buf_free(&out);
}

/* The first byte chooses the request, the rest is the reply. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const requests[])(struct kms *) = {
	    describe, parameters, aliases, decrypt};
	const size_t count = sizeof(requests) / sizeof(requests[0]);
	struct view reply;
	struct transport transport = {.post = answer, .ctx = &reply};
	struct kms kms = {.transport = &transport};

	if (len == 0)
		return (0);
	reply = VIEW(data + 1, len - 1);
	kms.deadline = deadline_in(&clock_system, 1000);
	requests[data[0] % count](&kms);
	return (0);
}
