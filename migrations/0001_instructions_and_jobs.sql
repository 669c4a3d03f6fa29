-- An instruction is kept as it was sent: `json` preserves the text, `jsonb` would not.
create table instruction (
    key          text constraint instruction_pkey primary key,
    kind         text not null,
    tenant       text,
    submitted_by text,
    body         json not null,
    created_at   timestamptz not null default now()
);

-- The present of a job. `sequence` counts the patches of the present attempt; (attempt, node,
-- sequence) fences off whoever speaks late; `cut_short` counts the attempts that ended without a
-- word. Rows are updated in place: leave them room for it.
create table job (
    id               uuid constraint job_pkey primary key,
    number           bigint generated always as identity,
    key              text not null constraint job_executes_instruction references instruction (key),
    kind             text not null,
    tenant           text,
    submitted_by     text,
    status           text not null default 'submitted'
                     constraint job_has_known_status
                     check (status in ('submitted', 'running', 'completed', 'failed', 'cancelled')),
    stage            text,
    progress_done    bigint,
    progress_total   bigint,
    message          text,
    attempt          integer not null default 0,
    sequence         integer not null default 0,
    cut_short        integer not null default 0,
    node             text,
    forwarded_at     timestamptz,
    cancel_requested boolean not null default false,
    rerun_of         uuid constraint job_reruns_job references job (id),
    submitted_at     timestamptz not null default now(),
    started_at       timestamptz,
    updated_at       timestamptz not null default now(),
    settled_at       timestamptz
                     constraint job_is_settled_by_status
                     check ((settled_at is null) = (status in ('submitted', 'running')))
) with (fillfactor = 80);

create index job_of_instruction on job (key, id);

-- On `settled_at` and not on `status`, so that a job's way from submitted to running touches no
-- index.
create index job_unsettled on job (id) where settled_at is null;
create index job_to_forward on job (id) where forwarded_at is null and settled_at is null;

-- The past of a job; only ever added to.
create table job_event (
    id      bigint generated always as identity,
    job     uuid not null constraint job_event_tells_of_job references job (id) on delete cascade,
    at      timestamptz not null default now(),
    status  text not null,
    attempt integer not null,
    stage   text,
    node    text,
    message text,
    constraint job_event_pkey primary key (job, id)
);

-- What a settled job leaves; apart from the job, so that lists stay light.
create table job_report (
    job  uuid constraint job_report_pkey primary key
         constraint job_report_tells_of_job references job (id) on delete cascade,
    body json not null
);
