/* Lists and arrays; see blocks.h. */
#include "blocks.h"

#include <stdlib.h>

#include "interlock_client.h"

enum { NAMES = 256, WORD = 64 };

/* Relaxed: who reuses a number must not thereby seem to have waited for who gave it back. */
struct names {
	_Atomic uint64_t taken[NAMES / WORD];
};
static struct names lists, arrays;

static unsigned take_name(struct names *names)
{
	for (unsigned name = 0; name < NAMES; name++) {
		uint64_t bit = UINT64_C(1) << name % WORD;
		if (!(atomic_fetch_or_explicit(&names->taken[name / WORD], bit, memory_order_relaxed) & bit))
			return name;
	}
	interlock_error("more than 256 blocks of a kind are in use");
}

static void give_name(struct names *names, unsigned name)
{
	atomic_fetch_and_explicit(&names->taken[name / WORD], ~(UINT64_C(1) << name % WORD), memory_order_relaxed);
}

static void *allocate(size_t size)
{
	return interlock_fails() ? NULL : calloc(1, size);
}

static void release(void *block)
{
#ifndef KEEP_FREED /* for broken twins: what they do after their mistake is then defined */
	free(block);
#else
	(void)block;
#endif
}

struct item_list *list_alloc(unsigned memcg)
{
	struct item_list *list = allocate(sizeof *list);
	if (list == NULL)
		return NULL;
	list->items.next = list->items.before = &list->items;
	list->memcg = memcg;
	list->name = take_name(&lists);
	interlock_event(interlock_begin(), "alloc", "list%u", list->name);
	return list;
}

struct array *array_alloc(size_t size)
{
	struct array *array = allocate(sizeof *array + size * sizeof array->slot[0]);
	if (array == NULL)
		return NULL;
	array->size = size;
	array->name = take_name(&arrays);
	interlock_event(interlock_begin(), "alloc_array", "array%u", array->name);
	return array;
}

void list_free(struct item_list *list)
{
	for (struct item *item = list->items.next; item != &list->items; item = item->next)
		item->on = NULL;
	interlock_event(interlock_begin(), "free", "list%u", list->name);
	give_name(&lists, list->name);
	release(list);
}

void array_free(struct array *array)
{
	interlock_event(interlock_begin(), "free_array", "array%u", array->name);
	give_name(&arrays, array->name);
	release(array);
}

unsigned blocks_left(void)
{
	unsigned left = 0;
	for (unsigned i = 0; i < NAMES / WORD; i++)
		left += (unsigned)(__builtin_popcountll(lists.taken[i]) + __builtin_popcountll(arrays.taken[i]));
	return left;
}
