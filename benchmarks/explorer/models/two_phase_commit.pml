/* Two-phase commit, as in spec/gallery/two_phase_commit.ilk, for MANAGERS resource managers.

   One process, one loop, and each action a d_step: control is always at the head of the loop when a state is stored, so
   Spin stores the states of the specification and no others.  The invariant is asserted at the end of the actions that
   can break it, within the same d_step. */
#include "each.h"

mtype = { WORKING, PREPARED, COMMITTED, ABORTED };

mtype state[MANAGERS] = WORKING;
bit prepared_sent[MANAGERS];
bit heard[MANAGERS];
bit commit_sent, abort_sent;

#define AND_HEARD(_, m) && heard[m]
#define ALL_HEARD (true EACH(MANAGERS, AND_HEARD, _))
#define OR_COMMITTED(_, m) || state[m] == COMMITTED
#define OR_ABORTED(_, m) || state[m] == ABORTED
#define CONSISTENT (!((false EACH(MANAGERS, OR_COMMITTED, _)) && (false EACH(MANAGERS, OR_ABORTED, _))))

#define ACTIONS(m) \
  :: d_step { state[m] == WORKING -> state[m] = PREPARED; prepared_sent[m] = 1 } \
  :: d_step { state[m] == WORKING -> state[m] = ABORTED; assert(CONSISTENT) } \
  :: d_step { commit_sent -> state[m] = COMMITTED; assert(CONSISTENT) } \
  :: d_step { abort_sent -> state[m] = ABORTED; assert(CONSISTENT) } \
  :: d_step { !commit_sent && !abort_sent && prepared_sent[m] -> heard[m] = 1 }

active proctype protocol() {
end:
  do
  FOR(MANAGERS, ACTIONS)
  :: d_step { !commit_sent && !abort_sent && ALL_HEARD -> commit_sent = 1 }
  :: d_step { !commit_sent && !abort_sent -> abort_sent = 1 }
  od
}
