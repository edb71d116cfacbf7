#include <stdio.h>
#include <string.h>
#include <openssl/rand.h>
#include "base/text.h"
#include "hex.h"
#include "service/edit.h"
#include "service/perform.h"
#include "service/service.h"
#include "service/sts.h"

#define TARGET "TrentService."
#define CALL_MEMORY (8 * 1024 * 1024)
#define KMS_TYPE "application/x-amz-json-1.1"

struct error_body {
	const char *type, *message;
};

static const struct json_field error_fields[] = {
    JSON_FIELD(struct error_body, type, "__type", STRING),
    JSON_FIELD(struct error_body, message, "message", STRING), JSON_END};

bool
service_open(struct service *s, const char *dir, const char *account, char *why,
    size_t size)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->account, sizeof(s->account), "%s", account);
	if (!store_open(dir, &s->store, why, size))
		return (false);
	snprintf(why, size, "out of memory");
	if ((s->rsa_stock = rsa_stock_open()) != NULL &&
	    (s->controls = controls_open(s->store)) != NULL &&
	    (s->cipher = cipher_new()) != NULL &&
	    (s->auth = auth_open(s->store, s->account)) != NULL &&
	    RAND_bytes((uint8_t *)&s->request_seed, sizeof(s->request_seed)) ==
		1)
		return (true);
	service_close(s);
	return (false);
}

void
service_close(struct service *s)
{
	auth_close(s->auth);
	cipher_free(s->cipher);
	controls_close(s->controls);
	rsa_stock_close(s->rsa_stock);
	store_close(s->store);
}

/* Where AWS gives no message, the member is absent too, as recorded. */
static void
put_error(struct web_reply *r, int status, const char *name, const char *text)
{
	struct error_body e = {name, text[0] == '\0' ? NULL : text};

	r->status = status;
	buf_reset(&r->body);
	if (json_encode(error_fields, &e, &r->body) != ERR_OK)
		r->delivery = WEB_CLOSE;
}

/* SplitMix64's mixing function: different numbers stay different. */
static uint64_t
mix_bits(uint64_t n)
{
	n *= UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return (n ^ n >> 31);
}

/* A UUID, which must be unique but need not be secret. */
static void
new_request_id(struct service *s, char id[37])
{
	uint64_t n[2];
	char h[33];

	n[0] = mix_bits(s->request_seed + ++s->requests);
	n[1] = mix_bits(n[0] ^ s->request_seed);
	hex_write((const uint8_t *)n, sizeof(n), h);
	text_uuid(h, id);
}

/* Replaces the body by the one that the fault asks for. */
static void
apply_fault(struct web_reply *r, const struct fault_plan *p)
{
	static const char html[] =
	    "<html><body><h1>502 Bad Gateway</h1></body></html>\n";
	static const char garbage[] = "\x7b\x22\x80\xff\x00{{[\"\\u12";
	static const char wrong[] =
	    "{\"KeyMetadata\":[],\"KeyId\":[1],\"Plaintext\":{},"
	    "\"CiphertextBlob\":17,\"ImportToken\":false,\"PublicKey\":[],"
	    "\"ParametersValidTo\":\"soon\",\"Keys\":{},\"Aliases\":\"\","
	    "\"Tags\":0,\"Truncated\":\"no\",\"NextMarker\":{},"
	    "\"Signature\":[],\"Mac\":1,\"SharedSecret\":true}";
	const size_t fill = 65536;

	if (p->body == BODY_HTML) {
		r->content_type = "text/html";
		r->status = p->status;
		buf_reset(&r->body);
		(void)buf_append(&r->body, VIEW_STR(html));
	} else if (p->body == BODY_GARBAGE) {
		buf_reset(&r->body);
		(void)buf_append(&r->body, VIEW_STR(garbage));
	} else if (p->body == BODY_WRONG_TYPE) {
		buf_reset(&r->body);
		(void)buf_append(&r->body, VIEW_STR(wrong));
	} else if (p->body == BODY_LARGE && r->body.len >= 1) {
		/* blanks before the last brace: long, but still JSON */
		r->body.len--;
		while (r->body.len + 1 < p->size) {
			size_t n = p->size - r->body.len - 1;
			size_t at = r->body.len;

			n = n < fill ? n : fill;
			if (buf_reserve(&r->body, at + n) != ERR_OK)
				break;
			memset(r->body.ptr + at, ' ', n);
			r->body.len = at + n;
		}
		(void)buf_append(&r->body, VIEW_STR("}"));
	}
}

/* A caller's clock may go as ours does, or follow the date of our replies,
 * which is ahead when time was moved forward. */
static bool
check_signature(struct service *s, const struct web_request *q, struct call *c)
{
	int64_t wall_ms = controls_wall_ms(s->controls);
	int64_t date_ms = controls_date_ms(s->controls);

	if (auth_check(s->auth, q, "kms", wall_ms, &c->caller, &c->exception))
		return (true);
	if (date_ms == wall_ms)
		return (false);
	c->exception = (struct exception){.kind = EXCEPTION_NONE};
	return (
	    auth_check(s->auth, q, "kms", date_ms, &c->caller, &c->exception));
}

static void
run_operation(struct service *s, const struct operation *op,
    const struct web_request *q, struct web_reply *r)
{
	struct call c = {.service = s,
	    .request_id = r->request_id,
	    .now_ms = controls_now_ms(s->controls),
	    .pool = POOL_INIT(CALL_MEMORY)};
	struct exception *e = &c.exception;
	bool ok;

	ok = check_signature(s, q, &c) && perform(&c, op, q->body);
	if (ok && c.reply != NULL &&
	    json_encode(c.reply, &c.out, &r->body) != ERR_OK)
		ok = exception_set(e, EXCEPTION_INTERNAL, "out of memory");
	if (ok && !edit_reply(s->controls, op->name, r))
		ok = exception_set(e, EXCEPTION_INTERNAL, "out of memory");
	if (!ok)
		put_error(r, e->status, e->name, e->message);
	call_free(&c);
}

static const struct operation *
find_operation(const struct web_request *q)
{
	const char *target = web_header(q, "x-amz-target");

	if (target == NULL || strcmp(q->method, "POST") != 0 ||
	    strncmp(target, TARGET, sizeof(TARGET) - 1) != 0)
		return (NULL);
	return (operation_find(view_str(target + sizeof(TARGET) - 1)));
}

void
service_answer(
    struct service *s, const struct web_request *q, struct web_reply *r)
{
	const struct operation *op = find_operation(q);
	struct fault_plan plan;

	r->status = 200;
	r->content_type = KMS_TYPE;
	r->date = controls_date_ms(s->controls) / 1000;
	new_request_id(s, r->request_id);
	controls_begin_request(s->controls, operation_number(op),
	    op == NULL ? "" : op->name, &plan);
	r->delay_ms = plan.delay_ms;
	if (plan.moment == FAULT_BEFORE)
		put_error(r, plan.status, plan.exception, plan.message);
	else if (op == NULL && sts_is_request(q))
		sts_answer(s, q, r);
	else if (op == NULL)
		put_error(
		    r, 400, exception_name(EXCEPTION_UNKNOWN_OPERATION), "");
	else
		run_operation(s, op, q, r);
	if (plan.moment == FAULT_NONE)
		return;
	r->delivery = plan.delivery;
	apply_fault(r, &plan);
}

void
service_answered(struct service *s)
{
	controls_end_request(s->controls);
}
