#include "text.h"
#include "write-json.h"

void
write_json_begin(struct json_writer *w, FILE *f)
{
	*w = (struct json_writer){.f = f};
	putc('{', f);
}

static void
begin_member(struct json_writer *w, const char *name)
{
	fprintf(w->f, "%s\"%s\":", w->has_members ? "," : "", name);
	w->has_members = true;
}

void
write_json_text(struct json_writer *w, const char *name, struct view v)
{
	begin_member(w, name);
	text_print_json(w->f, v);
}

void
write_json_hex(struct json_writer *w, const char *name, struct view v)
{
	begin_member(w, name);
	putc('"', w->f);
	text_print_hex(w->f, v);
	putc('"', w->f);
}

void
write_json_number(struct json_writer *w, const char *name, long long number)
{
	begin_member(w, name);
	fprintf(w->f, "%lld", number);
}

void
write_json_bool(struct json_writer *w, const char *name, bool value)
{
	begin_member(w, name);
	fputs(value ? "true" : "false", w->f);
}

void
write_json_end(struct json_writer *w)
{
	putc('}', w->f);
}
