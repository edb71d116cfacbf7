#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cryptoki/rv-name.h"
#include "clock.h"
#include "move-report.h"
#include "text.h"
#include "write-json.h"

#define BAR_WIDTH 24
#define LABEL_COLUMNS 24
#define MINUTE 60
#define HOUR 3600

/* Names of a status: in the plan, in the result, and in JSON. Behind them comes
 * what the command does, where that is said. */
static const struct {
	const char *planned, *done, *json;
	bool verb;
} status_names[] = {
    [STATUS_PLANNED] = {"will be ", "to be ", "planned", true},
    [STATUS_SAME_NAME] = {"same name on the target, will be compared",
	"to be compared", "same-name", false},
    [STATUS_PRESENT] = {"is on the target already", "on the target already",
	"there", false},
    [STATUS_RENEWED] = {"", "renewed", "renewed", false},
    [STATUS_REFUSED] = {"", "cannot be ", "refused", true},
    [STATUS_NOT_COMPARED] = {"same name on the target, not compared",
	"same name on the target, not compared", "not-compared", false},
    [STATUS_DIFFERENT] = {"another key of its name is on the target",
	"another key of its name on the target", "different", false},
    [STATUS_MOVED] = {"", "", "", true},
    [STATUS_FAILED] = {"", "failed", "failed", false},
    [STATUS_NOT_TRIED] = {"", "not tried", "left", false},
    [STATUS_DIFFERS] = {"is not as the manifest says",
	"not as the manifest says", "differs", false},
    [STATUS_MISSING] = {"is missing", "missing", "missing", false},
    [STATUS_NOT_KNOWN] = {"may be there, or not", "not known", "not-known",
	false},
};
static const char *
verb(const struct plan *p, enum key_status status)
{
	return (status_names[status].verb ? p->words->done : "");
}

/* The name of where the key comes from. */
static const char *
source(const struct key *k)
{
	return (k->from != NULL ? k->from->label : k->file);
}

#define STATUS_COUNT (sizeof(status_names) / sizeof(status_names[0]))

/* Text with names of tokens in it: a terminal must not act on those. */
static void
print_text(FILE *f, const char *text)
{
	text_print(f, view_str(text));
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
	size_t columns = text_print(f, buf_view(&k->label));

	fprintf(f, "%*s  id ",
	    columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 0, "");
	text_print_hex(f, buf_view(&k->id));
	text_printf(f, "  %s", k->name);
	if (k->check_value[0] != '\0')
		fprintf(f, ", check value %s", k->check_value);
	if (k->spec == NULL && k->from != NULL)
		fprintf(f, " (CKK 0x%lx)", k->type);
}

/* The names on the source, where they are others. */
static void
print_own_names(FILE *f, const struct key *k)
{
	if (k->from == NULL ||
	    (view_equal(buf_view(&k->label), buf_view(&k->own_label)) &&
		view_equal(buf_view(&k->id), buf_view(&k->own_id))))
		return;
	fputs(", on the source ", f);
	text_print(f, buf_view(&k->own_label));
	fputs(" id ", f);
	text_print_hex(f, buf_view(&k->own_id));
}

static void
print_method(FILE *f, const struct plan *p, const struct key *k)
{
	char lost[LOST_SIZE], name[RV_NAME_SIZE];

	if (k->method != NULL)
		fprintf(f, ", wrapped with %s, %s", method_name(k->method),
		    hash_name(k->hash));
	if (k->method != NULL && k->pair_bits != p->options.bits)
		fprintf(f, ", RSA-%lu", k->pair_bits);
	if (p->to_keyferry)
		fprintf(f, ", to %s", usage_name(k->usage));
	if (k->hmac != NULL)
		fprintf(f, ", as %s", hmac_name(k->hmac));
	if (k->wish.tags != NULL) {
		fputs(", with tags ", f);
		print_text(f, k->wish.tags);
	}
	if (k->wish.multi_region != NOT_SAID)
		fputs(k->wish.multi_region == SAID_YES ? ", multi-Region"
						       : ", of one Region",
		    f);
	if (k->has_import_pair)
		fputs(", using the import pair on the target", f);
	if (k->into != NULL) {
		fputs(k->new_material ? ", as new material of " : ", into ", f);
		print_text(f, k->into);
	}
	key_lost_usages(k, lost);
	if (p->to_keyferry && lost[0] != '\0')
		fprintf(f, ", without: %s", lost);
	if (k->has_certificate)
		fputs(", without its certificate", f);
	if (k->certificate_rv != CKR_OK)
		fprintf(f,
		    ", without its certificate, if it has one: looking for it "
		    "failed: %s",
		    rv_name(k->certificate_rv, name));
}

void
report_plan(const struct plan *p, FILE *f)
{
	const char *from = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct key *k = &p->keys[i];

		if (source(k) != from) {
			from = source(k);
			fputs("from ", f);
			print_text(f, from);
			fputs(" to ", f);
			print_text(f, p->to->label);
			fputs(":\n", f);
		}
		fputs("  ", f);
		print_name(f, k);
		print_own_names(f, k);
		fprintf(f, ": %s%s", status_names[k->status].planned,
		    k->status == STATUS_REFUSED ? p->words->refused
						: verb(p, k->status));
		if (key_is_open(k))
			print_method(f, p, k);
		print_reason(f, k);
	}
}

struct progress
progress_begin(size_t total)
{
	return ((struct progress){.total = total,
	    .begun_ms = clock_system.mono_ms(clock_system.ctx)});
}

/* "40/min, 3 min left", once a key is done. */
static void
print_rate(const struct progress *g)
{
	long long left, per_minute, done = (long long)g->done;
	long long ms = clock_system.mono_ms(clock_system.ctx) - g->begun_ms;

	if (done == 0)
		return;
	per_minute = done * MINUTE * 1000 / (ms > 0 ? ms : 1);
	text_printf(stderr, "%lld/min ", per_minute);
	if (g->done >= g->total)
		return;
	left = ms * (long long)(g->total - g->done) / done / 1000;
	if (left >= HOUR)
		text_printf(stderr, "%lld h %lld min left ", left / HOUR,
		    left % HOUR / MINUTE);
	else if (left >= MINUTE)
		text_printf(stderr, "%lld min left ", left / MINUTE);
	else
		text_printf(stderr, "%lld s left ", left);
}

static void
print_bar(const struct key *k, const struct progress *g)
{
	size_t full = g->total == 0 ? BAR_WIDTH
				    : g->done * BAR_WIDTH / g->total;

	fputs("\r[", stderr);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		putc(i < full ? '#' : '.', stderr);
	text_printf(stderr, "] %zu/%zu ", g->done, g->total);
	print_rate(g);
	if (k != NULL)
		text_print(stderr, buf_view(&k->label));
	fputs(k == NULL ? "\033[K\n" : "\033[K", stderr);
}

/* Of one of several targets. */
static void
print_target(FILE *f, const struct plan *p)
{
	if (!p->names_target)
		return;
	fputs(", to ", f);
	print_text(f, p->to->label);
}

void
report_progress(
    const struct plan *p, const struct key *k, const struct progress *g)
{
	if (!p->options.quiet && isatty(STDERR_FILENO))
		print_bar(k, g);
}

void
report_result(const struct plan *p, FILE *f)
{
	const char *comma = ": ";
	size_t n;

	for (size_t i = 0; i < p->count && !p->options.dry_run; i++) {
		const struct key *k = &p->keys[i];

		if (k->status == STATUS_MOVED || k->status == STATUS_PRESENT ||
		    k->status == STATUS_RENEWED)
			continue;
		fprintf(f, "%s%s: ", status_names[k->status].done,
		    verb(p, k->status));
		print_name(f, k);
		print_target(f, p);
		print_reason(f, k);
	}
	fprintf(f, "%zu key%s", p->count, p->count == 1 ? "" : "s");
	print_target(f, p);
	for (size_t status = 0; status < STATUS_COUNT; status++) {
		if ((n = plan_count(p, (enum key_status)status)) == 0)
			continue;
		fprintf(f, "%s%zu %s%s", comma, n, status_names[status].done,
		    verb(p, (enum key_status)status));
		comma = ", ";
	}
	putc('\n', f);
}

static void
json_text(struct json_writer *w, const char *name, const char *text)
{
	write_json_text(w, name, view_str(text));
}

void
report_json(const struct plan *p, const struct key *k, FILE *f)
{
	struct json_writer w;
	char lost[LOST_SIZE], name[RV_NAME_SIZE];

	write_json_begin(&w, f);
	write_json_text(&w, "label", buf_view(&k->label));
	write_json_hex(&w, "id", buf_view(&k->id));
	if (k->from != NULL) {
		write_json_text(&w, "source_label", buf_view(&k->own_label));
		write_json_hex(&w, "source_id", buf_view(&k->own_id));
	}
	json_text(&w, "from", source(k));
	json_text(&w, "to", p->to->label);
	json_text(&w, "type", k->name);
	write_json_number(&w, "size", (long long)k->bits);
	json_text(&w, "usage", p->to_keyferry ? usage_name(k->usage) : "");
	key_lost_usages(k, lost);
	json_text(&w, "lost_usages", p->to_keyferry ? lost : "");
	json_text(&w, "hmac", k->hmac == NULL ? "" : hmac_name(k->hmac));
	write_json_bool(&w, "certificate", k->has_certificate);
	if (k->certificate_rv != CKR_OK)
		json_text(
		    &w, "certificate_search", rv_name(k->certificate_rv, name));
	json_text(
	    &w, "mechanism", k->method == NULL ? "" : method_name(k->method));
	json_text(&w, "hash", k->method == NULL ? "" : hash_name(k->hash));
	if (k->from == NULL)
		json_text(&w, "check_value", k->check_value);
	json_text(&w, "result",
	    k->status == STATUS_MOVED ? p->words->done
				      : status_names[k->status].json);
	json_text(&w, "reason", k->reason);
	json_text(&w, "wrapping_key", k->wrapping_key);
	write_json_text(&w, "unique_id", buf_view(&k->unique_id));
	write_json_end(&w);
	putc('\n', f);
}
