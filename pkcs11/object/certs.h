#ifndef CERTS_H
#define CERTS_H
#include "cryptoki/cryptoki.h"
#include "cryptoki/template.h"

struct call;
struct object;

/* Looks at the directory: its objects appear, change or vanish. */
CK_RV certs_refresh(struct call *);
/* Whether there is a certificate that takes its names from a key. */
bool certs_need_key_names(struct call *);

/* C_CreateObject, C_SetAttributeValue and C_DestroyObject. */
CK_RV certs_create(struct call *, struct template, CK_OBJECT_HANDLE *);
CK_RV certs_set(struct call *, const struct object *, struct template);
CK_RV certs_destroy(struct call *, const struct object *);
#endif
