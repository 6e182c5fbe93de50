// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - the command line: one typed table (options_rows.c), from which
 * come the parser (getopt_long), the checks and the help.
 *
 * Nothing is read halfway: "12abc" is no number, and what is out of range or
 * unknown is refused with the next step.
 */
#include <getopt.h>
#include <stdarg.h>

#include "log.h"
#include "options_priv.h"

static int complain(const struct command *c, const char *fmt, ...) _printf_(2, 3);
static int complain(const struct command *c, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_usage(c->name, "%s; see failcnt %s --help", text, c->name);
	return -EINVAL;
}

/* An option that c does not have: one of another command, an abbreviation, or a slip. */
static int complain_unknown(const struct command *c, const char *given)
{
	size_t n = strcspn(given, "=");
	unsigned int nearest = 3; /* farther than two letters is another word */
	const struct row *guess = NULL;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)n, given);
	for (const struct row *r = option_rows; r < option_rows + option_rows_n; r++) {
		unsigned int d = options_distance(name, r->name);

		if (d == 0)
			return complain(c, "--%s does not apply here", r->name);
		if (!(r->commands & c->options))
			continue;
		if (n > 0 && strncmp(r->name, name, n) == 0)
			d = 1;
		if (d < nearest && d < strlen(r->name)) {
			nearest = d;
			guess = r;
		}
	}
	if (guess)
		return complain(c, "there is no option --%s, did you mean --%s", name, guess->name);
	return complain(c, "there is no option --%s", name);
}

static const struct row *row_of(int code)
{
	if (code >= 256)
		return &option_rows[code - 256];
	for (const struct row *r = option_rows; r < option_rows + option_rows_n; r++)
		if (r->letter == code)
			return r;
	return NULL;
}

static int take(struct options *o, int code, char **argv, const struct command *c)
{
	const struct row *r = row_of(code == '?' || code == ':' ? optopt : code);
	char wants[1024], guess[40];

	if (code == '?' && optopt == 0)
		return complain_unknown(c, argv[optind - 1] + 2);
	if (code == '?' && optopt >= 256)
		return complain(c, "--%s takes no value", r->name);
	if (code == '?' && r)
		return complain(c, "--%s does not apply here", r->name);
	if (code == '?')
		return complain(c, "there is no option -%c", optopt);
	if (code != ':' && option_set(r, optarg, o) == 0)
		return 0;
	option_describe(r, wants, sizeof(wants));
	if (code == ':')
		return complain(c, "--%s wants %s", r->name, wants);
	if (option_guess(r, optarg, guess, sizeof(guess)))
		return complain(c, "--%s wants %s, not '%.200s': did you mean %s", r->name, wants,
				optarg, guess);
	return complain(c, "--%s wants %s, not '%.200s'", r->name, wants, optarg);
}

/* The tables of getopt_long: the rows that apply to c. */
static void build(const struct command *c, char *letters, struct option *longs)
{
	if (c->rest)
		*letters++ = '+'; /* the first word ends our options: the next are its own */
	*letters++ = ':';         /* messages are ours */
	for (size_t i = 0; i < option_rows_n; i++) {
		bool has_arg = option_rows[i].arg != NULL;

		if (!(option_rows[i].commands & c->options))
			continue;
		*longs++ = (struct option){option_rows[i].name, has_arg, NULL, 256 + (int)i};
		if (option_rows[i].letter)
			*letters++ = option_rows[i].letter;
		if (option_rows[i].letter && has_arg)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){0};
}

int options_parse(struct options *o, int argc, char **argv, const struct command *c)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char letters[2 * OPTION_ROWS_MAX + 3];
	struct options got = {.interval_ms = 700,
			      .sample_ms = 10000}; /* and the grace of `counted`: within a second */
	int code, err = 0;

	build(c, letters, longs);
	optind = 0; /* glibc: begin anew */
	while (!err && !got.help && !got.version &&
	       (code = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		err = take(&got, code, argv, c);
	if (err)
		return err;
	if (c->rest) {
		got.rest = argv + optind;
		optind = argc;
	}
	for (; !got.help && !got.version && optind < argc; optind++) {
		if (got.n_match == c->max_match || got.n_match == OPTIONS_MATCH_MAX)
			return complain(c, "too much: '%.200s'", argv[optind]);
		got.match[got.n_match++] = argv[optind];
	}
	*o = got;
	return 0;
}

void options_help(FILE *f, const struct command *c)
{
	for (const struct row *r = option_rows; r < option_rows + option_rows_n; r++) {
		char left[48];

		if (!(r->commands & c->options))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", r->letter ? '-' : ' ',
			 r->letter ? r->letter : ' ', r->letter ? "," : " ", r->name,
			 r->arg ? "=" : "", r->arg ? r->arg : "");
		fprintf(f, "  %-24s %s\n", left, r->help);
	}
}
