/* The per-memcg list_lru; see list_lru.h. */
#include "list_lru.h"

#include <assert.h>
#include <errno.h>

#include "blocks.h"
#include "interlock_client.h"
#include "readers.h"

enum { IDS = 64, SLOTS = 2 };

static struct registry lrus;   /* from when they begin to be filled until they are empty */
static struct registry memcgs; /* that are active, or are becoming so */
static pthread_mutex_t ids = PTHREAD_MUTEX_INITIALIZER;
static uint64_t ids_taken;

#define OWNER(pointer, type) ((type *)((char *)(pointer) - offsetof(type, member)))

/* -- the ids of cgroups: the lowest that is free */

static int take_id(unsigned *id)
{
	pthread_mutex_lock(&ids);
	int error = ~ids_taken == 0 ? -ENOMEM : 0;
	if (error == 0) {
		*id = (unsigned)__builtin_ctzll(~ids_taken);
		ids_taken |= UINT64_C(1) << *id;
	}
	pthread_mutex_unlock(&ids);
	return error;
}

static void give_id(unsigned id)
{
	pthread_mutex_lock(&ids);
	ids_taken &= ~(UINT64_C(1) << id);
	pthread_mutex_unlock(&ids);
}

/* -- items; the caller holds the lock of their lru */

static void lock_items(struct list_lru *lru)
{
#ifndef BROKEN_NO_LOCK
	pthread_mutex_lock(&lru->lock);
#else
	(void)lru;
#endif
}

static void unlock_items(struct list_lru *lru)
{
#ifndef BROKEN_NO_LOCK
	pthread_mutex_unlock(&lru->lock);
#else
	(void)lru;
#endif
}

static void link_item(struct item_list *list, struct item *item)
{
	item->next = list->items.next;
	item->before = &list->items;
	item->next->before = list->items.next = item;
	item->on = list;
	list->count++;
}

static void unlink_item(struct item *item)
{
	item->next->before = item->before;
	item->before->next = item->next;
	item->on->count--;
	item->on = NULL;
}

/* -- one slot; the caller has pinned both sides, or is one of them */

static struct array *array_of(struct list_lru *lru)
{
	return atomic_load_explicit(&lru->array, memory_order_acquire);
}

/* Replace the array by one with room for an id.  The old one is the caller's, to be freed after a grace period. */
static struct array *grow(struct list_lru *lru, struct array *old, size_t id)
{
	interlock_point("grow.begin");
	struct array *larger = array_alloc(id + 1 > 2 * old->size ? id + 1 : 2 * old->size);
	if (larger == NULL)
		return NULL;
	for (size_t i = 0; i < old->size; i++)
		atomic_store_explicit(&larger->slot[i], atomic_load(&old->slot[i]), memory_order_relaxed);
	uint64_t began = interlock_begin();
	atomic_store_explicit(&lru->array, larger, memory_order_release);
	interlock_event(began, "swap", "lru%u array%u", lru->name, larger->name);
	return larger;
}

/* Put a new list into the cgroup's slot, unless the other side has done so. */
static int install(struct list_lru *lru, const struct memcg *memcg)
{
	interlock_point("install.begin");
	struct item_list *new = list_alloc(memcg->name);
	struct array *old = NULL;
	if (new == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&lru->slots);
	struct array *array = array_of(lru);
	interlock_point("install.loaded");
	if (memcg->id >= array->size) {
		old = array;
		array = grow(lru, old, memcg->id);
	}
	if (array != NULL && atomic_load(&array->slot[memcg->id]) == NULL) {
		uint64_t began = interlock_begin();
		atomic_store_explicit(&array->slot[memcg->id], new, memory_order_release);
		interlock_event(began, "install", "lru%u memcg%u list%u", lru->name, memcg->name, new->name);
		new = NULL;
	}
	pthread_mutex_unlock(&lru->slots);
	if (new != NULL)
		list_free(new); /* nobody has seen it */
	if (array != NULL && old != NULL) {
#ifndef BROKEN_NO_GRACE
		readers_wait();
#endif
		array_free(old);
		interlock_point("install.freed");
	}
	return array == NULL ? -ENOMEM : 0;
}

/* Move the items of a slot to the root, empty it, and put the list that was there before the others. */
static void drain(struct list_lru *lru, const struct memcg *memcg, struct item_list **drained)
{
	pthread_mutex_lock(&lru->slots);
	struct array *array = array_of(lru);
	struct item_list *list = memcg->id < array->size ? atomic_load(&array->slot[memcg->id]) : NULL;
	if (list != NULL) {
		lock_items(lru);
		while (list->count > 0) {
			struct item *item = list->items.next;
			unlink_item(item);
			link_item(&lru->root, item);
		}
		unlock_items(lru);
		uint64_t began = interlock_begin();
		atomic_store_explicit(&array->slot[memcg->id], NULL, memory_order_release);
		interlock_event(began, "remove", "lru%u memcg%u list%u", lru->name, memcg->name, list->name);
		list->next = *drained;
		*drained = list;
	}
	pthread_mutex_unlock(&lru->slots);
}

/* -- mounting and unmounting */

/* Give the lru a list for every cgroup that is there. */
static int fill_lru(struct list_lru *lru)
{
	for (struct member *at = registry_first(&memcgs); at != NULL; at = registry_next(at)) {
		if (install(lru, OWNER(at, struct memcg)) != 0) {
			registry_unpin(at);
			return -ENOMEM;
		}
	}
	return 0;
}

static void publish_lru(struct list_lru *lru)
{
	unsigned name = array_of(lru)->name; /* once published, an activation may replace and free it */
	uint64_t began = interlock_begin();
	registry_enter(&lrus, &lru->member);
	interlock_event(began, "publish", "lru%u array%u", lru->name, name);
}

int list_lru_init(struct list_lru *lru)
{
	struct array *array = array_alloc(SLOTS);
	if (array == NULL)
		return -ENOMEM;
	pthread_mutex_init(&lru->slots, NULL);
	pthread_mutex_init(&lru->lock, NULL);
	lru->root = (struct item_list){ .items = { &lru->root.items, &lru->root.items, NULL } };
	atomic_store_explicit(&lru->array, array, memory_order_release);
#ifndef BROKEN_SCAN_FIRST
	publish_lru(lru);
	int error = fill_lru(lru);
#else
	int error = fill_lru(lru);
	interlock_point("init.scanned");
	publish_lru(lru);
#endif
	if (error != 0) {
		list_lru_destroy(lru);
		return error;
	}
	interlock_event(interlock_begin(), "init", "lru%u", lru->name);
	interlock_point("init.done");
	return 0;
}

void list_lru_destroy(struct list_lru *lru)
{
	interlock_point("destroy.begin");
	interlock_event(interlock_begin(), "destroy", "lru%u", lru->name);
	registry_leave(&lrus, &lru->member);
	struct array *array = array_of(lru);
	for (size_t id = 0; id < array->size; id++) {
		struct item_list *list = atomic_load(&array->slot[id]);
		if (list != NULL) {
			uint64_t began = interlock_begin();
			atomic_store_explicit(&array->slot[id], NULL, memory_order_release);
			interlock_event(began, "remove", "lru%u memcg%u list%u", lru->name, list->memcg, list->name);
			list_free(list);
		}
	}
	while (lru->root.count > 0)
		unlink_item(lru->root.items.next);
	uint64_t began = interlock_begin();
	atomic_store_explicit(&lru->array, NULL, memory_order_release);
	interlock_event(began, "drop_array", "lru%u", lru->name);
	array_free(array);
	interlock_event(interlock_begin(), "release_lru", "lru%u", lru->name);
	interlock_point("destroy.done");
}

/* -- cgroups */

/* Give every lru that is there a list for the cgroup. */
static int fill_lrus(const struct memcg *memcg)
{
	for (struct member *at = registry_first(&lrus); at != NULL; at = registry_next(at)) {
		if (install(OWNER(at, struct list_lru), memcg) != 0) {
			registry_unpin(at);
			return -ENOMEM;
		}
	}
	return 0;
}

int memcg_activate(struct memcg *memcg)
{
	interlock_point("activate.begin");
	if (take_id(&memcg->id) != 0)
		return -ENOMEM;
	uint64_t began = interlock_begin();
	registry_enter(&memcgs, &memcg->member);
	interlock_event(began, "mark", "memcg%u", memcg->name);
	if (fill_lrus(memcg) != 0) {
		memcg_offline(memcg);
		return -ENOMEM;
	}
	interlock_event(interlock_begin(), "activate", "memcg%u", memcg->name);
	interlock_point("activate.done");
	return 0;
}

/* Mounts that have found the cgroup are waited for, so no list of its comes up behind the sweep. */
void memcg_offline(struct memcg *memcg)
{
	struct item_list *drained = NULL;
	interlock_event(interlock_begin(), "offline", "memcg%u", memcg->name);
	registry_leave(&memcgs, &memcg->member);
	for (struct member *at = registry_first(&lrus); at != NULL; at = registry_next(at))
		drain(OWNER(at, struct list_lru), memcg, &drained);
	readers_wait(); /* walks go by index and may be at them */
	while (drained != NULL) {
		struct item_list *list = drained;
		drained = list->next;
		list_free(list);
	}
	interlock_event(interlock_begin(), "release_memcg", "memcg%u", memcg->name);
	give_id(memcg->id);
}

/* -- readers: from here on, inside a section */

static struct array *load_array(struct list_lru *lru)
{
	uint64_t began = interlock_begin();
	struct array *array = array_of(lru);
	interlock_event(began, "load", "thread%u lru%u array%u", interlock_self(), lru->name, array->name);
	interlock_point("load.loaded");
	return array;
}

/* The cgroup's list, or NULL where there is none, which is never while both are in use. */
static struct item_list *look_up(struct list_lru *lru, const struct memcg *memcg)
{
	struct array *array = load_array(lru);
	uint64_t began = interlock_begin();
	struct item_list *list = memcg->id < array->size ?
		atomic_load_explicit(&array->slot[memcg->id], memory_order_acquire) : NULL;
	if (list != NULL)
		interlock_event(began, "take", "thread%u lru%u memcg%u list%u", interlock_self(), lru->name, memcg->name, list->name);
	else
		interlock_event(began, "miss", "thread%u lru%u memcg%u", interlock_self(), lru->name, memcg->name);
	return list;
}

static void let_go(const struct item_list *list)
{
	interlock_event(interlock_begin(), "let_go", "thread%u list%u", interlock_self(), list->name);
}

static void leave(void)
{
	interlock_event(interlock_begin(), "leave", "thread%u", interlock_self());
	readers_leave();
}

bool list_lru_add(struct list_lru *lru, const struct memcg *memcg, struct item *item)
{
	bool added = false;
	readers_enter();
	struct item_list *list = look_up(lru, memcg);
	if (list != NULL) {
		lock_items(lru);
		if (item->on == NULL) {
			link_item(list, item);
			added = true;
		}
		unlock_items(lru);
		let_go(list);
	}
	leave();
	return added;
}

bool list_lru_del(struct list_lru *lru, struct item *item)
{
	lock_items(lru);
	bool there = item->on != NULL;
	if (there)
		unlink_item(item);
	unlock_items(lru);
	return there;
}

size_t list_lru_count(struct list_lru *lru, const struct memcg *memcg)
{
	size_t count = 0;
	readers_enter();
	struct item_list *list = look_up(lru, memcg);
	if (list != NULL) {
		lock_items(lru);
		count = list->count;
		unlock_items(lru);
		let_go(list);
	}
	leave();
	return count;
}

size_t list_lru_walk(struct list_lru *lru)
{
	size_t found = 0;
	readers_enter();
	struct array *array = load_array(lru);
	for (size_t id = 0; id < array->size; id++) {
		uint64_t began = interlock_begin();
		struct item_list *list = atomic_load_explicit(&array->slot[id], memory_order_acquire);
		if (list == NULL)
			continue;
		interlock_event(began, "visit", "thread%u list%u", interlock_self(), list->name);
		lock_items(lru);
		size_t items = 0;
		for (struct item *item = list->items.next; item != &list->items; item = item->next)
			items++;
		assert(items == list->count);
		found += items;
		unlock_items(lru);
		let_go(list);
	}
	leave();
	return found;
}
