#ifndef LOCALKMS_OUTPUT_H
#define LOCALKMS_OUTPUT_H
#include "json.h"

/*
 * What replies are made of: each operation's table names the members it
 * gives. Texts live in the call's memory or for ever.
 */
struct output_key {
	const char *id, *arn;
};

struct output_alias {
	const char *name, *arn, *target;
	double created, updated;
};

struct output_tag {
	const char *key, *value;
};

struct output_region {
	const char *arn, *region;
};

struct output_rotation {
	const char *key_id, *material_id, *description, *import_state, *state,
	    *expiration, *type;
	double valid_to, date;
};

struct output {
	const char *key_id;
	const char *material_id;

	/* KeyMetadata */
	struct output_metadata {
		const char *account, *id, *arn, *description, *usage, *state,
		    *origin, *manager, *master_spec, *spec, *expiration,
		    *material_id;
		double created, deletion, valid_to, window;
		enum json_bool enabled, multi_region;
		struct view encryption, signing, mac, agreement, encapsulation;
		const char *region_type;
		const char *primary_arn, *primary_region;
		struct json_rows replicas; /* of struct output_region */
	} key;

	/* lists */
	struct json_rows rows;
	struct view names;
	const char *next_marker;
	enum json_bool truncated;

	/* import */
	struct view token, public_key;
	double valid_to;

	/* deletion, rotation, policy */
	const char *state, *policy, *policy_name;
	double deletion, window, period, next_rotation;
	enum json_bool rotation_enabled;

	/* GetKeyLastUsage */
	const char *use_operation, *use_event, *use_request;
	double used, tracked;

	/* cryptography */
	struct view ciphertext, plaintext, private_ciphertext, signature, mac,
	    secret;
	const char *algorithm, *source_algorithm, *source_key_id,
	    *source_material_id, *spec, *origin;
	enum json_bool valid;
};

#define OUT(member, name, kind) JSON_FIELD(struct output, member, name, kind)

/* The members of KeyMetadata, and of those of a multi-Region key. */
extern const struct json_field output_metadata[];
extern const struct json_field output_metadata_regions[];
extern const struct json_field output_tag_row[];
#endif
