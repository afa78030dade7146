---- MODULE publish_then_scan ----
(* Publish, then scan, as in publish_then_scan.ilk; with BROKEN = 1 as in its broken twin, where nothing is published. *)
EXTENDS Integers
CONSTANTS LRUS, MEMCGS, BROKEN
VARIABLES registered, published, active, lists, lruLooked, memcgLooked

Lru == 1..LRUS
Memcg == 1..MEMCGS
MayLook(m) == BROKEN = 1 \/ m \in published
IsSeen(m) == IF BROKEN = 1 THEN m \in active ELSE m \in published

Init ==
  /\ registered = {}
  /\ published = {}
  /\ active = {}
  /\ lists = {}
  /\ lruLooked = {}
  /\ memcgLooked = {}

Register(l) ==
  /\ l \notin registered
  /\ registered' = registered \cup {l}
  /\ UNCHANGED <<published, active, lists, lruLooked, memcgLooked>>
LookAtMemcg(l, m) ==
  /\ l \in registered
  /\ <<l, m>> \notin lruLooked
  /\ lruLooked' = lruLooked \cup {<<l, m>>}
  /\ lists' = IF IsSeen(m) THEN lists \cup {<<l, m>>} ELSE lists
  /\ UNCHANGED <<registered, published, active, memcgLooked>>

Publish(m) ==
  /\ BROKEN = 0
  /\ m \notin published
  /\ published' = published \cup {m}
  /\ UNCHANGED <<registered, active, lists, lruLooked, memcgLooked>>
LookAtLru(m, l) ==
  /\ MayLook(m)
  /\ <<l, m>> \notin memcgLooked
  /\ memcgLooked' = memcgLooked \cup {<<l, m>>}
  /\ lists' = IF l \in registered THEN lists \cup {<<l, m>>} ELSE lists
  /\ UNCHANGED <<registered, published, active, lruLooked>>
Activate(m) ==
  /\ m \notin active
  /\ \A l \in Lru : <<l, m>> \in memcgLooked
  /\ active' = active \cup {m}
  /\ UNCHANGED <<registered, published, lists, lruLooked, memcgLooked>>

Next ==
  \/ \E l \in Lru : Register(l) \/ \E m \in Memcg : LookAtMemcg(l, m)
  \/ \E m \in Memcg : Publish(m) \/ Activate(m) \/ \E l \in Lru : LookAtLru(m, l)

Invariant == \A l \in Lru, m \in active : (\A n \in Memcg : <<l, n>> \in lruLooked) => <<l, m>> \in lists
====
