// SPDX-License-Identifier: GPL-2.0-only
/*
 * options_value.c - the text of one option becomes a value, or nothing: numbers,
 * times, users, words. And what to say when it does not.
 */
#include <pwd.h>

#include "options_priv.h"
#include "parse.h"

/* "10s", "1m", "500ms"; a bare number is seconds. */
static int parse_duration(const char *s, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1},        {"s", 1000},        {"", 1000},
		     {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}};
	size_t digits = strspn(s, "0123456789");
	uint64_t n;
	int err = parse_u64(s, digits, &n);

	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!util_streq(s + digits, units[i].name))
			continue;
		if (n > UINT64_MAX / units[i].ms)
			return -ERANGE;
		*ret = n * units[i].ms;
		return 0;
	}
	return -EINVAL;
}

/* "500M", "2G", "1048576"; powers of 1024. */
static int parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(s, "0123456789");
	const char *unit = s[digits] ? strchr(units, s[digits]) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	uint64_t n;
	int err = parse_u64(s, digits, &n);

	if (err)
		return err;
	if (s[digits] && (!unit || s[digits + 1]))
		return -EINVAL;
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = n << shift;
	return 0;
}

static int parse_user(const char *s, uint64_t *ret)
{
	const struct passwd *p;
	int err = parse_u64(s, strlen(s), ret);

	if (err != -EINVAL)
		return err;
	p = getpwnam(s);
	if (!p)
		return -EINVAL;
	*ret = p->pw_uid;
	return 0;
}

void option_describe(const struct row *r, char *buf, size_t size)
{
	size_t len;

	if (r->wants) {
		util_strlcpy(buf, r->wants, size);
	} else if (r->known) {
		len = (size_t)snprintf(buf, size, "one of ");
		r->known(buf + len, size - len);
	} else if (r->words) {
		len = (size_t)snprintf(buf, size, "one of");
		for (unsigned int i = 0; r->words[i] && len < size; i++)
			len += (size_t)snprintf(buf + len, size - len, "%s %s", i ? "," : "",
						r->words[i]);
	} else if (r->type == ROW_SIZE) {
		snprintf(buf, size, "a size of %llu bytes or more, such as 500M or 2G",
			 (unsigned long long)r->min);
	} else if (r->type == ROW_DURATION) {
		snprintf(buf, size, "a time of %llu ms or more, such as 10s, 1m or 500ms",
			 (unsigned long long)r->min);
	} else {
		snprintf(buf, size, "a number from %llu to %llu", (unsigned long long)r->min,
			 (unsigned long long)r->max);
	}
}

const char *option_guess(const struct row *r, const char *arg, char *buf, size_t size)
{
	char all[1024], *at = all, *word, *best = NULL;
	unsigned int nearest = 3; /* farther than two letters is another word */

	if (!r->known)
		return NULL;
	r->known(all, sizeof(all));
	while ((word = strsep(&at, ", "))) {
		unsigned int d = options_distance(arg, word);

		if (d < nearest && d < strlen(word)) {
			nearest = d;
			best = word;
		}
	}
	if (!best)
		return NULL;
	util_strlcpy(buf, best, size);
	return buf;
}

static int set_number(const struct row *r, const char *arg, struct options *o)
{
	uint64_t v = 0;
	int err;

	if (r->type == ROW_DURATION)
		err = parse_duration(arg, &v);
	else if (r->type == ROW_SIZE)
		err = parse_size(arg, &v);
	else if (r->type == ROW_USER)
		err = parse_user(arg, &v);
	else
		err = parse_u64(arg, strlen(arg), &v);
	if (err || v < r->min || v > r->max)
		return -EINVAL;
	*(uint64_t *)((char *)o + r->at) = v;
	if (r->at_more)
		*(bool *)((char *)o + r->at_more) = true;
	return 0;
}

static int set_word(const struct row *r, const char *arg, struct options *o)
{
	for (int i = 0; r->words[i]; i++) {
		if (!util_streq(r->words[i], arg))
			continue;
		*(int *)((char *)o + r->at) = i;
		return 0;
	}
	return -EINVAL;
}

static int set_string(const struct row *r, const char *arg, struct options *o)
{
	unsigned int *n = (unsigned int *)((char *)o + r->at_more);
	const char **at = (const char **)((char *)o + r->at);

	if (!r->ok(arg))
		return -EINVAL;
	if (r->type != ROW_LIST) {
		*at = arg;
		return 0;
	}
	for (unsigned int i = 0; i < *n; i++)
		if (util_streq(at[i], arg))
			return 0;
	if (*n == OPTIONS_RESOURCES_MAX)
		return -EINVAL;
	at[(*n)++] = arg;
	return 0;
}

int option_set(const struct row *r, const char *arg, struct options *o)
{
	switch (r->type) {
	case ROW_FLAG:
		*(bool *)((char *)o + r->at) = true;
		return 0;
	case ROW_COUNT:
		++*(unsigned int *)((char *)o + r->at);
		return 0;
	case ROW_ENUM:
		return set_word(r, arg, o);
	case ROW_STRING:
	case ROW_LIST:
		return set_string(r, arg, o);
	default:
		return set_number(r, arg, o);
	}
}

/*
 * Optimal string alignment: the least number of letters to add, leave out,
 * change or swap. One row of the matrix a letter of a; three are enough.
 */
unsigned int options_distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	unsigned int cost[3][LONGEST + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return LONGEST;
	for (unsigned int j = 0; j <= nb; j++)
		cost[0][j] = j;
	for (unsigned int i = 1; i <= na; i++) {
		unsigned int *now = cost[i % 3];
		const unsigned int *above = cost[(i + 2) % 3], *above2 = cost[(i + 1) % 3];

		now[0] = i;
		for (unsigned int j = 1; j <= nb; j++) {
			unsigned int least = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < least)
				least = above[j] + 1;
			if (now[j - 1] + 1 < least)
				least = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above2[j - 2] + 1 < least)
				least = above2[j - 2] + 1;
			now[j] = least;
		}
	}
	return cost[na % 3][nb];
}

bool options_color(const struct options *o, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->color != OPT_COLOR_AUTO)
		return o->color == OPT_COLOR_ALWAYS;
	return !(no && *no) && term && !util_streq(term, "dumb") && isatty(fd);
}
