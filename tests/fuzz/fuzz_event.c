/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/event.c user/event_oom.c user/field.c user/catalogue.c user/attach.c user/json.c ;
 * libs: */
/*
 * fuzz_event.c - bytes as the ring could deliver them, through decode and the
 * JSON writer. Besides what the sanitizers see: what is not accepted leaves the
 * facts alone, and what is accepted makes a whole line that is not too long.
 *
 * Random bytes hardly ever have a record's size, so that a second try has the
 * header put right, on a copy that is exactly as long as a record.
 *
 *   clang -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined tests/fuzz/fuzz_event.c $NEEDS
 *   ./fuzz_event -max_total_time=60 -max_len=4096 CORPUS
 */
#include "../../user/event.h"
#include "../../user/json.h"

#define UNTOUCHED 0x5a

static void write_line(const struct event *e)
{
	static char buf[JSON_LINE_MAX + 1];
	size_t n = json_event(e, buf, sizeof(buf));

	if (n == 0 || n > JSON_LINE_MAX || buf[0] != '{' || buf[n - 1] != '\n' ||
	    buf[n - 2] != '}' || memchr(buf, '\n', n - 1) || memchr(buf, '\0', n))
		abort();
}

static void decode(const uint8_t *data, size_t n, bool v1)
{
	const struct event_context c = {
		.boot_to_real = 1700000000000000000, .page_size = 4096, .memory_is_v1 = v1};
	static struct event e;
	struct event_facts facts, before;
	int err;

	memset(&before, UNTOUCHED, sizeof(before));
	facts = before;
	err = event_decode(&e, &facts, data, n, &c);
	if (err == 0)
		write_line(&e);
	else if (err != -EBADMSG || memcmp(&facts, &before, sizeof(facts)) != 0)
		abort();
}

/* A record of this size, filled with the data as far as that goes. */
static void as_record(const uint8_t *data, size_t n, uint32_t type, uint32_t size)
{
	struct fc_header *copy = calloc(1, size);

	if (!copy)
		abort();
	memcpy(copy, data, n < size ? n : size);
	copy->type = type;
	copy->size = size;
	decode((const uint8_t *)copy, size, n & 1);
	free(copy);
}

/* From the map, and not checked: but any bytes must do no harm. */
static void as_fold(const uint8_t *data, size_t n)
{
	const struct event_context c = {.boot_to_real = 1700000000000000000, .page_size = 4096};
	const struct fold_known known = {};
	struct fc_coarse_key coarse = {};
	struct fc_fold_key key = {};
	struct fc_overflow o = {};
	struct fc_fold fold = {};
	static struct event e;
	struct event_facts facts;

	memcpy(&key, data, n < sizeof(key) ? n : sizeof(key));
	memcpy(&fold, data, n < sizeof(fold) ? n : sizeof(fold));
	memcpy(&coarse, data, n < sizeof(coarse) ? n : sizeof(coarse));
	memcpy(&o, data, n < sizeof(o) ? n : sizeof(o));
	event_decode_fold(&e, &facts, &key, &fold, fold.count, &known, &c);
	write_line(&e);
	event_decode_overflow(&e, &coarse, &o, o.count, &c);
	write_line(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1); /* aligned, as in the ring */

	if (!copy)
		abort();
	memcpy(copy, data, n);
	decode(copy, n, n & 1);
	free(copy);
	as_record(data, n, FC_TYPE_REFUSED, sizeof(struct fc_refused));
	as_record(data, n, FC_TYPE_OOM, sizeof(struct fc_oom));
	as_fold(data, n);
	return 0;
}
