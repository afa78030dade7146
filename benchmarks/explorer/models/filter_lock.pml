/* The filter lock, as in spec/gallery/filter_lock.ilk, for THREADS threads and one level less.

   A process for each thread.  Each step is one statement or one d_step, and break takes none, so that control is at the
   head of a step when a state is stored: Spin stores the states of the specification and no others.  last[] holds the number of a
   thread plus 1, and 0 for none.  Mutual exclusion is asserted by the step that enters the critical section. */
#include "each.h"
#define TOP (THREADS - 1)

byte level[THREADS];
byte last[THREADS];
byte inside;

#define ME _pid
#define AND_LOWER(_, u) && (u == ME || level[u] < level[ME])
#define MAY_PASS (last[level[ME]] != ME + 1 || (true EACH(THREADS, AND_LOWER, _)))

active [THREADS] proctype thread() {
end:
  do
  :: true; /* arrive */
     do
     :: level[ME]++;
        last[level[ME]] = ME + 1;
        if
        :: d_step { MAY_PASS && level[ME] < TOP }
        :: d_step { MAY_PASS && level[ME] == TOP -> inside++; assert(inside == 1) }; break
        fi
     od;
     if /* since no jump may end at a d_step */
     :: d_step { level[ME] = 0; inside-- }
     fi
  od
}
