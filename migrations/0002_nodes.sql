-- Digester services that made themselves known. The lease is the node's: one row is renewed however
-- many jobs it runs. `boot` tells one process from the next, and sorts by when they began.
create table node (
    id          text constraint node_pkey primary key,
    boot        uuid not null,
    address     text not null default '',
    kinds       text[] not null default '{}',
    capacity    integer not null default 0,
    held        integer not null default 0,
    running     integer not null default 0,
    room        integer not null default 0,
    version     text not null default '',
    since       timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    lease_until timestamptz not null default now(),
    lapsed_at   timestamptz
) with (fillfactor = 50);

-- What a node has: looked at when its lease lapses, and when it asks. A job's node changes only
-- when it is handed over or back, which other indexes hear of, too.
create index job_of_node on job (node, id) where settled_at is null and node is not null;
