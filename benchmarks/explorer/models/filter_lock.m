-- The filter lock, as in spec/gallery/filter_lock.ilk; there is one level less than there are threads.
const
  THREADS: 3;
  TOP: THREADS - 1;
type
  Thread: 0 .. THREADS - 1;
  Level: 0 .. TOP;
var
  at: array [Thread] of enum { ARRIVE, CLIMB, GIVE_WAY, WAIT, LEAVE };
  level: array [Thread] of Level;
  last: array [Level] of 0 .. THREADS; -- a thread's number plus 1; 0 for none

startstate begin
  for t: Thread do at[t] := ARRIVE; level[t] := 0; end;
  for i: Level do last[i] := 0; end;
end;

ruleset t: Thread do
  rule "arrive" at[t] = ARRIVE ==> begin at[t] := CLIMB; end;
  rule "climb" at[t] = CLIMB ==> begin level[t] := level[t] + 1; at[t] := GIVE_WAY; end;
  rule "give_way" at[t] = GIVE_WAY ==> begin last[level[t]] := t + 1; at[t] := WAIT; end;
  rule "wait"
    at[t] = WAIT & (last[level[t]] != t + 1 | forall u: Thread do u = t | level[u] < level[t] end)
    ==> begin
      if level[t] = TOP then at[t] := LEAVE; else at[t] := CLIMB; end;
    end;
  rule "leave" at[t] = LEAVE ==> begin level[t] := 0; at[t] := ARRIVE; end;
end;

invariant "exclusive"
  forall t: Thread do forall u: Thread do at[t] = LEAVE & at[u] = LEAVE -> t = u end end;
