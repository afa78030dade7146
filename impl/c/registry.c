/* Those who are there; see registry.h. */
#include "registry.h"

#include <stddef.h>

#include "readers.h"

#ifdef __SANITIZE_THREAD__
char readers_left, readers_waited;
#endif

/*
 * Whoever publishes himself holds this, whichever the registry, and nothing is allocated under it.  So of a mount and an
 * activation that meet, the later one to hold it sees the earlier: what two full fences do in the kernel.
 */
static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;

void registry_enter(struct registry *registry, struct member *member)
{
	member->pins = 0;
	member->leaving = false;
	pthread_mutex_init(&member->lock, NULL);
	pthread_cond_init(&member->unpinned, NULL);
	pthread_mutex_lock(&publishing);
	atomic_store_explicit(&member->next, atomic_load(&registry->first), memory_order_relaxed);
	atomic_store_explicit(&registry->first, member, memory_order_release);
	pthread_mutex_unlock(&publishing);
}

static bool pin(struct member *member)
{
#ifdef BROKEN_NO_PIN
	return member != NULL;
#else
	pthread_mutex_lock(&member->lock);
	bool able = !member->leaving;
	member->pins += able;
	pthread_mutex_unlock(&member->lock);
	return able;
#endif
}

void registry_unpin(struct member *member)
{
#ifdef BROKEN_NO_PIN
	(void)member;
#else
	pthread_mutex_lock(&member->lock);
	if (--member->pins == 0)
		pthread_cond_signal(&member->unpinned);
	pthread_mutex_unlock(&member->lock);
#endif
}

/* The first member behind a link that can be pinned.  Called by a reader. */
static struct member *pinned(_Atomic(struct member *) *link)
{
	struct member *member = atomic_load_explicit(link, memory_order_acquire);
	while (member != NULL && !pin(member))
		member = atomic_load_explicit(&member->next, memory_order_acquire);
	return member;
}

struct member *registry_first(struct registry *registry)
{
	readers_enter();
	struct member *first = pinned(&registry->first);
	readers_leave();
	return first;
}

/* The pin is given back inside the section: from then on it is the grace period that keeps the place. */
struct member *registry_next(struct member *member)
{
	readers_enter();
	struct member *next = pinned(&member->next);
	registry_unpin(member);
	readers_leave();
	return next;
}

void registry_leave(struct registry *registry, struct member *member)
{
	pthread_mutex_lock(&member->lock);
	member->leaving = true;
	while (member->pins > 0)
		pthread_cond_wait(&member->unpinned, &member->lock);
	pthread_mutex_unlock(&member->lock);

	pthread_mutex_lock(&publishing);
	_Atomic(struct member *) *link = &registry->first;
	while (atomic_load(link) != member)
		link = &atomic_load(link)->next;
	atomic_store_explicit(link, atomic_load(&member->next), memory_order_release);
	pthread_mutex_unlock(&publishing);
	readers_wait();
}
