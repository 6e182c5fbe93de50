// SPDX-License-Identifier: GPL-2.0-only
/*
 * publish.c - counts of what was refused, by owner, in a small file that is
 * replaced whole.
 *
 * Counts are exact or said not to be: once there was no room for an owner, no
 * new owner of that kind is begun (its count would lack what came before), and
 * the file tells how many refusals stand under no owner.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "catalogue.h"
#include "publish_priv.h"

#define FLUSH_MS 1000
#define OWNER_SIZE 4352 /* "cgroup:" and a path */

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static uint64_t ticks_now(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return (uint64_t)clock_ns(CLOCK_BOOTTIME) / (1000000000u / (hz > 0 ? (uint64_t)hz : 100));
}

/* Blanks would end the word, and a newline the line: as in mountinfo. */
static void escape(const char *s, char *buf, size_t size)
{
	size_t n = 0;

	for (; *s && n + 5 < size; s++) {
		unsigned char c = (unsigned char)*s;

		if (c > ' ' && c < 0x7f && c != '\\')
			buf[n++] = (char)c;
		else
			n += (size_t)snprintf(buf + n, size - n, "\\%03o", c);
	}
	buf[n] = '\0';
}

static struct entry *find(struct publish *p, unsigned int resource, const char *owner)
{
	char key[OWNER_SIZE + 64];
	struct entry *e;

	snprintf(key, sizeof(key), "%s %s", catalogue_get(resource)->id, owner);
	HASH_FIND_STR(p->entries, key, e);
	return e;
}

static struct entry *make(struct publish *p, enum kind kind, unsigned int resource,
			  const char *owner)
{
	const char *id = catalogue_get(resource)->id;
	size_t size = strlen(id) + strlen(owner) + 2;
	struct entry *e = calloc(1, sizeof(*e) + size);

	if (!e)
		return NULL;
	snprintf(e->key, size, "%s %s", id, owner);
	e->kind = kind;
	e->resource = resource;
	HASH_ADD_STR(p->entries, key, e);
	if (e->unhashed) {
		free(e);
		return NULL;
	}
	*(kind == KIND_PID ? &p->n_pids : &p->n_owners) += 1;
	return e;
}

static void drop(struct publish *p, struct entry *e)
{
	*(e->kind == KIND_PID ? &p->n_pids : &p->n_owners) -= 1;
	HASH_DEL(p->entries, e);
	free(e);
}

static void drop_dead(struct publish *p)
{
	struct entry *e, *next;

	HASH_ITER (hh, p->entries, e, next) {
		uint64_t start;

		if (e->kind == KIND_PID &&
		    (publish_start_of(e->pid, &start) < 0 || start != e->start))
			drop(p, e);
	}
}

static void count_owner(struct publish *p, unsigned int resource, const char *name, uint64_t n)
{
	char owner[OWNER_SIZE];
	struct entry *e;

	escape(name, owner, sizeof(owner));
	e = find(p, resource, owner);
	if (!e && p->n_owners < PUBLISH_OWNERS)
		e = make(p, KIND_OWNER, resource, owner);
	if (e)
		e->n += n;
	else
		p->unattributed += n;
}

/* One that has exited by now is nobody's row any more. */
static void count_pid(struct publish *p, unsigned int resource, int64_t pid, uint64_t n)
{
	char owner[32];
	struct entry *e;
	uint64_t start;

	snprintf(owner, sizeof(owner), "pid:%lld", (long long)pid);
	if (publish_start_of(pid, &start) < 0)
		return;
	e = find(p, resource, owner);
	if (e && e->start != start) {
		drop(p, e);
		e = NULL;
	}
	if (!e && p->n_pids >= PUBLISH_PIDS)
		drop_dead(p);
	/* A process that was here when others found no room may have been among them. */
	if (!e && p->n_pids < PUBLISH_PIDS && (!p->left_out_at || start > p->left_out_at))
		e = make(p, KIND_PID, resource, owner);
	if (!e) {
		p->unattributed_pids += n;
		p->left_out_at = ticks_now();
		return;
	}
	e->pid = pid;
	e->start = start;
	e->n += n;
}

static void count(struct publish *p, const struct event *e, unsigned int resource)
{
	uint64_t n = event_has(e, FIELD_COUNT) ? (uint64_t)event_num(e, FIELD_COUNT) : 1;
	char owner[OWNER_SIZE];
	bool known = event_has(e, FIELD_UID) && event_has(e, FIELD_CGROUP);

	p->host[resource] += n;
	if (!known)
		p->unattributed += n;
	if (event_has(e, FIELD_UID)) {
		snprintf(owner, sizeof(owner), "uid:%lld", (long long)event_num(e, FIELD_UID));
		count_owner(p, resource, owner, n);
	}
	if (event_has(e, FIELD_CGROUP)) {
		snprintf(owner, sizeof(owner), "cgroup:%s", event_text(e, FIELD_CGROUP));
		count_owner(p, resource, owner, n);
	}
	if (e->kind == EVENT_REFUSED && event_has(e, FIELD_PID))
		count_pid(p, resource, event_num(e, FIELD_PID), n);
	else if (e->kind == EVENT_REFUSED)
		p->unattributed_pids += n;
}

void publish_event(struct publish *p, const struct event *e)
{
	unsigned int resource;

	if (!p)
		return;
	if (e->kind != EVENT_REFUSED && e->kind != EVENT_KILLED)
		return;
	resource = catalogue_by_id(event_text(e, FIELD_RESOURCE));
	if (resource == FC_RESOURCE_NONE)
		return;
	count(p, e, resource);
	p->changed = true;
}

void publish_lost(struct publish *p, uint64_t n)
{
	if (!p)
		return;
	p->lost += n;
	p->changed = true;
}

static void print(struct publish *p, FILE *f)
{
	struct entry *e, *next;

	fprintf(f, "%slost %llu\nunattributed %llu\nunattributed_pids %llu\n", p->head,
		(unsigned long long)p->lost, (unsigned long long)p->unattributed,
		(unsigned long long)p->unattributed_pids);
	for (unsigned int r = FC_RESOURCE_NONE + 1; r < FC_RESOURCES; r++)
		if (p->host[r])
			fprintf(f, "count host %s %llu\n", catalogue_get(r)->id,
				(unsigned long long)p->host[r]);
	HASH_ITER (hh, p->entries, e, next) {
		const char *owner = strchr(e->key, ' ') + 1;

		fprintf(f, "count %s %s %llu", owner, catalogue_get(e->resource)->id,
			(unsigned long long)e->n);
		if (e->kind == KIND_PID)
			fprintf(f, " %llu", (unsigned long long)e->start);
		fputc('\n', f);
	}
	fprintf(f, "end\n");
}

/* 0644: /proc shows users and cgroups to everybody too, and table needs no root. */
static int write_file(struct publish *p)
{
	_cleanup_fclose_ FILE *f = NULL;
	char tmp[sizeof(p->name) + 8];
	int fd;

	snprintf(tmp, sizeof(tmp), ".%s.new", p->name);
	fd = openat(p->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	fchmod(fd, 0644); /* whatever the umask */
	print(p, f);
	if (fflush(f) != 0 || ferror(f) || renameat(p->dir, tmp, p->dir, p->name) < 0) {
		int err = errno ? -errno : -EIO;

		unlinkat(p->dir, tmp, 0);
		return err;
	}
	return 0;
}

void publish_flush(struct publish *p, uint64_t now_ms)
{
	if (!p || !p->changed || (p->written_at && now_ms - p->written_at < FLUSH_MS))
		return;
	drop_dead(p);
	/* A full disk now may have room in a second: what changed is not forgotten. */
	p->changed = write_file(p) < 0;
	p->written_at = now_ms;
}

bool publish_pending(const struct publish *p)
{
	return p && p->changed;
}

static bool is_filtered(const struct options *o)
{
	return o->has_pid || o->has_uid || o->kills || o->name || o->cgroup || o->errno_name ||
	       o->n_resources;
}

/* What one hook alone tells of, and no other: where it sees nothing, or not of every file system,
 * nothing is known of these. */
static const struct {
	enum fc_hook hook;
	enum fc_resource resource;
} alone[] = {
	{FC_HOOK_TCP_CHECK_OOM, FC_TCP_ORPHANS},
	{FC_HOOK_TCP_CONN_REQUEST, FC_BACKLOG},
	{FC_HOOK_INET_HASH_CONNECT, FC_PORTS},
	{FC_HOOK_CONNTRACK_ALLOC, FC_CONNTRACK},
	{FC_HOOK_OTHER_FS, FC_DISK},
	{FC_HOOK_OTHER_FS, FC_INODES},
	{FC_HOOK_OTHER_FS, FC_QUOTA},
};

static bool is_alone(int h)
{
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
		if ((int)alone[i].hook == h)
			return true;
	return false;
}

/* How many hooks there are, and whether none is missing but those. */
static unsigned int hooks_of(const struct attach_plan *plan, bool *ret_complete)
{
	unsigned int n = 0;

	*ret_complete = true;
	for (int h = 0; plan && h < FC_HOOKS; h++) {
		bool there = plan->hook[h].backend != FC_BACKEND_NONE;

		n += there;
		*ret_complete &= there || attach_hooks[h].optional || is_alone(h);
	}
	return n;
}

static void list_unseen(const struct attach_plan *plan, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(alone) && len < size; i++)
		if (!attach_sees(plan, alone[i].hook))
			len += (size_t)snprintf(buf + len, size - len, "unseen %s\n",
						catalogue_get(alone[i].resource)->id);
}

int publish_open(struct publish **ret, const struct options *o, const struct attach_plan *plan)
{
	char unseen[PUBLISH_UNSEEN];
	struct publish *p;
	bool complete;
	int err;

	*ret = NULL;
	if (is_filtered(o) || !hooks_of(plan, &complete))
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	list_unseen(plan, unseen, sizeof(unseen));
	p->dir = publish_open_dir(o->root);
	err = p->dir < 0 ? p->dir : publish_name(p, complete, unseen);
	if (!err)
		err = write_file(p);
	if (err < 0) {
		p->name[0] = '\0';
		publish_close(p);
		return err == -ENOENT ? 0 : err;
	}
	*ret = p;
	return 0;
}

void publish_close(struct publish *p)
{
	struct entry *e, *next;

	if (!p)
		return;
	if (p->name[0])
		unlinkat(p->dir, p->name, 0);
	HASH_ITER (hh, p->entries, e, next)
		drop(p, e);
	util_closep(&p->dir);
	free(p);
}
