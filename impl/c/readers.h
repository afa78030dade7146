/*
 * RCU by liburcu, and what ThreadSanitizer must be told of it.
 *
 * The mb flavour needs nothing of the kernel.  The library is not instrumented, so ThreadSanitizer knows no grace
 * period: what a reader did in its section comes before the end of a wait that found it there, and what came before a
 * wait comes before the sections after it.  It is told the same for sections that no wait found; for the pointers
 * themselves, C11 atomics tell it all.
 */
#ifndef READERS_H
#define READERS_H

#include <urcu/urcu-mb.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
extern char readers_left, readers_waited;
#define TSAN_RELEASE(place) __tsan_release(place)
#define TSAN_ACQUIRE(place) __tsan_acquire(place)
#else
#define TSAN_RELEASE(place) ((void)0)
#define TSAN_ACQUIRE(place) ((void)0)
#endif

static inline void readers_enter(void)
{
	urcu_mb_read_lock();
	TSAN_ACQUIRE(&readers_waited);
}

static inline void readers_leave(void)
{
	TSAN_RELEASE(&readers_left);
	urcu_mb_read_unlock();
}

/* Wait for all sections that have begun.  Not inside of one. */
static inline void readers_wait(void)
{
	TSAN_RELEASE(&readers_waited);
	urcu_mb_synchronize_rcu();
	TSAN_ACQUIRE(&readers_left);
}

#endif
