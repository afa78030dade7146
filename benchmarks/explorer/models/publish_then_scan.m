-- Publish, then scan, as in publish_then_scan.ilk; with BROKEN = 1 as in its broken twin, where nothing is published.
const
  LRUS: 2;
  MEMCGS: 2;
  BROKEN: 0;
type
  Lru: 0 .. LRUS - 1;
  Memcg: 0 .. MEMCGS - 1;
var
  registered: array [Lru] of boolean;
  published: array [Memcg] of boolean;
  active: array [Memcg] of boolean;
  has_list: array [Lru] of array [Memcg] of boolean;
  lru_looked: array [Lru] of array [Memcg] of boolean;
  memcg_looked: array [Lru] of array [Memcg] of boolean;

startstate begin
  for l: Lru do
    registered[l] := false;
    for m: Memcg do
      has_list[l][m] := false;
      lru_looked[l][m] := false;
      memcg_looked[l][m] := false;
    end;
  end;
  for m: Memcg do
    published[m] := false;
    active[m] := false;
  end;
end;

ruleset l: Lru do
  rule "register" !registered[l] ==> begin registered[l] := true; end;
  ruleset m: Memcg do
    rule "look_at_memcg" registered[l] & !lru_looked[l][m] ==> begin
      lru_looked[l][m] := true;
      if (BROKEN = 1 ? active[m] : published[m]) then has_list[l][m] := true; end;
    end;
    rule "look_at_lru" (BROKEN = 1 | published[m]) & !memcg_looked[l][m] ==> begin
      memcg_looked[l][m] := true;
      if registered[l] then has_list[l][m] := true; end;
    end;
  end;
end;
ruleset m: Memcg do
  rule "publish" BROKEN = 0 & !published[m] ==> begin published[m] := true; end;
  rule "activate" !active[m] & forall l: Lru do memcg_looked[l][m] end ==> begin active[m] := true; end;
end;

invariant "coverage"
  forall l: Lru do forall m: Memcg do
    active[m] & (forall n: Memcg do lru_looked[l][n] end) -> has_list[l][m]
  end end;
