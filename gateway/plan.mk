# Subscribers, planner, encode.
noinst_LIBRARIES += libplan.a
libplan_a_SOURCES = gateway/subs.h gateway/plan.h
