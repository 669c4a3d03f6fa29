-- The trace that an instruction came with (W3C Trace Context), and that all its jobs belong to.
alter table instruction add column traceparent text;
