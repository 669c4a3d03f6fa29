-- Who may come, and what they may do: `role:tenant`, or `role:*`. Without a password somebody else
-- (LDAP, an OpenID provider) says who they are.
create table account (
    name       text constraint account_pkey primary key,
    password   text,
    grants     text[] not null,
    created_at timestamptz not null default now()
);

-- What stands for a password for a while. Of the secret itself only its SHA-256 is kept. `grants`
-- bound what the bearer may do.
create table credential (
    id         uuid constraint credential_pkey primary key,
    secret     bytea not null constraint credential_is_secret unique,
    use        text not null
               constraint credential_has_known_use check (use in ('token', 'session', 'gobii')),
    owner      text not null,
    tenant     text,
    label      text not null default '',
    grants     text[] not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index credential_of_owner on credential (owner, id);
create index credential_expires on credential (expires_at);

-- Who did what; only ever added to.
create table audit (
    id      bigint generated always as identity constraint audit_pkey primary key,
    at      timestamptz not null default now(),
    actor   text,
    origin  text,
    action  text not null,
    object  text,
    tenant  text,
    allowed boolean not null,
    detail  json
);
create index audit_of_actor on audit (actor, id);
create index audit_of_object on audit (object, id);

create function audit_is_only_added_to() returns trigger language plpgsql as
$$ begin raise exception 'the audit is only ever added to'; end $$;
create trigger audit_is_only_added_to before update or delete or truncate on audit
    for each statement execute function audit_is_only_added_to();
