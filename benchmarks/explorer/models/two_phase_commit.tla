---- MODULE two_phase_commit ----
(* Two-phase commit, as in spec/gallery/two_phase_commit.ilk: what is in flight for ever is a set of messages. *)
EXTENDS Integers
CONSTANT MANAGERS
VARIABLES state, sent, heard

Manager == 1..MANAGERS
Commit == [kind |-> "commit"]
Abort == [kind |-> "abort"]
Prepared(m) == [kind |-> "prepared", from |-> m]
Undecided == Commit \notin sent /\ Abort \notin sent

Init == state = [m \in Manager |-> "working"] /\ sent = {} /\ heard = {}

Prepare(m) ==
  /\ state[m] = "working"
  /\ state' = [state EXCEPT ![m] = "prepared"]
  /\ sent' = sent \cup {Prepared(m)}
  /\ UNCHANGED heard
GiveUp(m) == state[m] = "working" /\ state' = [state EXCEPT ![m] = "aborted"] /\ UNCHANGED <<sent, heard>>
FollowCommit(m) == Commit \in sent /\ state' = [state EXCEPT ![m] = "committed"] /\ UNCHANGED <<sent, heard>>
FollowAbort(m) == Abort \in sent /\ state' = [state EXCEPT ![m] = "aborted"] /\ UNCHANGED <<sent, heard>>

Hear(m) == Undecided /\ Prepared(m) \in sent /\ heard' = heard \cup {m} /\ UNCHANGED <<state, sent>>
DecideCommit == Undecided /\ heard = Manager /\ sent' = sent \cup {Commit} /\ UNCHANGED <<state, heard>>
DecideAbort == Undecided /\ sent' = sent \cup {Abort} /\ UNCHANGED <<state, heard>>

Next ==
  \/ \E m \in Manager : Prepare(m) \/ GiveUp(m) \/ FollowCommit(m) \/ FollowAbort(m) \/ Hear(m)
  \/ DecideCommit
  \/ DecideAbort

Invariant == ~ \E m, n \in Manager : state[m] = "committed" /\ state[n] = "aborted"
====
