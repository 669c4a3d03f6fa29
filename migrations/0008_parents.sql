-- The instruction that one was made from, by somebody who changed it. Few have a parent, so the index
-- stays small; where there are many instructions already, build it `concurrently`, by hand, before.
alter table instruction add column parent text;
create index if not exists instruction_of_parent on instruction (parent) where parent is not null;
