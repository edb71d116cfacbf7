#include <string.h>
#include "region-list.h"

/* arn:PARTITION:kms:REGION:... */
static struct view
region_of(const char *arn)
{
	for (int i = 0; i < 3 && arn != NULL; i++)
		if ((arn = strchr(arn, ':')) != NULL)
			arn++;
	return (arn == NULL ? view_str("") : VIEW(arn, strcspn(arn, ":")));
}

static enum err
put_region(struct buf *out, struct view region)
{
	enum err e = out->len == 0 ? ERR_OK : buf_puts(out, " ");

	return (e == ERR_OK ? buf_append(out, region) : e);
}

CK_RV
region_list_read(struct call *c, const struct object *o, struct buf *out)
{
	const struct kms_key *k = &o->key->meta;
	struct json_rows rows = {NULL, 0};
	const struct kms_region_key *replicas;
	enum err e;

	if (k->multi_region != JSON_TRUE) {
		e = put_region(out, region_of(k->arn));
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	}
	if ((e = kms_describe_replicas(&c->kms, k->id, &rows)) == ERR_OK)
		e = put_region(out, view_str(k->primary.region));
	replicas = rows.ptr;
	for (size_t i = 0; i < rows.count && e == ERR_OK; i++)
		e = put_region(out, view_str(replicas[i].region));
	json_rows_free(&rows);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
