/*
 * The per-memcg list_lru over POSIX threads and liburcu: the handshake with pins, with arrays that grow under a lock.
 *
 * An lru keeps one list for each memory cgroup that is active, in an array indexed by the cgroup's id.  Two scans must
 * not miss each other: list_lru_init() makes a list for every active cgroup in a new lru, memcg_activate() makes one for
 * a new cgroup in every lru.  Both publish themselves first and look at the other side afterwards, so of any two that
 * meet, the one that publishes later finds the other; no lock is held across either scan.  An allocation may sleep, so
 * it cannot be made inside the read-side section in which the other was found: who works on an lru or a cgroup pins it.
 *
 * These are spec/list_lru/handshake_pin.ilk and handshake_lock.ilk; impl/list_lru/handshake.py is the same in Python.
 * Each change that the specification knows is logged, in the terms of spec/list_lru/logged.ilk.
 *
 * The caller calls init and destroy, activate and offline in turns, and uses an lru and a cgroup in between.
 */
#ifndef LIST_LRU_H
#define LIST_LRU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "registry.h"

/* What is kept on an lru; whoever owns it embeds it.  `on` is the list it is on, or NULL. */
struct item {
	struct item *next, *before;
	struct item_list *on;
};

struct item_list {
	struct item items; /* the head of a ring */
	size_t count;
	unsigned name;
	unsigned memcg;         /* for whom it is, by his name */
	struct item_list *next; /* of those that are about to be freed */
};

struct list_lru {
	struct member member;           /* of all that activations find */
	unsigned name;
	pthread_mutex_t slots;          /* held to fill or empty a slot, and to replace the array */
	_Atomic(struct array *) array;
	pthread_mutex_t lock;           /* of the items on all of its lists */
	struct item_list root;          /* where items go whose cgroup is gone */
};

struct memcg {
	struct member member;           /* of all that mounts find */
	unsigned name;
	unsigned id;
};

/* 0 or -ENOMEM; then the lru, or the cgroup, is as before, and nothing is left allocated. */
int list_lru_init(struct list_lru *lru);
int memcg_activate(struct memcg *memcg);

/* Nobody uses it any more.  What items are left on an lru are forgotten; those of a cgroup go to the root's list. */
void list_lru_destroy(struct list_lru *lru);
void memcg_offline(struct memcg *memcg);

/* Put an item on the cgroup's list; false, and nothing done, if it is on a list. */
bool list_lru_add(struct list_lru *lru, const struct memcg *memcg, struct item *item);
/* Take it off whichever list it is on; whether it was on one. */
bool list_lru_del(struct list_lru *lru, struct item *item);
/* How many items are on the cgroup's list; on all lists, whoseever they are, as a shrinker sees them. */
size_t list_lru_count(struct list_lru *lru, const struct memcg *memcg);
size_t list_lru_walk(struct list_lru *lru);

#endif
