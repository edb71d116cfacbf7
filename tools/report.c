#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "report.h"
#include "text.h"

static const char *const words[] = {[REPORT_OK] = "ok",
    [REPORT_NOTE] = "note",
    [REPORT_NOT_PROBED] = "not probed",
    [REPORT_FAILED] = "FAILED"};
static const char *const json_words[] = {[REPORT_OK] = "ok",
    [REPORT_NOTE] = "note",
    [REPORT_NOT_PROBED] = "not-probed",
    [REPORT_FAILED] = "failed"};

void
report_begin(struct report *r, bool json, bool quiet)
{
	*r = (struct report){.json = json && !quiet, .quiet = quiet};
	if (r->json)
		fputs("[", stdout);
}

static void
put_member(const char *name, const char *value)
{
	printf(", \"%s\": ", name);
	text_print_json(stdout, view_str(value));
}

static void
print_json(const struct report *r, const char *token, const char *check,
    enum report_status status, const char *advice, const char *text)
{
	printf("%s\n{\"check\": \"%s\"", r->lines == 0 ? "" : ",", check);
	if (token != NULL)
		put_member("token", token);
	put_member("status", json_words[status]);
	put_member("text", text);
	if (advice != NULL)
		put_member("advice", advice);
	fputs("}", stdout);
}

static void
print_text(FILE *f, const char *token, const char *check,
    enum report_status status, const char *advice, const char *text)
{
	fprintf(f, "%-10s  ", words[status]);
	if (token != NULL)
		text_printf(f, "token %s: ", token);
	fprintf(f, "%s: ", check);
	text_print(f, view_str(text));
	putc('\n', f);
	if (advice != NULL) {
		fprintf(f, "%-10s  -> ", "");
		text_print(f, view_str(advice));
		putc('\n', f);
	}
}

void
report_line(struct report *r, const char *token, const char *check,
    enum report_status status, const char *advice, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->json)
		print_json(r, token, check, status, advice, text);
	else if (!r->quiet || status == REPORT_FAILED)
		print_text(r->quiet ? stderr : stdout, token, check, status,
		    advice, text);
	r->lines++;
	r->failures += status == REPORT_FAILED;
}

void
report_end(struct report *r)
{
	if (r->json)
		fputs("\n]\n", stdout);
	else if (r->quiet)
		return;
	else if (r->failures == 0)
		puts("\nNothing is wrong, as far as this can be seen.");
	else
		printf("\n%u of these failed.\n", r->failures);
}
