-- Who is to be told of the end of a job: kept with the instruction, and brought to each of its jobs, so
-- that the statement that settles a job knows it from the row it writes. Null for nearly all.
alter table instruction add column notify json;
alter table job add column notify json;

-- What is told to one of them. Written by the very statement that settles the job.
create table notification (
    id         bigint generated always as identity constraint notification_pkey primary key,
    job        uuid not null,
    target     json not null,
    status     text not null default 'pending'
               constraint notification_has_known_status check (status in ('pending', 'sent', 'dead')),
    tries      integer not null default 0,
    next_at    timestamptz not null default now(),
    error      text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
) with (fillfactor = 80);
create index notification_due on notification (next_at) where status = 'pending';
create index notification_dead on notification (id) where status = 'dead';
create index notification_of_job on notification (job, id);
