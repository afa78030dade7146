/*
 * The list_lru as a candidate: owners that mount, unmount, activate and let die in turns, and users in between.
 *
 *     init(l) destroy(l) activate(m) offline(m) add(l, m, i) del(l, i) walk(l) count(l, m) wait()
 *
 * wait() is a place, and nothing else: where a workload may hold a thread until another has come far enough.
 * What cannot be done when its turn comes, such as a look-up in an lru that is not mounted, is passed over: those are
 * mistakes of callers, and it is not for the list_lru to find them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "interlock_client.h"
#include "list_lru.h"
#include "readers.h"

enum { LRUS = 3, MEMCGS = 4, ITEMS = 8 };

/* `turn` is held by whoever begins or ends it, `use` by whoever uses it. */
struct owner {
	pthread_mutex_t turn;
	pthread_rwlock_t use;
	bool there;
};

static struct list_lru lru[LRUS];
static struct memcg memcg[MEMCGS];
static struct owner lru_owner[LRUS], memcg_owner[MEMCGS];
static struct item items[LRUS][ITEMS];

static bool there(struct owner *owner, bool now)
{
	pthread_rwlock_wrlock(&owner->use);
	owner->there = now;
	pthread_rwlock_unlock(&owner->use);
	return now;
}

static void init(unsigned l)
{
	pthread_mutex_lock(&lru_owner[l].turn);
	if (!lru_owner[l].there && list_lru_init(&lru[l]) == 0)
		there(&lru_owner[l], true);
	pthread_mutex_unlock(&lru_owner[l].turn);
}

static void destroy(unsigned l)
{
	pthread_mutex_lock(&lru_owner[l].turn);
	if (lru_owner[l].there && !there(&lru_owner[l], false))
		list_lru_destroy(&lru[l]);
	pthread_mutex_unlock(&lru_owner[l].turn);
}

static void activate(unsigned m)
{
	pthread_mutex_lock(&memcg_owner[m].turn);
	if (!memcg_owner[m].there && memcg_activate(&memcg[m]) == 0)
		there(&memcg_owner[m], true);
	pthread_mutex_unlock(&memcg_owner[m].turn);
}

static void offline(unsigned m)
{
	pthread_mutex_lock(&memcg_owner[m].turn);
	if (memcg_owner[m].there && !there(&memcg_owner[m], false))
		memcg_offline(&memcg[m]);
	pthread_mutex_unlock(&memcg_owner[m].turn);
}

/* A user holds the lru and, for what is charged to it, the cgroup. */
static void use(const char *name, unsigned l, unsigned m, unsigned i)
{
	pthread_rwlock_rdlock(&lru_owner[l].use);
	pthread_rwlock_rdlock(&memcg_owner[m].use);
	bool both = lru_owner[l].there && memcg_owner[m].there;
	if (both && strcmp(name, "add") == 0)
		list_lru_add(&lru[l], &memcg[m], &items[l][i]);
	else if (both && strcmp(name, "count") == 0)
		list_lru_count(&lru[l], &memcg[m]);
	pthread_rwlock_unlock(&memcg_owner[m].use);
	if (lru_owner[l].there && strcmp(name, "walk") == 0)
		list_lru_walk(&lru[l]);
	else if (lru_owner[l].there && strcmp(name, "del") == 0)
		list_lru_del(&lru[l], &items[l][i]);
	pthread_rwlock_unlock(&lru_owner[l].use);
}

static void call(const char *name, unsigned l, unsigned m, unsigned i)
{
	if (strcmp(name, "init") == 0)
		init(l);
	else if (strcmp(name, "destroy") == 0)
		destroy(l);
	else if (strcmp(name, "activate") == 0)
		activate(m);
	else if (strcmp(name, "offline") == 0)
		offline(m);
	else if (strcmp(name, "wait") == 0)
		interlock_point("wait");
	else
		use(name, l, m, i);
}

/* What the numbers of an operation are, in the order of the letters. */
static const struct {
	const char *name, *letters;
	unsigned share; /* of a hundred operations, where the seed chooses */
} operations[] = {
	{ "init", "l", 4 },    { "destroy", "l", 3 }, { "activate", "m", 5 }, { "offline", "m", 4 },
	{ "add", "lmi", 34 },  { "del", "li", 20 },   { "count", "lm", 20 },  { "walk", "l", 10 },
	{ "wait", "", 0 },
};
enum { KINDS = sizeof operations / sizeof *operations };

static void scripted(const struct interlock_operation *operation)
{
	unsigned l = 0, m = 0, i = 0, kind = 0;
	while (kind < KINDS && strcmp(operations[kind].name, operation->name) != 0)
		kind++;
	if (kind == KINDS || strlen(operations[kind].letters) != operation->count)
		interlock_error("no such operation: init(l) destroy(l) activate(m) offline(m) add(l, m, i) del(l, i) walk(l) count(l, m) wait()");
	for (unsigned place = 0; place < operation->count; place++) {
		unsigned number = operation->argument[place];
		switch (operations[kind].letters[place]) {
		case 'l': l = number; break;
		case 'm': m = number; break;
		default: i = number; break;
		}
	}
	if (l >= LRUS || m >= MEMCGS || i >= ITEMS)
		interlock_error("there are 3 lrus, 4 memcgs and 8 items");
	call(operation->name, l, m, i);
}

static void chosen(uint64_t *chance)
{
	unsigned number = interlock_random(chance, 100), kind = 0;
	while (number >= operations[kind].share)
		number -= operations[kind++].share;
	unsigned l = interlock_random(chance, LRUS), m = interlock_random(chance, MEMCGS);
	call(operations[kind].name, l, m, interlock_random(chance, ITEMS));
}

/* -- a run */

static void start(const struct interlock_workload *workload)
{
	(void)workload;
	memset(items, 0, sizeof items);
	for (unsigned l = 0; l < LRUS; l++) {
		lru[l].name = l;
		lru_owner[l] = (struct owner){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER, false };
	}
	for (unsigned m = 0; m < MEMCGS; m++) {
		memcg[m].name = m;
		memcg_owner[m] = (struct owner){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER, false };
	}
}

static void thread(const struct interlock_workload *workload, unsigned self)
{
	urcu_mb_register_thread();
	uint64_t chance = workload->seed * INTERLOCK_THREADS + self;
	for (unsigned i = 0; i < workload->length[self] && workload->scripted; i++)
		scripted(&workload->script[self][i]);
	for (unsigned i = 0; i < workload->operations && !workload->scripted; i++)
		chosen(&chance);
	urcu_mb_unregister_thread();
}

static void end(const struct interlock_workload *workload)
{
	(void)workload;
	urcu_mb_register_thread();
	for (unsigned l = 0; l < LRUS; l++)
		destroy(l);
	for (unsigned m = 0; m < MEMCGS; m++)
		offline(m);
	urcu_mb_unregister_thread();
	if (blocks_left() > 0)
		interlock_error("not all lists and arrays were freed");
}

int main(int argc, char **argv)
{
	static const struct interlock_candidate candidate = { "list_lru", start, thread, end };
	return interlock_main(argc, argv, &candidate);
}
