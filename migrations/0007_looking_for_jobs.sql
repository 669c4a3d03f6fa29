-- For people who look for jobs. Both cost next to nothing where jobs are accepted and settled; where
-- there are many already, build them `concurrently`, by hand, before.

-- Only what went wrong: one is looked for much more often than what went well, and is rare.
create index if not exists job_event_of_bad_end on job_event (status, job)
 where status in ('failed', 'cancelled');

-- Which blocks hold jobs of somebody and some time: a few bytes for many rows, of columns that never
-- change.
create index if not exists job_of_somebody on job
 using brin (id uuid_minmax_ops,
             tenant text_bloom_ops (n_distinct_per_range = 64),
             submitted_by text_bloom_ops (n_distinct_per_range = 256),
             kind text_bloom_ops (n_distinct_per_range = 16))
  with (pages_per_range = 64, autosummarize = on);
