-- Two-phase commit, as in spec/gallery/two_phase_commit.ilk.
const
  MANAGERS: 3;
type
  Manager: 0 .. MANAGERS - 1;
  State: enum { WORKING, PREPARED, COMMITTED, ABORTED };
var
  state: array [Manager] of State;
  prepared_sent: array [Manager] of boolean;
  heard: array [Manager] of boolean;
  commit_sent: boolean;
  abort_sent: boolean;

startstate begin
  for m: Manager do
    state[m] := WORKING;
    prepared_sent[m] := false;
    heard[m] := false;
  end;
  commit_sent := false;
  abort_sent := false;
end;

ruleset m: Manager do
  rule "prepare" state[m] = WORKING ==> begin state[m] := PREPARED; prepared_sent[m] := true; end;
  rule "give_up" state[m] = WORKING ==> begin state[m] := ABORTED; end;
  rule "commit" commit_sent ==> begin state[m] := COMMITTED; end;
  rule "abort" abort_sent ==> begin state[m] := ABORTED; end;
  rule "hear" !commit_sent & !abort_sent & prepared_sent[m] ==> begin heard[m] := true; end;
end;
rule "decide_commit" !commit_sent & !abort_sent & forall m: Manager do heard[m] end ==> begin commit_sent := true; end;
rule "decide_abort" !commit_sent & !abort_sent ==> begin abort_sent := true; end;

invariant "consistent"
  forall m: Manager do forall n: Manager do !(state[m] = COMMITTED & state[n] = ABORTED) end end;
