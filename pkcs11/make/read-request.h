#ifndef READ_REQUEST_H
#define READ_REQUEST_H
#include "cryptoki/template.h"
#include "kms/key-request.h"
#include "token/call.h"

/*
 * From a caller's template to a request for a key in KMS. All that the template
 * alone can be refused for is refused here, before KMS is asked for anything.
 */

/* C_CreateObject. A public key's request has a class and nothing else: it is
 * the half of a key that exists. */
CK_RV read_create(struct call *, struct template, struct key_request *);
/* C_UnwrapKey with the import pair that the key is. */
CK_RV read_unwrap(
    struct call *, struct template, const struct key *, struct key_request *);
void key_request_free(struct key_request *);

/* Parts of a request, for templates that generate. */

/* Whether the template asks for a key in KMS, and the session can make one. */
CK_RV read_place(struct call *, struct template);
/* The usages that the template's flags ask for: bits of enum key_usage. */
unsigned read_usages(struct template);
/*
 * The usage of a new key, unless the request has one. A key in KMS has one;
 * programs ask for all that they know, or for none. Signing comes first; the
 * log says what was left out. With two-usages = both and the material in the
 * request a private key is to have each of them, and all that KMS has where
 * the template asks for none.
 * wanted: bits of read_usages(), of both halves of a pair.
 */
CK_RV choose_usage(struct call *, struct key_request *, unsigned wanted);
/* CKA_ALLOWED_MECHANISMS, when the usage is chosen: KMS keeps no such list. One
 * that has something of what the key will do is taken, and the log says so;
 * CKR_TEMPLATE_INCONSISTENT for another. */
CK_RV check_allowed(struct call *, struct template, const struct key_request *);
/* CKR_TEMPLATE_INCONSISTENT if the template has a restriction that KMS does not
 * keep: a key without it would do more than the program wants. */
CK_RV check_kept(struct call *, struct template);
/* What a new key gets beside its kind, use and names: tags, and whether it is
 * multi-Region. */
CK_RV read_new_key(struct call *, struct template, struct key_request *);
/* Label and id, out of both templates of a pair (or one that is empty), if
 * aliases can hold them. Where they differ, the private half's count, and the
 * log says so. */
CK_RV read_names(struct call *, struct template public_t,
    struct template private_t, struct key_request *);
#endif
