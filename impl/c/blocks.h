/*
 * What is allocated: lists and arrays, each with the number by which the log knows it.
 *
 * A number is used again when its block has been freed, lowest first, so that a long log has few names.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "list_lru.h"

struct array {
	unsigned name;
	size_t size;
	_Atomic(struct item_list *) slot[];
};

/* NULL if memory has run out. */
struct item_list *list_alloc(unsigned memcg);
struct array *array_alloc(size_t size);

/* Nobody can reach it any more.  Items that are still on the list are forgotten. */
void list_free(struct item_list *list);
void array_free(struct array *array);

/* How many blocks there are. */
unsigned blocks_left(void);

#endif
