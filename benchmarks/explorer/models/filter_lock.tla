---- MODULE filter_lock ----
(* The filter lock, as in spec/gallery/filter_lock.ilk; there is one level less than there are threads. *)
EXTENDS Integers
CONSTANT THREADS
VARIABLES at, level, last

Thread == 1..THREADS
Top == THREADS - 1
None == 0

Init == at = [t \in Thread |-> "arrive"] /\ level = [t \in Thread |-> 0] /\ last = [i \in 1..Top |-> None]

Arrive(t) == at[t] = "arrive" /\ at' = [at EXCEPT ![t] = "climb"] /\ UNCHANGED <<level, last>>
Climb(t) ==
  /\ at[t] = "climb"
  /\ at' = [at EXCEPT ![t] = "give_way"]
  /\ level' = [level EXCEPT ![t] = @ + 1]
  /\ UNCHANGED last
GiveWay(t) ==
  /\ at[t] = "give_way"
  /\ at' = [at EXCEPT ![t] = "wait"]
  /\ last' = [last EXCEPT ![level[t]] = t]
  /\ UNCHANGED level
Wait(t) ==
  /\ at[t] = "wait"
  /\ last[level[t]] # t \/ \A u \in Thread \ {t} : level[u] < level[t]
  /\ at' = [at EXCEPT ![t] = IF level[t] = Top THEN "leave" ELSE "climb"]
  /\ UNCHANGED <<level, last>>
Leave(t) ==
  /\ at[t] = "leave"
  /\ at' = [at EXCEPT ![t] = "arrive"]
  /\ level' = [level EXCEPT ![t] = 0]
  /\ UNCHANGED last

Next == \E t \in Thread : Arrive(t) \/ Climb(t) \/ GiveWay(t) \/ Wait(t) \/ Leave(t)

Invariant == \A t, u \in Thread : at[t] = "leave" /\ at[u] = "leave" => t = u
====
