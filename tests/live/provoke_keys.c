// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of keys: too many, or too many bytes, as a user who has none.
 */
#define _GNU_SOURCE
#include "provoke_user.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long add_key(int n, size_t size)
{
	static char payload[32768];
	char name[24];

	snprintf(name, sizeof(name), "failcnt%d", n);
	return syscall(SYS_add_key, "user", name, payload, size, KEY_SPEC_PROCESS_KEYRING);
}

static bool another_key(void)
{
	return add_key(1000, 8) >= 0;
}

/* Each key takes little; the keyring that holds them is one too. */
static int keys_number(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxkeys", NULL);
	int n = 0;

	(void)argc, (void)argv;
	if (limit < 0 || limit > 1000)
		skip("kernel.keys.maxkeys is %ld", limit);
	if (getenv("FAILCNT_PROVE"))
		need_vm();
	become_user(OWN_UID + 1);
	while (add_key(n, 1) >= 0)
		n++;
	if (errno != EDQUOT)
		skip("add_key: %s", strerror(errno));
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"keys\","
	      "\"limit_name\":\"kernel.keys.maxkeys\",\"syscall\":\"add_key\",\"asked\":1,"
	      "\"held\":%ld,\"limit\":%ld,\"limit_uid\":%d}",
	      limit, limit, OWN_UID + 1);
	prove(another_key);
	return 0;
}

static bool another_large_key(void)
{
	return add_key(1000, 15000) >= 0;
}

/* By the payload; by the description alone it would be another hook. */
static int keys_bytes(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxbytes", NULL);

	(void)argc, (void)argv;
	if (limit < 16000 || limit > 30000)
		skip("kernel.keys.maxbytes is %ld", limit);
	if (getenv("FAILCNT_PROVE"))
		need_vm();
	become_user(OWN_UID + 2);
	if (add_key(1, 15000) < 0)
		skip("add_key: %s", strerror(errno));
	must_fail_at(add_key(2, 15000), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"bytes\","
	      "\"limit_name\":\"kernel.keys.maxbytes\",\"syscall\":\"add_key\","
	      "\"asked\":{\"min\":15000,\"max\":15100},\"held\":{\"min\":15000,\"max\":15200},"
	      "\"limit\":%ld,\"limit_uid\":%d}",
	      limit, OWN_UID + 2);
	prove(another_large_key);
	return 0;
}

/* What is stored for this user, from the line "UID: usage nkeys/nikeys qnkeys/max qnbytes/max". */
static long key_bytes(uid_t uid)
{
	char line[128];
	long bytes = -1;
	FILE *f = fopen("/proc/key-users", "re");

	while (f && bytes < 0 && fgets(line, sizeof(line), f))
		if (strtoul(line, NULL, 10) == uid)
			sscanf(line, "%*u: %*d %*d/%*d %*d/%*d %ld", &bytes);
	if (f)
		fclose(f);
	return bytes;
}

/* The description does not fit any more: there are 4 bytes left. */
static int keys_description(int argc, char **argv)
{
	long limit = read_number("/proc/sys/kernel/keys/maxbytes", NULL), held;

	(void)argc, (void)argv;
	if (limit < 16000 || limit > 30000)
		skip("kernel.keys.maxbytes is %ld", limit);
	become_user(OWN_UID + 3);
	if (add_key(1, 1) < 0)
		skip("add_key: %s", strerror(errno));
	held = key_bytes(OWN_UID + 3);
	if (held < 0)
		skip("/proc/key-users does not tell");
	must_work_at(add_key(1, 1 + limit - held - 4), "add_key of what is left");
	must_fail_at(add_key(2, 1), EDQUOT, "add_key at the limit");
	truth(getpid(), 1,
	      "\"expect\":{\"resource\":\"keys\",\"errno\":\"EDQUOT\",\"measure\":\"bytes\","
	      "\"limit_name\":\"kernel.keys.maxbytes\",\"syscall\":\"add_key\","
	      "\"asked\":{\"min\":9,\"max\":10},\"held\":{\"min\":%ld,\"max\":%ld},"
	      "\"limit\":%ld,\"limit_uid\":%d}",
	      limit - 4, limit, limit, OWN_UID + 3); /* the link takes 4 bytes for a moment */
	return 0;
}

const struct provocation key_provocations[] = {
	{"keys", keys_number, "add_key: too many keys", "keys"},
	{"keys-bytes", keys_bytes, "add_key: too many bytes of payload", "keys"},
	{"keys-description", keys_description, "add_key: too many bytes of description", "keys"},
	{0},
};
