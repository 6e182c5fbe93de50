// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_scan.c - the phrases as one automaton (Aho and Corasick, 1975): a
 * table from (state, byte) to the next state, so that a byte costs one look-up
 * however many phrases there are.
 */
#include "import_scan.h"

static const struct phrase {
	const char *text;
	enum scan_kind kind;
} phrases[] = {
	/* mm/oom_kill.c, mm/memcontrol.c, from 2.6 on */
	{"oom-killer: ", SCAN_TEXT},
	{"ut of memory", SCAN_TEXT},
	{"Out of Memory: ", SCAN_START},
	{"Killed process ", SCAN_START},
	{"OOM killed process ", SCAN_TEXT},
	{"oom-kill:", SCAN_START},
	{"oom_reaper: ", SCAN_START},
	{"No available memory ", SCAN_START},
	{"memory.oom.group", SCAN_TEXT},
	{" killed as a result of limit of ", SCAN_TEXT},
	{"memory: usage ", SCAN_START},
	{"[ pid ] ", SCAN_START},
	{"[  pid  ] ", SCAN_START},
	{",oom_memcg=", SCAN_START},
	{",global_oom", SCAN_START},
	{",task_memcg=", SCAN_START},
	{"Kernel panic - not syncing: ", SCAN_START},
	/* one line each: import_lines.c, import_fault.c */
	{"VFS: file-max limit ", SCAN_START},
	{"fork rejected by pids controller", SCAN_TEXT},
	{"table full, dropping packet", SCAN_TEXT},
	{"TCP: out of memory", SCAN_TEXT},
	{"Out of socket memory", SCAN_TEXT},
	{"orphaned sockets", SCAN_TEXT},
	{"ossible SYN flooding on port ", SCAN_TEXT},
	{"table overflow", SCAN_TEXT},
	{"__vm_enough_memory: ", SCAN_START},
	{" exceed data ulimit ", SCAN_TEXT},
	{"blocked for more than ", SCAN_TEXT},
	{"]: segfault ", SCAN_TEXT},
	{"] trap ", SCAN_TEXT},
	{"] general protection", SCAN_TEXT},
	{": unhandled ", SCAN_TEXT},
	{"audit(", SCAN_TEXT},
	{" dumped core", SCAN_TEXT},
	{" callbacks suppressed", SCAN_TEXT},
	{" messages suppressed", SCAN_TEXT},
	{" printk messages dropped", SCAN_TEXT},
	{"issed ", SCAN_TEXT},
	{"setting system clock to ", SCAN_TEXT},
	{"Linux version ", SCAN_START},
	{"message repeated ", SCAN_TEXT},
	/* watchers of memory in user space */
	{" due to memory ", SCAN_TEXT}, /* "Killed /x due to", "Marked /x for killing due to" */
	{"sending SIG", SCAN_TEXT},
	/* records */
	{"__REALTIME_TIMESTAMP", SCAN_KEY},
	{"_SOURCE_MONOTONIC_TIMESTAMP", SCAN_KEY},
	{"\"time\"", SCAN_KEY},
};

#define STATES_MAX 1024
#define BYTES 256

/* [0] is the root: no byte of any phrase seen. What a state's text ends with is in its hit. */
static uint16_t (*next)[BYTES];
static uint8_t hit[STATES_MAX]; /* number of a phrase + 1; 0: none */

static int add_phrases(void)
{
	unsigned int states = 1;

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		unsigned int state = 0;

		for (const unsigned char *c = (const unsigned char *)phrases[i].text; *c; c++) {
			if (!next[state][*c]) {
				if (states == STATES_MAX)
					return -ENOMEM;
				next[state][*c] = (uint16_t)states++;
			}
			state = next[state][*c];
		}
		hit[state] = (uint8_t)(i + 1);
	}
	return (int)states;
}

/* Breadth first: a state that has no way on for a byte goes where its longest proper ending goes.
 */
static int add_failures(unsigned int states)
{
	_cleanup_free_ uint16_t *fail = calloc(states, sizeof(*fail));
	_cleanup_free_ uint16_t *queue = calloc(states, sizeof(*queue));
	unsigned int head = 0, tail = 0;

	if (!fail || !queue)
		return -ENOMEM;
	for (unsigned int c = 0; c < BYTES; c++)
		if (next[0][c])
			queue[tail++] = next[0][c];
	while (head < tail) {
		unsigned int state = queue[head++];

		if (!hit[state])
			hit[state] = hit[fail[state]];
		for (unsigned int c = 0; c < BYTES; c++) {
			unsigned int to = next[state][c];

			if (!to) {
				next[state][c] = next[fail[state]][c];
				continue;
			}
			fail[to] = next[fail[state]][c];
			queue[tail++] = (uint16_t)to;
		}
	}
	return 0;
}

int scan_init(void)
{
	int states, err;

	if (next)
		return 0;
	next = calloc(STATES_MAX, sizeof(*next));
	if (!next)
		return -ENOMEM;
	states = add_phrases();
	err = states < 0 ? states : add_failures((unsigned int)states);
	if (err < 0) {
		free(next);
		next = NULL;
	}
	return err;
}

struct scan_hit scan_line(const char *s, size_t n)
{
	unsigned int state = 0;

	for (size_t i = 0; i < n; i++) {
		state = next[state][(unsigned char)s[i]];
		if (hit[state]) {
			const struct phrase *p = &phrases[hit[state] - 1];

			return (struct scan_hit){p->kind, i + 1 - strlen(p->text)};
		}
	}
	return (struct scan_hit){SCAN_NONE, 0};
}
