# Examples and manuals of the files people write.
dist_pkgdata_DATA += etc/reunion.cfg.example etc/missing-child.trigger.example etc/found.trigger.example etc/exercise.trigger.example
dist_man_MANS += etc/reunion.cfg.5 etc/reunion.trigger.5
