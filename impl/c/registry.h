/*
 * Those who are there: a list that is walked while members come and go.
 *
 * A walker holds the member at which it stands by a pin, so that it may sleep there.  Who wants to leave first takes
 * away everybody's means to pin him, then waits for the pins that there are, and only then unlinks himself: so a pinned
 * member is on the list, and the walk goes on from it.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct member {
	_Atomic(struct member *) next;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t unpinned;
	unsigned pins;
	bool leaving;
};

struct registry {
	_Atomic(struct member *) first;
};

/* Publish a member: who is published afterwards, in whichever registry, and walks this one, finds it. */
void registry_enter(struct registry *registry, struct member *member);

/* Take a member out; afterwards nobody stands there. */
void registry_leave(struct registry *registry, struct member *member);

/* The first member, pinned; the next one, pinned, for the pin of this one.  NULL at the end. */
struct member *registry_first(struct registry *registry);
struct member *registry_next(struct member *member);

/* Give a pin back, where a walk ends early. */
void registry_unpin(struct member *member);

#endif
