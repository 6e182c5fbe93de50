/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * field.h - an event as it leaves the program: values by field, and the one
 * table of fields that every sink loops over.
 *
 * Modules fill an event bit by bit (decode, identify, correlate, explain);
 * what nobody set is absent in every output.
 */
#ifndef FAILCNT_FIELD_H
#define FAILCNT_FIELD_H

#include "util.h"

enum field {
#define FIELD(name, key, type) FIELD_##name,
#include "fields.def"
#undef FIELD
	FIELDS,
};

enum field_type { TYPE_INT, TYPE_STR, TYPE_BOOL, TYPE_TIME, TYPE_ARRAY, TYPE_OBJECT };

struct field_def {
	const char *key;
	enum field_type type;
};
extern const struct field_def field_defs[FIELDS];

/* -1: no such key. */
int field_by_key(const char *key);

enum event_kind {
	EVENT_NONE,
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_REFUSED,
	EVENT_KILLED,
	EVENT_COUNTED,
	EVENT_LOST,
	EVENT_FOLLOWUP,
	EVENT_ROW,
	EVENT_KINDS,
};
const char *event_kind_name(enum event_kind k);

enum relation { RELATION_OWN, RELATION_RELATED, RELATION_COINCIDENT };
const char *relation_name(enum relation r);

/* One entry of the `failcnt` array: a counter row that moved. Strings live in the event's pool. */
#define EVENT_MOVED_MAX 16
#define EVENT_DELTA_UNKNOWN INT64_MIN
struct event_moved {
	const char *source, *owner, *resource;
	unsigned int have;             /* enum counter_have: HELD, LIMIT, FAILCNT */
	uint64_t held, limit, failcnt; /* limit UINT64_MAX: unlimited */
	int64_t delta;                 /* EVENT_DELTA_UNKNOWN: only the number itself is known */
	uint64_t before;               /* of a kill: by how much more in the minute before it */
	enum relation relation;
};

/* One entry of the `holders` array. What is not in have is unknown. Strings: "" unknown. */
#define EVENT_HOLDER_MAX 16
enum holder_have {
	HOLDER_PID = 1 << 0,
	HOLDER_UID = 1 << 1,
	HOLDER_HELD = 1 << 2,
	HOLDER_COUNT = 1 << 3,
	HOLDER_LAST_PID = 1 << 4,
	HOLDER_DEAD = 1 << 5,
};
struct event_holder {
	unsigned int have; /* enum holder_have */
	int64_t pid, uid;
	int64_t held;     /* in the measure of the event, or of what kind says */
	int64_t count;    /* how many processes or objects hold that */
	int64_t last_pid; /* who used the object last */
	bool dead;        /* nobody who used it last is alive */
	const char *comm, *kind, *cgroup, *object;
};

/* One entry of `candidates` or `exempted`: whom the OOM killer weighed. */
#define EVENT_CANDIDATE_MAX 10
struct event_candidate {
	int64_t pid, score_adj;
	int64_t points; /* pages */
	int64_t held;   /* bytes: resident, in swap and page tables */
	const char *comm;
};
struct event_ballot {
	struct event_candidate c[EVENT_CANDIDATE_MAX];
	unsigned int n, left_out;
};

/* One entry of `before`: what was refused in the minute before a kill. Strings are static. */
#define EVENT_BEFORE_MAX 8
struct event_before {
	const char *resource, *errno_name; /* errno_name: "" none */
	uint64_t count;
	bool of_cgroup; /* to others of the same cgroup, not to the process itself */
};

/* One entry of an object field (`backends`, `totals`, `memory`). */
#define EVENT_PAIR_MAX 16
struct event_pair {
	enum field field;
	const char *key; /* static */
	int64_t value;
};

#define EVENT_POOL 16384

struct event {
	enum event_kind kind;
	uint64_t have[(FIELDS + 63) / 64];
	int64_t num[FIELDS];     /* INT, BOOL, TIME (CLOCK_REALTIME nanoseconds) */
	const char *str[FIELDS]; /* STR: static, or in the pool */
	struct event_moved moved[EVENT_MOVED_MAX];
	unsigned int n_moved, moved_left_out;
	struct event_holder holders[EVENT_HOLDER_MAX];
	unsigned int n_holders, holders_left_out;
	struct event_ballot candidates, exempted;
	struct event_before before[EVENT_BEFORE_MAX];
	unsigned int n_before;
	struct event_pair pairs[EVENT_PAIR_MAX];
	unsigned int n_pairs;
	uint64_t cut[(FIELDS + 63) / 64]; /* fields whose text was cut: the `truncated` array */
	size_t pool_used;
	char pool[EVENT_POOL];
};

/* Makes e empty and sets SCHEMA and EVENT. */
void event_init(struct event *e, enum event_kind kind);

bool event_has(const struct event *e, enum field f);
void event_clear(struct event *e, enum field f);
void event_int(struct event *e, enum field f, int64_t v);
/* v above 2^53 is not representable for JSON readers and stays absent. UINT64_MAX with LIMIT or
 * BARRIER sets the matching _UNLIMITED field instead. */
void event_u64(struct event *e, enum field f, uint64_t v);
void event_bool(struct event *e, enum field f, bool v);
/* Copies s (n bytes at most, up to the first NUL) into the pool. Where the pool is full the text
 * is cut and the field marked as such. NULL or empty: stays absent. */
void event_str(struct event *e, enum field f, const char *s);
void event_strn(struct event *e, enum field f, const char *s, size_t n);
void event_static(struct event *e, enum field f, const char *s); /* s outlives the event */
void event_fmt(struct event *e, enum field f, const char *fmt, ...) _printf_(3, 4);
void event_cut(struct event *e, enum field f);
void event_pair(struct event *e, enum field f, const char *key, int64_t v);
/* False: there is no such entry. */
bool event_pair_num(const struct event *e, enum field f, const char *key, int64_t *ret);
/* Room for one more entry of CANDIDATES or EXEMPTED, zeroed; NULL when full (left_out). */
struct event_candidate *event_candidate_add(struct event *e, enum field f);
/* Room for one more entry of `failcnt`, zeroed, or NULL when full (counted in moved_left_out). */
struct event_moved *event_moved_add(struct event *e);
/* The same for `holders`. */
struct event_holder *event_holder_add(struct event *e);
/* The same for `before`. */
struct event_before *event_before_add(struct event *e);
/* Copies a string into the pool; "" when it is full. */
const char *event_keep(struct event *e, const char *s);

static inline int64_t event_num(const struct event *e, enum field f)
{
	return event_has(e, f) ? e->num[f] : 0;
}
static inline const char *event_text(const struct event *e, enum field f)
{
	return event_has(e, f) ? e->str[f] : "";
}

#endif
