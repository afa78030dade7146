/* Publish, then scan, as in publish_then_scan.ilk, for LRUS lrus and MEMCGS memcgs; with BROKEN = 1 as in its broken twin.

   One process, one loop, and each action a d_step, so that Spin stores the states of the specification and no others; a
   relation of two is an array of rows.  The invariant is asserted by the two actions that can break it, each for the
   thread that it moves. */
#include "each.h"

#define AT(l, m) [(l) * MEMCGS + (m)]
bit registered[LRUS];
bit active_[MEMCGS];
bit has_list[LRUS * MEMCGS];
bit lru_looked[LRUS * MEMCGS];
bit memcg_looked[LRUS * MEMCGS];

#if BROKEN
#define PUBLISH(m)
#define MAY_LOOK(m) true
#define IS_SEEN(m) active_[m]
#else
bit published[MEMCGS];
#define PUBLISH(m) :: d_step { !published[m] -> published[m] = 1 }
#define MAY_LOOK(m) published[m]
#define IS_SEEN(m) published[m]
#endif

#define AND_LRU_LOOKED(l, m) && lru_looked AT(l, m)
#define HAS_LOOKED_AT_ALL(l) (true ALL(MEMCGS, AND_LRU_LOOKED, l))
#define AND_MEMCG_LOOKED(m, l) && memcg_looked AT(l, m)
#define AND_LIST_IF_ACTIVE(l, m) && (!active_[m] || has_list AT(l, m))
#define AND_LIST_IF_LOOKED(m, l) && (!HAS_LOOKED_AT_ALL(l) || has_list AT(l, m))

#define LOOK_AT_MEMCG(l, m) \
  :: d_step { registered[l] && !lru_looked AT(l, m) -> \
       lru_looked AT(l, m) = 1; \
       has_list AT(l, m) = has_list AT(l, m) || IS_SEEN(m); \
       assert(!HAS_LOOKED_AT_ALL(l) || (true ALL(MEMCGS, AND_LIST_IF_ACTIVE, l))) }

#define LRU(l) \
  :: d_step { !registered[l] -> registered[l] = 1 } \
  EACH(MEMCGS, LOOK_AT_MEMCG, l)

#define LOOK_AT_LRU(m, l) \
  :: d_step { MAY_LOOK(m) && !memcg_looked AT(l, m) -> \
       memcg_looked AT(l, m) = 1; \
       has_list AT(l, m) = has_list AT(l, m) || registered[l] }

#define MEMCG(m) \
  PUBLISH(m) \
  EACH(LRUS, LOOK_AT_LRU, m) \
  :: d_step { !active_[m] EACH(LRUS, AND_MEMCG_LOOKED, m) -> \
       active_[m] = 1; \
       assert(true EACH(LRUS, AND_LIST_IF_LOOKED, m)) }

active proctype protocol() {
end:
  do
  FOR(LRUS, LRU)
  FOR(MEMCGS, MEMCG)
  od
}
