# Subscribers, planner, encode.
noinst_LIBRARIES += libplan.a
libplan_a_SOURCES = gateway/subs.h gateway/subs_format.h gateway/subs_build.h gateway/subs_synth.h gateway/plan.h \
	gateway/plan_inner.h gateway/subs.c gateway/subs_row.c gateway/subs_build.c gateway/subs_synth.c gateway/subs_cmd.c \
	gateway/plan.c gateway/plan_lists.c gateway/plan_rings.c gateway/plan_figures.c gateway/plan_text.c gateway/plan_json.c \
	gateway/plan_dry.h gateway/plan_dry.c gateway/plan_cmd.c gateway/plan_svg.h gateway/plan_svg.c gateway/encode_cmd.c
dist_man_MANS += gateway/reunion-plan.1 gateway/reunion-subscribers.1 gateway/reunion-encode.1
