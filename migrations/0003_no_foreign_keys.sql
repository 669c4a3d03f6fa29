-- Every event written locked its job's row, and every job its instruction's, only to look for what
-- the same statement had just written: a fifth of the cost of an acceptance. Each statement that
-- refers to a row writes that row, or reads it and never deletes it, so the keys guarded nothing.
-- Whoever deletes jobs deletes what tells of them in the same statement.
alter table job_event drop constraint job_event_tells_of_job;
alter table job_report drop constraint job_report_tells_of_job;
alter table job drop constraint job_executes_instruction;
alter table job drop constraint job_reruns_job;
