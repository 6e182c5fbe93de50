// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_watch.c - which events are worth the question, one question at a
 * time, and the answer into the event's followup: together with its counter
 * rows where these come in time, else on its own.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "holders_watch.h"
#include "log.h"

#define QUEUE_MAX 16
#define DONE_MAX 16
#define RECENT_MAX 256
/* A program whose processes are refused one after the other without such a pause is a storm: longer
 * than the second in which folded repeats come. */
#define QUIET_MS 3000
#define GRACE_MS 1000 /* past the deadline: the process that looks is stuck */
#define END_MS 250    /* a person who pressed Ctrl-C waits no longer */
#define QUIET_END_MS 200

struct recent {
	char *key;
	uint64_t asked, seen;
};

struct done {
	struct holders_found found;
	uint64_t due;
};

struct holders_watch {
	const char *root; /* the caller's */
	uint64_t page_size, join_ms;
	uint32_t makers;
	int fd;
	pid_t pid;
	bool busy;
	uint64_t asked_at;
	struct holders_ask asking, queue[QUEUE_MAX];
	struct holders_ask spare; /* the latest of the program that is asked about */
	bool has_spare;
	unsigned int n_queue;
	struct done done[DONE_MAX];
	unsigned int n_done;
	struct recent recent[RECENT_MAX];
	uint64_t second; /* the one in which lines counts */
	unsigned int lines;
	uint64_t skipped, unanswered;
};

static bool still_there(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + (uint64_t)ts.tv_nsec / 1000000;
}

static void helper_end(struct holders_watch *w)
{
	const struct timespec a_moment = {.tv_nsec = 1000000};
	uint64_t deadline = clock_ms() + QUIET_END_MS;

	/* Where somebody else has waited for it, its number may be another's already. */
	if (w->pid > 0 && still_there(w->pid)) {
		bool there = true;

		setpriority(PRIO_PROCESS, (id_t)w->pid, 0); /* others are not to be waited for */
		kill(w->pid, SIGTERM);
		while (there && clock_ms() < deadline) {
			nanosleep(&a_moment, NULL);
			there = still_there(w->pid);
		}
		if (there) { /* it hangs in the kernel */
			kill(w->pid, SIGKILL);
			waitpid(w->pid, NULL, 0);
		}
	}
	util_closep(&w->fd);
	w->fd = -1;
	w->pid = 0;
	w->busy = false;
}

static int helper_begin(struct holders_watch *w)
{
	int r = holders_helper_start(w->root, w->page_size, &w->fd, &w->pid);

	if (r < 0)
		log_debug("holders: no process to look for them: %s", strerror(-r));
	return r;
}

struct holders_watch *holders_watch_new(const char *root, uint64_t page_size, uint64_t join_ms)
{
	struct holders_watch *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	if (w) {
		*w = (struct holders_watch){
			.root = root, .page_size = page_size, .join_ms = join_ms, .fd = -1};
		r = helper_begin(w);
	}
	if (r < 0) {
		log_warn("who holds a resource will not be told: %s", strerror(-r));
		free(w);
		return NULL;
	}
	return w;
}

void holders_watch_free(struct holders_watch *w)
{
	if (!w)
		return;
	helper_end(w);
	for (size_t i = 0; i < RECENT_MAX; i++)
		free(w->recent[i].key);
	free(w);
}

void holders_watch_makers(struct holders_watch *w, uint32_t map_id)
{
	if (w)
		w->makers = map_id;
}

int holders_watch_fd(const struct holders_watch *w)
{
	return w ? w->fd : -1;
}

uint64_t holders_watch_skipped(const struct holders_watch *w)
{
	return w ? w->skipped : 0;
}

uint64_t holders_watch_unanswered(const struct holders_watch *w)
{
	return w ? w->unanswered : 0;
}

/* The entry of key, made where there is none: in place of the one seen longest ago. */
static struct recent *recent_of(struct holders_watch *w, const char *key)
{
	struct recent *oldest = &w->recent[0];

	for (size_t i = 0; i < RECENT_MAX; i++) {
		struct recent *r = &w->recent[i];

		if (r->key && util_streq(r->key, key))
			return r;
		if (!r->key || (oldest->key && r->seen < oldest->seen))
			oldest = r;
	}
	free(oldest->key);
	*oldest = (struct recent){.key = strdup(key)};
	return oldest->key ? oldest : NULL;
}

/* Nothing of this key was looked at in the interval; pause: or it has been quiet since. */
static bool may_ask(struct recent *r, uint64_t now_ms, uint64_t pause)
{
	bool may = !r->asked || now_ms - r->asked >= HOLDERS_INTERVAL_MS ||
		   (pause && now_ms - r->seen >= pause);

	r->seen = now_ms;
	return may;
}

static bool wanted(struct holders_watch *w, const struct holders_ask *ask, uint64_t now_ms)
{
	char key[HOLDERS_KEY], program[HOLDERS_KEY];
	struct recent *r;

	holders_owner(ask, key, program);
	if (program[0]) {
		r = recent_of(w, program);
		if (!r || !may_ask(r, now_ms, QUIET_MS))
			return false;
	}
	r = recent_of(w, key);
	if (!r || !may_ask(r, now_ms, 0))
		return false;
	r->asked = now_ms;
	r = program[0] ? recent_of(w, program) : NULL;
	if (r)
		r->asked = now_ms;
	return true;
}

/* It had gone before it could be looked at: the next one is as good. */
static void release(struct holders_watch *w)
{
	char keys[2][HOLDERS_KEY];

	holders_owner(&w->asking, keys[0], keys[1]);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; keys[k][0] && i < RECENT_MAX; i++)
			if (w->recent[i].key && util_streq(w->recent[i].key, keys[k]))
				w->recent[i].asked = 0;
}

static void send_next(struct holders_watch *w, uint64_t now_ms)
{
	struct holders_ask *ask = &w->queue[0];

	if (w->busy || !w->n_queue || (w->fd < 0 && helper_begin(w) < 0))
		return;
	ask->self_only = w->lines > HOLDERS_STORM && w->second == now_ms / 1000;
	if (send(w->fd, ask, sizeof(*ask), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(*ask)) {
		log_debug("holders: %s", strerror(errno));
		w->unanswered++;
		helper_end(w);
	} else {
		w->busy = true;
		w->asking = *ask;
		w->asked_at = now_ms;
	}
	w->n_queue--;
	memmove(&w->queue[0], &w->queue[1], w->n_queue * sizeof(w->queue[0]));
}

/* In a storm the process that is asked about may go before it is looked at; another will do. */
static void keep_spare(struct holders_watch *w, const struct holders_ask *ask)
{
	char key[HOLDERS_KEY], program[HOLDERS_KEY], asked[HOLDERS_KEY];

	if (!w->busy || ask->pid == w->asking.pid)
		return;
	holders_owner(&w->asking, key, asked);
	holders_owner(ask, key, program);
	if (!program[0] || !util_streq(program, asked))
		return;
	w->spare = *ask;
	w->has_spare = true;
}

void holders_watch_event(struct holders_watch *w, const struct event *e, int64_t seq,
			 uint64_t now_ms)
{
	struct holders_ask *ask;

	if (!w || !seq || (e->kind != EVENT_REFUSED && e->kind != EVENT_KILLED))
		return;
	if (w->second != now_ms / 1000) {
		w->second = now_ms / 1000;
		w->lines = 0;
	}
	w->lines++;
	/* Repeats of which none came whole do not tell whose limit it is. */
	if (event_has(e, FIELD_COUNT) && !event_has(e, FIELD_CGROUP))
		return;
	if (!holders_known(event_text(e, FIELD_RESOURCE)) ||
	    (event_has(e, FIELD_PID) && event_num(e, FIELD_PID) == w->pid))
		return;
	if (w->n_queue == QUEUE_MAX) {
		w->skipped++;
		return;
	}
	ask = &w->queue[w->n_queue];
	holders_ask_of(ask, e, seq);
	ask->makers = w->makers;
	if (!wanted(w, ask, now_ms)) {
		keep_spare(w, ask);
		return;
	}
	w->n_queue++;
	send_next(w, now_ms);
}

uint64_t holders_watch_due(const struct holders_watch *w)
{
	uint64_t due = w && w->busy ? w->asked_at + HOLDERS_DEADLINE_MS + GRACE_MS : UINT64_MAX;

	for (unsigned int i = 0; w && i < w->n_done; i++)
		if (w->done[i].due < due)
			due = w->done[i].due;
	return due;
}

static void forget(struct holders_watch *w, unsigned int i)
{
	w->n_done--;
	memmove(&w->done[i], &w->done[i + 1], (w->n_done - i) * sizeof(w->done[0]));
}

void holders_watch_join(struct holders_watch *w, struct event *e)
{
	int64_t seq = e->kind == EVENT_FOLLOWUP ? event_num(e, FIELD_OF_SEQ) : 0;

	for (unsigned int i = 0; w && seq && i < w->n_done; i++) {
		if (w->done[i].found.seq != seq || event_has(e, FIELD_HOLDERS))
			continue;
		holders_tell(&w->done[i].found, e);
		forget(w, i);
		return;
	}
}

/* Takes the answer, where there is one. */
static void receive(struct holders_watch *w, uint64_t now_ms)
{
	struct done *d = &w->done[w->n_done];
	ssize_t n;

	if (!w->busy || w->n_done == DONE_MAX)
		return;
	n = recv(w->fd, &d->found, sizeof(d->found), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (now_ms < w->asked_at + HOLDERS_DEADLINE_MS + GRACE_MS)
			return;
		log_debug("holders: no answer in time; the process that looks is started anew");
		w->unanswered++;
		helper_end(w);
		return;
	}
	if (n != sizeof(d->found)) {
		log_debug("holders: the process that looks has gone; it is started anew");
		w->unanswered++;
		helper_end(w);
		return;
	}
	w->busy = false;
	if (d->found.status == -ESRCH) {
		release(w);
		if (w->has_spare && w->n_queue < QUEUE_MAX && wanted(w, &w->spare, now_ms))
			w->queue[w->n_queue++] = w->spare;
	}
	w->has_spare = false;
	if (!d->found.n && !d->found.says[0])
		return;
	d->due = w->asked_at + w->join_ms;
	w->n_done++;
}

static void tell_due(struct holders_watch *w, uint64_t now_ms, bool all,
		     void (*emit)(void *arg, struct event *e), void *arg)
{
	static struct event e;

	for (unsigned int i = 0; i < w->n_done;) {
		if (!all && w->done[i].due > now_ms) {
			i++;
			continue;
		}
		event_init(&e, EVENT_FOLLOWUP);
		holders_tell(&w->done[i].found, &e);
		forget(w, i);
		emit(arg, &e);
	}
}

void holders_watch_run(struct holders_watch *w, uint64_t now_ms,
		       void (*emit)(void *arg, struct event *e), void *arg)
{
	if (!w)
		return;
	receive(w, now_ms);
	send_next(w, now_ms);
	tell_due(w, now_ms, false, emit, arg);
}

void holders_watch_flush(struct holders_watch *w, uint64_t now_ms,
			 void (*emit)(void *arg, struct event *e), void *arg)
{
	struct pollfd p = {.fd = holders_watch_fd(w), .events = POLLIN};

	/* The one that is asked; those that wait behind it are not begun any more. */
	if (!w)
		return;
	if (w->busy && poll(&p, 1, END_MS) > 0)
		receive(w, now_ms);
	w->unanswered += w->busy; /* there is no time left for it */
	w->skipped += w->n_queue;
	w->n_queue = 0;
	tell_due(w, now_ms, true, emit, arg);
}
