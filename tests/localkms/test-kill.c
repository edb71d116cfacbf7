/*
 * kill -9 while several threads write, every kind of write there is: each key
 * is as it was when its last write was answered; a write that was under way
 * is done or not done, never half.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/sha.h>
#include "localkms.h"
#include "tap.h"

#define ROUNDS 8
#define WRITERS 4
#define MULTI                                                                  \
	"\"MultiRegion\":true,\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}" \
	"]"
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* What a writer tells before a write and after its answer. */
struct record {
	int writer;
	int step;
	bool answered;
	char key[40], token[96];
	uint8_t state[SHA256_DIGEST_LENGTH];
};

/* The writes of a key's life, in this order; KEY stands for its id. The
 * import is done by a function. */
struct child {
	const char *operation, *body;
	bool is_new; /* not the same when done twice */
};

/* clang-format off */
static const struct child lives[2][24] = {
	{
	{ "CreateKey", "{" MULTI "}", true },
	{ "CreateAlias", "{\"AliasName\":\"alias/KEY\",\"TargetKeyId\":"
	    "\"KEY\"}", false },
	{ "UpdateKeyDescription", "{\"KeyId\":\"KEY\",\"Description\":"
	    "\"new\"}", false },
	{ "TagResource", "{\"KeyId\":\"KEY\",\"Tags\":[{\"TagKey\":\"c\","
	    "\"TagValue\":\"d\"}]}", false },
	{ "UntagResource", "{\"KeyId\":\"KEY\",\"TagKeys\":[\"a\"]}", false },
	{ "PutKeyPolicy", "{\"KeyId\":\"KEY\",\"Policy\":\"{}\"}", false },
	{ "DisableKey", "{\"KeyId\":\"KEY\"}", false },
	{ "EnableKey", "{\"KeyId\":\"KEY\"}", false },
	{ "EnableKeyRotation", "{\"KeyId\":\"KEY\"}", false },
	{ "RotateKeyOnDemand", "{\"KeyId\":\"KEY\"}", true },
	{ "DisableKeyRotation", "{\"KeyId\":\"KEY\"}", false },
	{ "ReplicateKey", "{\"KeyId\":\"KEY\",\"ReplicaRegion\":"
	    "\"eu-west-1\"}", false },
	{ "UpdateAlias", "{\"AliasName\":\"alias/KEY\",\"TargetKeyId\":"
	    "\"KEY\"}", false },
	{ "RotateKeyOnDemand", "{\"KeyId\":\"KEY\"}", true },
	{ "UpdatePrimaryRegion", "{\"KeyId\":\"KEY\",\"PrimaryRegion\":"
	    "\"eu-west-1\"}", false },
	{ "ScheduleKeyDeletion", "{\"KeyId\":\"KEY\"}", false },
	{ "CancelKeyDeletion", "{\"KeyId\":\"KEY\"}", false },
	{ "DeleteAlias", "{\"AliasName\":\"alias/KEY\"}", false },
	},
	{
	{ "CreateKey", "{\"Origin\":\"EXTERNAL\"}", true },
	{ "ImportKeyMaterial", NULL, false },
	{ "DeleteImportedKeyMaterial", "{\"KeyId\":\"KEY\"}", false },
	{ "ImportKeyMaterial", NULL, false },
	{ "CreateAlias", "{\"AliasName\":\"alias/KEY\",\"TargetKeyId\":"
	    "\"KEY\"}", false },
	{ "ScheduleKeyDeletion", "{\"KeyId\":\"KEY\"}", false },
	{ "CancelKeyDeletion", "{\"KeyId\":\"KEY\"}", false },
	},
};

/* What is looked at to know a key's state; dates that a second try of the
 * same write moves are left out. */
static const struct {
	const char *operation, *members, *region, *what;
} views[] = {
	{ "DescribeKey", "", "us-east-1", NULL },
	{ "ListResourceTags", "", "us-east-1", NULL },
	{ "GetKeyPolicy", "", "us-east-1", NULL },
	{ "ListAliases", "", "us-east-1", "Aliases.0.AliasName" },
	{ "GetKeyRotationStatus", "", "us-east-1", "KeyRotationEnabled" },
	{ "ListKeyRotations", ",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"",
	    "us-east-1", NULL },
	{ "DescribeKey", "", "eu-west-1", NULL },
	{ "ListKeyRotations", ",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"",
	    "eu-west-1", NULL },
};
/* clang-format on */

static void
look(struct localkms *l, const char *key, uint8_t state[SHA256_DIGEST_LENGTH])
{
	struct buf all = BUF_INIT(1 << 20);

	for (size_t i = 0; i < ELEMS(views); i++) {
		l->region = views[i].region;
		localkms_send(l, views[i].operation, "{\"KeyId\":\"%s\"%s}",
		    key, views[i].members);
		if (buf_append(&all, views[i].what == NULL
					 ? buf_view(&l->body)
					 : view_str(localkms_text(
					       l, views[i].what))) != ERR_OK)
			tap_bail();
	}
	l->region = "us-east-1";
	SHA256(all.ptr, all.len, state);
	buf_free(&all);
}

/* One write of a key's life; false: it was refused. */
static bool
do_step(struct localkms *l, const struct child *s, char *key)
{
	static const uint8_t material[32] = {5};
	char body[512] = "";
	const char *from, *at;

	if (s->body == NULL)
		return (localkms_import(l, key,
		    VIEW(material, sizeof(material)), "RSAES_OAEP_SHA_256",
		    "RSA_2048",
		    ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""));
	for (from = s->body; (at = strstr(from, "KEY\"")) != NULL;
	     from = at + 3)
		snprintf(body + strlen(body), sizeof(body) - strlen(body),
		    "%.*s%s", (int)(at - from), from, key);
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s", from);
	localkms_send(l, s->operation, "%s", body);
	if (strcmp(s->operation, "CreateKey") == 0)
		snprintf(key, 40, "%s", localkms_text(l, "KeyMetadata.KeyId"));
	return (l->status == 200);
}

struct writer {
	pthread_t thread;
	struct localkms local;
	int index, out;
};

static void
tell(const struct writer *w, const struct record *r)
{
	/* less than PIPE_BUF, so in one piece */
	if (write(w->out, r, sizeof(*r)) != sizeof(*r))
		_exit(1);
}

/* One key's life after the other. */
static void *
work(void *ctx)
{
	struct writer *w = ctx;
	const struct child *life = lives[w->index % 2];
	struct record r = {.writer = w->index};

	for (;; r.step++) {
		if (life[r.step].operation == NULL)
			r.step = 0;
		r.answered = false;
		tell(w, &r);
		if (!do_step(&w->local, &life[r.step], r.key)) {
			printf("# %s: %s\n", life[r.step].operation,
			    localkms_message(&w->local));
			_exit(1);
		}
		look(&w->local, r.key, r.state);
		r.answered = true;
		tell(w, &r);
	}
	return (NULL);
}

static void
write_all(const char *dir, int out)
{
	static struct writer w[WRITERS];
	struct localkms l;

	localkms_open_at(&l, dir);
	for (int i = 0; i < WRITERS; i++) {
		/* the same service, an answer of its own */
		w[i].local = l;
		w[i].index = i;
		w[i].out = out;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			_exit(1);
	}
	pthread_join(w[0].thread, NULL);
}

/* Kills after so many records, and a moment; what each writer told last, and
 * what it told last of an answer. */
static void
run_and_kill(const char *dir, size_t until, struct record last[WRITERS],
    struct record answered[WRITERS])
{
	struct record r;
	int fd[2], status;
	size_t n = 0;
	pid_t pid;

	if (pipe(fd) == -1 || (pid = fork()) == -1)
		tap_bail();
	if (pid == 0) {
		close(fd[0]);
		write_all(dir, fd[1]);
		_exit(1);
	}
	close(fd[1]);
	memset(last, 0, WRITERS * sizeof(*last));
	memset(answered, 0, WRITERS * sizeof(*answered));
	while (read(fd[0], &r, sizeof(r)) == sizeof(r)) {
		last[r.writer] = r;
		if (r.answered)
			answered[r.writer] = r;
		if (++n == until) {
			usleep((useconds_t)(until * 137 % 3000));
			kill(pid, SIGKILL);
		}
	}
	close(fd[0]);
	waitpid(pid, &status, 0);
	NEED(WIFSIGNALED(status) && n >= until, "killed after %zu records", n);
}

/* A rotation is of all Regions or of none. */
static bool
regions_agree(struct localkms *l, const char *key)
{
	char current[80];
	bool ok;

	localkms_send(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key);
	ok = l->status == 200;
	snprintf(current, sizeof(current), "%s",
	    localkms_text(l, "KeyMetadata.CurrentKeyMaterialId"));
	l->region = "eu-west-1";
	localkms_send(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key);
	l->region = "us-east-1";
	return (ok &&
		(l->status != 200 ||
		    strcmp(localkms_text(l, "KeyMetadata.CurrentKeyMaterialId"),
			current) == 0));
}

static void
check(struct localkms *l, const struct record *last,
    const struct record *answered)
{
	const struct child *s = &lives[last->writer % 2][last->step];
	uint8_t now[SHA256_DIGEST_LENGTH], again[SHA256_DIGEST_LENGTH];
	char key[40];
	bool same;

	if (answered->key[0] == '\0')
		return; /* killed before its first key */
	snprintf(key, sizeof(key), "%s", answered->key);
	look(l, key, now);
	same = memcmp(now, answered->state, sizeof(now)) == 0;
	if (last->answered || s->is_new) {
		/* a new key is another one; a rotation shows a material more */
		OK(same || (!last->answered && last->step != 0 &&
			       regions_agree(l, key)),
		    "writer %d, after %s", last->writer, s->operation);
		return;
	}
	if (!same) {
		(void)do_step(l, s, key);
		look(l, key, again);
		same = memcmp(now, again, sizeof(now)) == 0;
	}
	OK(same, "writer %d, %s done or not", last->writer, s->operation);
}

/* Every key can be used, and is listed. */
static void
check_whole(struct localkms *l)
{
	size_t n = 0, broken = 0;
	char marker[128] = "";
	const struct json_node *d;
	struct localkms other = *l;

	other.pool = (struct pool){0};
	other.body = (struct buf){0};
	do {
		if (!localkms_call(l, "ListKeys", "{\"Limit\":1000%s%s%s}",
			marker[0] != '\0' ? ",\"Marker\":\"" : "", marker,
			marker[0] != '\0' ? "\"" : ""))
			tap_bail();
		for (d = json_tree_member(l->reply, "Keys")->first; d != NULL;
		     d = d->next, n++) {
			localkms_send(&other, "DescribeKey",
			    "{\"KeyId\":\"%s\"}",
			    (const char *)json_tree_member(d, "KeyId")
				->text.ptr);
			if (other.status != 200)
				broken++;
		}
		snprintf(marker, sizeof(marker), "%s",
		    localkms_text(l, "NextMarker"));
	} while (marker[0] != '\0');
	OK(broken == 0, "all of %zu keys are whole", n);
	pool_free(&other.pool);
	buf_free(&other.body);
}

int
main(void)
{
	struct record last[WRITERS], answered[WRITERS];
	char dir[] = "/tmp/localkms-XXXXXX";
	struct localkms l;

	if (mkdtemp(dir) == NULL)
		tap_bail();
	for (size_t i = 0; i < ROUNDS; i++) {
		run_and_kill(dir, 41 + 37 * i, last, answered);
		localkms_open_at(&l, dir);
		for (int w = 0; w < WRITERS; w++)
			check(&l, &last[w], &answered[w]);
		check_whole(&l);
		if (i + 1 == ROUNDS) {
			localkms_close(&l);
			break;
		}
		localkms_leave(&l);
	}
	return (tap_done());
}
