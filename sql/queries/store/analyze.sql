-- Nobody else gathers statistics of what is staged; without them whole tables are read for a few rows.
analyze {staging}
