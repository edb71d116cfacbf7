#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "move.h"

#define BAR_WIDTH 24
#define LABEL_COLUMNS 24

/* Names of fates: for people in the plan, after it, and in JSON. */
static const struct {
	const char *planned, *done, *json;
} fates[] = {
    [FATE_GOES] = {"goes", "would go", "planned"},
    [FATE_THERE] = {"is there already", "there already", "there"},
    [FATE_CANNOT] = {"stays", "cannot", "refused"},
    [FATE_MOVED] = {"", "moved", "moved"},
    [FATE_FAILED] = {"", "failed", "failed"},
    [FATE_LEFT] = {"", "not tried", "left"},
};
#define FATE_COUNT (sizeof(fates) / sizeof(fates[0]))

/* Text that has names of tokens in it, of which a terminal obeys nothing. */
static void
print_text(FILE *f, const char *text)
{
	const struct blob b = {(CK_BYTE *)(uintptr_t)text, strlen(text)};

	text_print(f, &b);
}

static void
print_reason(FILE *f, const struct key *k)
{
	if (k->reason[0] != '\0') {
		fputs(": ", f);
		print_text(f, k->reason);
	}
	putc('\n', f);
}

static void
print_name(FILE *f, const struct key *k)
{
	size_t columns = text_print(f, &k->label);

	fprintf(f, "%*s  id ",
	    columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 0, "");
	text_print_hex(f, &k->id);
	fprintf(f, "  %s", k->name);
	if (k->kind == NULL)
		fprintf(f, " (CKK 0x%lx)", k->type);
}

static void
print_way(FILE *f, const struct plan *p, const struct key *k)
{
	fprintf(f, ", wrapped by %s, %s", way_name(k->way), hash_name(k->hash));
	if (p->to_keyferry)
		fprintf(f, ", to %s", usage_name(k->usage));
	if (k->pair_left)
		fputs(", with the import pair that is there", f);
}

void
report_plan(const struct plan *p, FILE *f)
{
	const struct token *from = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct key *k = &p->keys[i];

		if (k->from != from) {
			from = k->from;
			fputs("from ", f);
			print_text(f, from->label);
			fputs(" to ", f);
			print_text(f, p->to->label);
			fputs(":\n", f);
		}
		fputs("  ", f);
		print_name(f, k);
		fprintf(f, ": %s", fates[k->fate].planned);
		if (k->fate == FATE_GOES)
			print_way(f, p, k);
		print_reason(f, k);
	}
}

static void
print_bar(const struct key *k, size_t done, size_t of)
{
	size_t full = of == 0 ? BAR_WIDTH : done * BAR_WIDTH / of;

	fputs("\r[", stderr);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		putc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %zu/%zu ", done, of);
	if (k != NULL)
		text_print(stderr, &k->label);
	fputs(k == NULL ? "\033[K\n" : "\033[K", stderr);
}

void
report_progress(
    const struct plan *p, const struct key *k, size_t done, size_t of)
{
	if (p->wishes.quiet)
		return;
	if (isatty(STDERR_FILENO)) {
		print_bar(k, done, of);
		return;
	}
	if (k == NULL)
		return;
	fprintf(stderr, "%zu/%zu %s ", done, of, fates[k->fate].done);
	print_name(stderr, k);
	print_reason(stderr, k);
}

void
report_result(const struct plan *p, FILE *f)
{
	const char *comma = ": ";
	size_t n;

	for (size_t i = 0; i < p->count && !p->wishes.dry_run; i++) {
		const struct key *k = &p->keys[i];

		if (k->fate == FATE_MOVED || k->fate == FATE_THERE)
			continue;
		fprintf(f, "%s: ", fates[k->fate].done);
		print_name(f, k);
		print_reason(f, k);
	}
	fprintf(f, "%zu key%s", p->count, p->count == 1 ? "" : "s");
	for (size_t fate = 0; fate < FATE_COUNT; fate++) {
		if ((n = plan_count(p, (enum fate)fate)) == 0)
			continue;
		fprintf(f, "%s%zu %s", comma, n, fates[fate].done);
		comma = ", ";
	}
	putc('\n', f);
	if (p->to_keyferry && plan_count(p, FATE_FAILED) != 0)
		fputs(
		    "KEYFERRY_LOG=stderr in the environment tells more.\n", f);
}

static void
json_text(FILE *f, const char *name, const char *text)
{
	fprintf(f, "\"%s\":", name);
	text_print_json(f, text, strlen(text));
	putc(',', f);
}

void
report_json(const struct plan *p, const struct key *k, FILE *f)
{
	fputs("{\"label\":", f);
	text_print_json(f, k->label.ptr, k->label.len);
	fputs(",\"id\":\"", f);
	text_print_hex(f, &k->id);
	fputs("\",", f);
	json_text(f, "from", k->from->label);
	json_text(f, "to", p->to->label);
	json_text(f, "type", k->name);
	fprintf(f, "\"size\":%lu,", k->bits);
	json_text(f, "usage", p->to_keyferry ? usage_name(k->usage) : "");
	json_text(f, "mechanism", k->way == NULL ? "" : way_name(k->way));
	json_text(f, "hash", k->way == NULL ? "" : hash_name(k->hash));
	json_text(f, "result", fates[k->fate].json);
	json_text(f, "reason", k->reason);
	fputs("\"unique_id\":", f);
	text_print_json(f, k->unique_id.ptr, k->unique_id.len);
	fputs("}\n", f);
}
