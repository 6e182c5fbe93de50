/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/event.c user/event_oom.c user/field.c user/catalogue.c user/attach.c ; libs: */
/*
 * test_event_bad.c - a record is never trusted: what is wrong with it is
 * -EBADMSG, nothing behind it is read, and the facts of the last one stay.
 */
#include "event_fixture.h"

static const struct event_context *const contexts[] = {&v1, &v2};

static struct fc_refused r;
static struct fc_oom o;

/* Wrong however it is read; what was known before is not touched. */
static void must_reject(const void *data, size_t n)
{
	struct event_facts before;

	memset(&facts, 0x5a, sizeof(facts));
	before = facts;
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		assert_int_equal(decode_n(data, n, contexts[i]), -EBADMSG);
		assert_memory_equal(&before, &facts, sizeof(facts));
	}
}

static void prefixes(void **state _unused_)
{
	make_refused(&r);
	for (size_t n = 0; n < sizeof(r); n++)
		must_reject(&r, n);
	assert_int_equal(DECODE(&r, &v1), 0);
	make_oom(&o);
	for (size_t n = 0; n < sizeof(o); n++)
		must_reject(&o, n);
	assert_int_equal(DECODE(&o, &v1), 0);
}

/* A header that says what would fit, before data that does not. */
static void prefixes_with_their_size(void **state _unused_)
{
	make_refused(&r);
	for (size_t n = sizeof(r.h); n < sizeof(r); n++) {
		r.h.size = (uint32_t)n;
		must_reject(&r, n);
	}
	make_oom(&o);
	for (size_t n = sizeof(o.h); n < sizeof(o); n++) {
		o.h.size = (uint32_t)n;
		must_reject(&o, n);
	}
}

static void headers(void **state _unused_)
{
	static const uint32_t types[] = {0, 3, 256, INT32_MAX, UINT32_MAX};
	char longer[sizeof(r) + 8] = "";

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		make_refused(&r);
		r.h.type = types[i];
		must_reject(&r, sizeof(r));
		make_oom(&o);
		o.h.type = types[i];
		must_reject(&o, sizeof(o));
	}
	make_refused(&r);
	r.h.type = FC_TYPE_OOM; /* the other type's size */
	must_reject(&r, sizeof(r));
	make_oom(&o);
	o.h.type = FC_TYPE_REFUSED;
	must_reject(&o, sizeof(o));
	make_refused(&r);
	r.h.size = sizeof(r) + 8; /* more than there is */
	must_reject(&r, sizeof(r));
	r.h.size = UINT32_MAX;
	must_reject(&r, sizeof(r));
	r.h.size = 0;
	must_reject(&r, sizeof(r));
	r.h.size = sizeof(r) - 1;
	must_reject(&r, sizeof(r));
	r.h.size = sizeof(r) + 8; /* of a later version, maybe: not ours */
	memcpy(longer, &r, sizeof(r));
	must_reject(longer, sizeof(longer));
}

static void numbers_of_a_refusal(void **state _unused_)
{
#define REJECT(member, value)               \
	do {                                \
		make_refused(&r);           \
		r.member = (value);         \
		must_reject(&r, sizeof(r)); \
	} while (0)
	REJECT(resource, FC_RESOURCE_NONE);
	REJECT(resource, FC_RESOURCES);
	REJECT(resource, UINT16_MAX);
	REJECT(err, 4096);
	REJECT(err, FC_ERR_SIGNAL);
	REJECT(err, FC_ERR_SIGNAL + 65);
	REJECT(err, UINT16_MAX);
	REJECT(hook, FC_HOOKS);
	REJECT(hook, UINT8_MAX);
	REJECT(backend, FC_BACKEND_NONE);
	REJECT(backend, FC_BACKENDS);
	REJECT(backend, UINT8_MAX);
#undef REJECT
	for (int resource = FC_RESOURCE_NONE + 1; resource < FC_RESOURCES; resource++) {
		make_refused(&r);
		r.resource = resource;
		r.err = 4095;
		r.hook = FC_HOOKS - 1;
		r.backend = FC_BACKENDS - 1;
		assert_int_equal(DECODE(&r, &v1), 0);
	}
}

static void numbers_of_a_kill(void **state _unused_)
{
#define REJECT(member, value)               \
	do {                                \
		make_oom(&o);               \
		o.member = (value);         \
		must_reject(&o, sizeof(o)); \
	} while (0)
	REJECT(constraint, FC_CONSTRAINT_MEMCG + 1);
	REJECT(constraint, UINT8_MAX);
	REJECT(hook, FC_HOOKS);
	REJECT(backend, FC_BACKEND_NONE);
	REJECT(backend, FC_BACKENDS);
#undef REJECT
}

/* All that one path can have wrong. */
static void spoil(struct fc_path *p, const void *record, size_t n)
{
	const struct fc_path good = *p;

	p->len = FC_PATH + 1;
	must_reject(record, n);
	p->len = UINT32_MAX;
	must_reject(record, n);
	*p = good;
	p->cut = 2;
	must_reject(record, n);
	*p = good;
	p->text[p->len - 1] = 'x'; /* a path without its NUL */
	must_reject(record, n);
	memset(p->text, 'x', FC_PATH);
	p->len = FC_PATH;
	must_reject(record, n);
	*p = good;
}

static void bad_paths(void **state _unused_)
{
	make_refused(&r);
	spoil(&r.who.cgroup, &r, sizeof(r));
	make_oom(&o);
	spoil(&o.victim.cgroup, &o, sizeof(o));
	spoil(&o.trigger.cgroup, &o, sizeof(o));
	spoil(&o.memcg.path, &o, sizeof(o));
	assert_int_equal(DECODE(&o, &v1), 0);
	/* Nobody looks at the path of a cgroup that is not there. */
	o.has &= ~FC_HAS_MEMCG;
	o.memcg.path.len = UINT32_MAX;
	assert_int_equal(DECODE(&o, &v1), 0);
}

static void paths(void **state _unused_)
{
	char buf[FC_PATH + 16], exact[6], expected[FC_PATH + 16];
	struct fc_path p;

	memset(&p, 0, sizeof(p));
	assert_int_equal(event_path(&p, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/");
	PATH(&p, "c\0b\0a");
	assert_int_equal(event_path(&p, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/a/b/c");
	assert_int_equal(event_path(&p, exact, sizeof(exact)), -EBADMSG);
	assert_int_equal(event_path(&p, buf, 7), 0);
	assert_int_equal(event_path(&p, buf, 1), -EBADMSG);
	assert_int_equal(event_path(&p, buf, 0), -EBADMSG);
	memset(p.text, 'x', FC_PATH); /* filled to the last byte */
	p.text[FC_PATH - 1] = '\0';
	p.len = FC_PATH;
	memset(expected, 'x', sizeof(expected));
	expected[0] = '/';
	expected[FC_PATH] = '\0';
	assert_int_equal(event_path(&p, buf, sizeof(buf)), 0);
	assert_string_equal(buf, expected);
	memset(p.text, '\0', FC_PATH);
	assert_int_equal(event_path(&p, buf, sizeof(buf)), 0);
	assert_int_equal(strlen(buf), FC_PATH);
}

/* What is missing is the part nearest the root: no path at all, and it is said. */
static void cut_paths(void **state _unused_)
{
	make_refused(&r);
	r.who.cgroup.cut = 1;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_false(event_has(&e, FIELD_CGROUP));
	assert_true(is_cut(FIELD_CGROUP));
	make_oom(&o);
	o.victim.cgroup.cut = o.trigger.cgroup.cut = o.memcg.path.cut = 1;
	assert_int_equal(DECODE(&o, &v1), 0);
	assert_false(event_has(&e, FIELD_CGROUP));
	assert_true(is_cut(FIELD_CGROUP));
	assert_false(event_has(&e, FIELD_TRIGGER_CGROUP));
	assert_true(is_cut(FIELD_TRIGGER_CGROUP));
	assert_false(event_has(&e, FIELD_MEMCG));
	assert_true(is_cut(FIELD_MEMCG));
}

/* An object that has no end fills its field, and is marked: there was more. */
static void unterminated_object(void **state _unused_)
{
	make_refused(&r);
	r.has |= FC_HAS_PATH;
	assert_int_equal(DECODE(&r, &v1), 0);
	assert_int_equal(strlen(event_text(&e, FIELD_OBJECT)), FC_OBJECT);
	assert_true(is_cut(FIELD_OBJECT));
}

/* No clock of ours says that, but a record may. */
static void times(void **state _unused_)
{
	static const uint64_t odd[] = {0, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		make_refused(&r);
		r.h.time = r.who.start = odd[i];
		assert_int_equal(DECODE(&r, &v1), 0);
	}
}

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void scribble(void *p, size_t n, uint64_t *x)
{
	uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++)
		bytes[i] = next(x) >> 32;
}

/* All fields of an event that passed end within their bounds. */
static void must_be_sound(int err)
{
	if (err == -EBADMSG)
		return;
	assert_int_equal(err, 0);
	assert_true(e.pool_used <= EVENT_POOL);
	assert_true(strlen(event_text(&e, FIELD_COMM)) <= FC_COMM);
	assert_true(strlen(event_text(&e, FIELD_OBJECT)) <= FC_OBJECT);
	assert_true(strlen(event_text(&e, FIELD_CGROUP)) <= FC_PATH);
	assert_true(event_has(&e, FIELD_BACKEND));
}

/* Random bytes, and valid records with a few random bytes, which get further. */
static void random_bytes(void **state _unused_)
{
	uint64_t x = 0x9e3779b97f4a7c15;
	uint8_t junk[sizeof(o) + 64];
	unsigned int good = 0;

	for (int i = 0; i < 20000; i++) {
		const struct event_context *c = contexts[i % 2];
		size_t n = next(&x) % sizeof(junk);

		scribble(junk, n, &x);
		assert_int_equal(decode_n(junk, n, c), -EBADMSG);
		make_refused(&r);
		make_oom(&o);
		if (i % 4 == 0) { /* all but the header */
			scribble(&r.h + 1, sizeof(r) - sizeof(r.h), &x);
			scribble(&o.h + 1, sizeof(o) - sizeof(o.h), &x);
		}
		for (unsigned int k = next(&x) % 8; k > 0; k--) {
			scribble((char *)&r + next(&x) % sizeof(r), 1, &x);
			scribble((char *)&o + next(&x) % sizeof(o), 1, &x);
		}
		must_be_sound(DECODE(&r, c));
		good += e.kind == EVENT_REFUSED;
		must_be_sound(DECODE(&o, c));
	}
	assert_true(good > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),
		cmocka_unit_test(prefixes_with_their_size),
		cmocka_unit_test(headers),
		cmocka_unit_test(numbers_of_a_refusal),
		cmocka_unit_test(numbers_of_a_kill),
		cmocka_unit_test(bad_paths),
		cmocka_unit_test(paths),
		cmocka_unit_test(cut_paths),
		cmocka_unit_test(unterminated_object),
		cmocka_unit_test(times),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
